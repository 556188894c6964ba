import fs from "node:fs";
import { retortFile } from "../helpers/command";
import { microblogProject, scratchProject, type ScratchProject } from "../helpers/project";
import type { Terminal } from "../helpers/terminal";

/*
 * What a person sees, keys in and screen out. Opening a shell takes a second, so that the tests share one, in the order in
 * which they stand.
 */

let project: ScratchProject;
let terminal: Terminal;

beforeAll(async () => {
  project = microblogProject();
  expect(await project.retort(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  terminal = project.terminal(["shell"], { columns: 100, rows: 30 });
  await terminal.waitForPrompt({ timeout: 60_000 });
}, 90_000);

/** Pastes, presses Enter, and gives what was printed until the next prompt. */
async function paste(text: string): Promise<string[]> {
  terminal.paste(text);
  const end = text.split("\n").at(-1)!.slice(-20);
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith(end), `the end of what was pasted: ${end}`);
  const { cursorLine } = terminal;
  terminal.press("enter");
  await terminal.waitForPrompt({ after: cursorLine });
  const lines = terminal.lines().slice(0, terminal.cursorLine);
  return lines.slice(lines.findLastIndex((line) => line.endsWith(end)) + 1);
}

test("shell 5: the prompt goes on until a statement is whole; what is pasted runs in order; .editor runs on Ctrl-D", async () => {
  await terminal.enter("function twice(n) {", { prompt: /\.\.\. $/ });
  await terminal.enter("return n * 2", { prompt: /\.\.\. $/ });
  await terminal.enter("}");
  expect(await terminal.enter("twice(21)")).toEqual(["42"]);

  const script = [
    ...Array.from({ length: 45 }, (_, n) => `v${n} = ${n}`),
    "if (v1 === 1)",
    "  print('one')",
    "else",
    "  print('other')",
    "twice(",
    "  v44)",
  ];
  expect(await paste(script.join("\n"))).toEqual(["one", "88"]);
  expect((await paste("print('first')\nnull.x\nprint('never')\nprint('neither')")).slice(0, 1)).toEqual(["first"]);
  await terminal.waitFor("2 more statements were not run");

  terminal.type(".editor\r");
  await terminal.waitFor("Ctrl-D runs it");
  terminal.type("a = 1\ra + 1\r");
  await terminal.waitUntil(() => /\.\.\. $/.test(terminal.beforeCursor()), "a third line");
  const { cursorLine } = terminal;
  terminal.press("ctrl-d");
  await terminal.waitForPrompt({ after: cursorLine });
  expect(terminal.lines().at(-2)).toBe("2");
});

test("shell 6: Tab completes, shows what there is, and runs nothing", async () => {
  terminal.type("Us");
  terminal.press("tab");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("> User"), "User");
  terminal.type(".query.filterB");
  terminal.press("tab");
  terminal.type("(usern");
  terminal.press("tab");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("filterBy(username="), "username=");
  terminal.type("'x').");
  terminal.press("tab");
  await terminal.waitFor(/ all +[a-z]+ +[a-z]+/i);
  terminal.press("ctrl-c");
  await terminal.waitForPrompt();
  expect(terminal.text()).not.toContain("1 query");
});

test("Up goes through what began with what was typed", async () => {
  await terminal.enter("first = 'one'");
  await terminal.enter("second = 'two'");
  terminal.type("fi");
  terminal.press("up");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("first = 'one'"), "the entry that begins so");
  terminal.press("down");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("> fi"), "what was typed");
  terminal.press("ctrl-c");
  await terminal.waitForPrompt();
});

test("a chain of which each line was taken for itself goes on with the last value", async () => {
  await terminal.enter("[3, 1, 2]");
  await terminal.enter(".map(x => x * 2)");
  expect(await terminal.enter("  .filter(x => x > 2).length")).toEqual(["2"]);
  expect((await terminal.enter(".nothing"))[0]).toContain("there is no command .nothing");
});

test("what was written without a line's end is not drawn over by the prompt", async () => {
  expect(await terminal.enter("process.stdout.write('partly'); undefined")).toEqual(["partly"]);
  expect(await terminal.enter("console.log('whole')")).toEqual(["whole"]);
});

test("shell 12: the prompt shows unsaved changes and an open transaction", async () => {
  await terminal.enter("u = User(username='susan', email='s@x'); db.session.add(u)");
  expect(terminal.beforeCursor()).toBe("microblog ●1 > ");
  await terminal.enter("db.session.flush()");
  expect(terminal.beforeCursor()).toBe("microblog ◆ > ");
  await terminal.enter("db.session.commit()");
  expect(terminal.beforeCursor()).toBe("microblog > ");
});

test("shell 8: a table fits the terminal after it was made narrower, wide letters and all", async () => {
  await terminal.enter(
    "db.session.add(User(username='日本語', email='a-very-long-address-of-somebody@example.com')); db.session.commit()",
  );
  terminal.resize(60, 30);
  await terminal.enter("1");
  const lines = await terminal.enter("User.query.all()");
  expect(lines).toHaveLength(5);
  expect(lines[3]).toMatch(/日本語.*│ a-very-long-address-.*…/);
  terminal.resize(100, 30);
});

test("shell 8: columns stand below each other, and the cursor behind what was typed, also where a terminal draws joined emoji in parts", async () => {
  // This terminal draws a family as its three members, side by side.
  const names = ["👩‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "plain"];
  const lines = await terminal.enter(`${JSON.stringify(names)}.map((emoji, n) => ({ emoji, n }))`);
  expect(lines).toHaveLength(names.length + 2);
  const first = terminal.cursorLine - lines.length;
  const columns = lines.map((_, index) => terminal.columnOf(index === 1 ? "┼" : "│", first + index));
  expect(new Set(columns)).toEqual(new Set([7]));
  terminal.type("x = '👩‍👩‍👧'");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("'"), "the end");
  terminal.press("left", "left");
  terminal.type("b");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("'b"), "b before the emoji");
  terminal.press("ctrl-c");
  await terminal.waitForPrompt({ after: terminal.cursorLine });
});

test("shell 9: .all shows the rest page by page", async () => {
  expect((await terminal.enter("Array.from({ length: 60 }, (_, n) => ({ n }))")).at(-1)).toBe(
    "… 36 more; .all shows them",
  );
  terminal.type(".all\r");
  await terminal.waitFor("33 more rows");
  terminal.type(" ");
  await terminal.waitFor("4 more rows");
  terminal.type("q");
  await terminal.waitForPrompt();
});

test("a line of 10,000 characters can be typed, edited and run", async () => {
  await paste(`long = '${"ab".repeat(5_000)}'`);
  expect(await terminal.enter("long.length")).toEqual(["10000"]);
});

test("shell 15: Ctrl-C ends what runs, and leaves prompt and session whole", async () => {
  await terminal.enter("u.email = 'changed'");
  for (const endless of [
    "for (;;) {}",
    "while (true) twice(1)",
    "new Promise(() => {})",
    "(() => { for (;;) {} })()",
  ]) {
    const before = terminal.cursorLine;
    terminal.type(`${endless}\r`);
    await terminal.waitUntil(() => terminal.cursorLine > before, "the line below");
    await new Promise((resolve) => setTimeout(resolve, 150));
    terminal.press("ctrl-c");
    await terminal.waitForPrompt({ after: before + 1 });
    expect(terminal.lines().slice(before).join("\n")).toContain("interrupted");
  }
  expect(terminal.beforeCursor()).toBe("microblog ●1 > ");
  expect(await terminal.enter("u.email")).toEqual(["'changed'"]);
  terminal.type("half a line");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("line"), "the line");
  const { cursorLine } = terminal;
  terminal.press("ctrl-c");
  await terminal.waitForPrompt({ after: cursorLine });
});

test("a database file that is moved away meanwhile is said", async () => {
  fs.renameSync(project.path("microblog.sqlite"), project.path("moved.sqlite"));
  const lines = await terminal.enter("db.session.commit()");
  expect(lines.join(" ")).toContain("the database file was moved");
  fs.renameSync(project.path("moved.sqlite"), project.path("microblog.sqlite"));
  await terminal.enter("db.session.rollback()");
});

test("shell 13: leaving with unsaved changes asks", async () => {
  await terminal.enter("u.email = 'again'");
  terminal.press("ctrl-d");
  await terminal.waitFor("1 unsaved change. Leave without saving? [y]es, [n]o, [c]ommit first: ");
  const { cursorLine } = terminal;
  terminal.type("n");
  await terminal.waitForPrompt({ after: cursorLine });
  terminal.type(".exit\r");
  await terminal.waitUntil(() => terminal.beforeCursor().endsWith("first: "), "the question");
  terminal.type("c");
  expect(await terminal.ended).toBe(0);
});

test("Ctrl-Z stops the shell, fg goes on with it, with the half-typed line", async () => {
  const bash = project.terminal(["--norc", "-i"], { program: "/bin/bash", env: { PS1: "bash> " } });
  await bash.waitFor("bash> ");
  bash.type(`${process.execPath} ${retortFile} shell\r`);
  await bash.waitUntil(() => bash.beforeCursor() === "microblog > ", "the prompt");
  bash.type("40 +");
  await bash.waitUntil(() => bash.beforeCursor().endsWith("40 +"), "half a line");
  bash.press("ctrl-z");
  await bash.waitFor("Stopped");
  await bash.waitUntil(() => bash.beforeCursor() === "bash> ", "bash");
  bash.type("fg\r");
  await bash.waitUntil(() => bash.beforeCursor().endsWith("microblog > 40 +"), "the line again");
  bash.type(" 2\r");
  await bash.waitFor(/^42$/m);
});

test("where nothing says which project, retort init is offered", async () => {
  const empty = scratchProject();
  const asking = empty.terminal(["shell"]);
  await asking.waitFor("Create a configuration and a migrations folder (retort init)? [y/N]");
  asking.type("y\r");
  expect(await asking.ended).toBe(0);
  expect(empty.list()).toEqual(expect.arrayContaining(["migrations", "ormconfig.js"]));
  // Nobody is asked where nobody sits.
  const piped = await scratchProject().retort(["shell"]);
  expect(piped).toMatchObject({ exitCode: 2, stdout: "" });
});
