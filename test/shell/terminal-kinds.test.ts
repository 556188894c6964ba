import { View } from "../../src/shell/prompt/view";
import { columnsOf, rowsOf } from "../../src/terminal/size";
import { ansi, escapeInput, type EscapedText } from "../../src/terminal/escaped-text";
import { microblogProject, type ScratchProject } from "../helpers/project";
import type { Terminal } from "../helpers/terminal";

let project: ScratchProject;
beforeAll(async () => {
  project = microblogProject();
  expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
});

test.each([
  [{ isTTY: true, columns: 0, rows: 0 }, 80, 24],
  [{ isTTY: true }, 80, 24],
  [{ isTTY: true, columns: 20, rows: 5 }, 20, 5],
  [{ isTTY: true, columns: 300, rows: 90 }, 300, 90],
])("a terminal of %j has %d columns and %d rows", (stream, columns, rows) => {
  expect([columnsOf(stream), rowsOf(stream)]).toEqual([columns, rows]);
  expect(columnsOf(stream, 120)).toBe(columns);
});

test("a terminal of no size is drawn as one of 80 columns", () => {
  const drawn = (columns: number | undefined): string => {
    let output = "";
    const view = new View({
      write: (text: string) => (output += text),
      isTTY: true,
      ...(columns !== undefined && { columns }),
    });
    const text = escapeInput(`x = "a text that is longer than eight columns"`);
    const style = (shown: EscapedText): EscapedText => shown;
    view.draw({
      prompt: ansi`> `,
      continuation: ansi`. `,
      text,
      cursor: text.length,
      highlight: style,
      suggestion: ansi``,
      dim: style,
      below: [],
    });
    return output;
  };
  expect(drawn(0)).toBe(drawn(80));
  expect(drawn(undefined)).toBe(drawn(80));
});

async function opened(options: Parameters<ScratchProject["terminal"]>[1]): Promise<Terminal> {
  const terminal = project.terminal(["shell"], options);
  await terminal.waitForPrompt();
  return terminal;
}

const INPUTS = [
  ".help",
  ".help filterBy",
  ".help export",
  "?User.query.all",
  "?User",
  ".entities",
  ".migrate",
  "User.query.filterBi()",
  "1 + 1",
];

test.each([40, 60, 80, 132, 300])(
  "on a terminal of %d columns no word of the help and of messages is broken",
  async (columns) => {
    const terminal = await opened({ columns, rows: 40 });
    for (const input of INPUTS) await terminal.enter(input);
    expect(terminal.lines().at(-2)).toBe("2");
    expect(terminal.wrapped()).toEqual([]);
    terminal.close();
  },
);

test("on a terminal of 20 columns everything can be typed and read", async () => {
  const terminal = await opened({ columns: 20, rows: 10 });
  for (const input of INPUTS) await terminal.enter(input);
  expect(terminal.lines().at(-2)).toBe("2");
  terminal.close();
});

test("retort --help fits the terminal", async () => {
  for (const argv of [["--help"], ["migrate", "--help"], ["migrate", "generate", "--help"]]) {
    const terminal = project.terminal(argv, { columns: 80, rows: 60 });
    await terminal.ended;
    expect(terminal.wrapped()).toEqual([]);
  }
});

test("on a dumb terminal nothing but text is written, lines run when they are whole, and leaving asks", async () => {
  const terminal = project.terminal(["shell"], { env: { TERM: "dumb" } });
  await terminal.waitForPrompt();
  terminal.type("if (1) {\n");
  await terminal.waitFor("... ");
  terminal.type("print('in' + 'side') }\n");
  await terminal.waitFor("inside");
  terminal.type("User.query.filterBi()\n");
  await terminal.waitFor("did you mean");
  terminal.type("await new Promise(() => {})\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  terminal.type("\x03");
  await terminal.waitFor("interrupted");
  terminal.type("db.session.add(User(username='x', email='y'))\n.exit\n");
  await terminal.waitFor("Leave without saving?");
  terminal.type("y\n");
  expect(await terminal.ended).toBe(0);
  expect(terminal.output).not.toContain("\x1b");
});

test.each([
  [{ NO_COLOR: "1" }, /\x1b\[[\d;]*m/],
  [{ LANG: "C", LC_ALL: undefined, LC_CTYPE: undefined }, /[^\x00-\x7f]/],
])("with %j the terminal gets nothing that it cannot show", async (env, unshown) => {
  const terminal = await opened({ env });
  for (const input of [...INPUTS, "User.query.all()", "db.session.add(User(username='x'))"])
    await terminal.enter(input);
  expect(terminal.output).not.toMatch(unshown);
  terminal.close();
});
