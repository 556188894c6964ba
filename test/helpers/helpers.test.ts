import fs from "node:fs";
import { DataSource } from "typeorm";
import { runNode } from "./command";
import { eachDatabase } from "./databases";
import { microblogProject, scratchProject } from "./project";
import { openTerminal } from "./terminal";

describe("databases", () => {
  eachDatabase((database) => {
    test("gives an empty database, and another one the next time", async () => {
      for (const scratch of [await database.create(), await database.create()]) {
        const dataSource = await new DataSource(scratch.options).initialize();
        await dataSource.query("CREATE TABLE things (id int)");
        expect(await dataSource.query("SELECT count(*) AS n FROM things")).toHaveLength(1);
        await dataSource.destroy();
      }
    });

    test("drops it although somebody is still connected", async () => {
      const scratch = await database.create();
      const dataSource = await new DataSource(scratch.options).initialize();
      await scratch.drop();
      await scratch.drop(); // nothing is left to do
      await dataSource.destroy().catch(() => undefined);
    });
  });
});

describe("projects", () => {
  test("find the packages of this checkout, and are removed", async () => {
    const project = scratchProject({ files: { "src/deep/file.ts": "export {};\n" }, packageJson: { type: "module" } });
    expect(project.read("src/deep/file.ts")).toBe("export {};\n");
    expect(JSON.parse(project.read("package.json"))).toMatchObject({ name: "scratch", type: "module" });

    const script = "import 'reflect-metadata'; import { DataSource } from 'typeorm'; console.log(typeof DataSource)";
    const result = await runNode(["--input-type=module", "-e", script], { cwd: project.root });
    expect(result).toEqual({ stdout: "function\n", stderr: "", exitCode: 0, signal: null });

    project.remove();
    expect(fs.existsSync(project.root)).toBe(false);
  });

  test("the microblog comes with its configuration and entities", () => {
    const project = microblogProject({ migrations: false });
    expect(project.list("examples/microblog")).toEqual(["index.ts", "post.ts", "user.ts"]);
    expect(project.exists("ormconfig.ts")).toBe(true);
    expect(project.exists("migrations")).toBe(false);
  });
});

describe("commands", () => {
  test("give both streams and the exit code, with the environment asked for", async () => {
    const script =
      "process.stdin.pipe(process.stdout); console.error(process.env.JEST_WORKER_ID, process.env.X); process.exitCode = 3";
    const result = await runNode(["-e", script], { stdin: "given", env: { X: "y" } });
    expect(result).toEqual({ stdout: "given", stderr: "undefined y\n", exitCode: 3, signal: null });
  });

  test("are killed when they do not end", async () => {
    const result = await runNode(["-e", "setInterval(() => {}, 1000)"], { timeout: 300 });
    expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });
});

describe("terminals", () => {
  test("type at a prompt and read the screen", async () => {
    const terminal = openTerminal(["-i"], { program: process.execPath, env: { NODE_REPL_HISTORY: "" }, columns: 40 });
    await terminal.waitForPrompt();
    expect(await terminal.enter("[1, 2].map((n) => n * 2)")).toEqual(["[ 2, 4 ]"]);
    expect(await terminal.enter("'a line that is longer than the terminal is wide'.length")).toEqual(["47"]);
    // Node 24 and later: "| ".
    expect(await terminal.enter("if (true) {", { prompt: /^(\.\.\.|\|) $/ })).toEqual([]);
    expect(await terminal.enter("'inside' }")).toEqual(["'inside'"]);
    terminal.press("up", "ctrl-c");
    await terminal.waitForPrompt({ after: terminal.cursorLine });
    terminal.type("process.exit(4)");
    terminal.press("enter");
    expect(await terminal.ended).toBe(4);
    expect(terminal.screen()).toHaveLength(30);
    expect(terminal.text()).toContain("[ 2, 4 ]");
  });

  test("say what was on the screen when what is waited for does not come", async () => {
    const terminal = openTerminal(["-e", "console.log('hello'); setInterval(() => {}, 1000)"], {
      program: process.execPath,
    });
    await terminal.waitFor(/^hello$/m);
    await expect(terminal.waitFor("world", { timeout: 100 })).rejects.toThrow(/not world[^]*hello/);
  });

  test("say that the program ended", async () => {
    const terminal = openTerminal(["-e", "console.log('hello')"], { program: process.execPath });
    await expect(terminal.waitForPrompt()).rejects.toThrow(/ended \(0\)[^]*hello/);
  });
});
