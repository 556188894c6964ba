import fs from "node:fs";
import path from "node:path";
import { eachDatabase, type ScratchDatabase, type TestDatabase } from "./helpers/databases";
import { microblogProject, type ScratchProject } from "./helpers/project";
import { repository } from "./helpers/repository";

const COLUMNS = 100;
const readme = fs.readFileSync(path.join(repository, "README.md"), "utf8");

describe("the README's transcript, typed into a terminal, prints what the README shows", () => {
  eachDatabase((database) => {
    test("in a fresh demo database", async () => {
      const scratch = await database.create();
      const project = await demo(database, scratch);

      const terminal = project.terminal(["shell"], { columns: COLUMNS, rows: 60 });
      await terminal.waitForPrompt();
      for (const input of inputs()) await terminal.enter(input);

      const shown = terminal.lines().slice(0, terminal.cursorLine);
      expect(shown.map((line) => lasting(line, scratch.name))).toEqual(transcript().map((line) => lasting(line)));
      terminal.press("ctrl-d");
      expect(await terminal.ended).toBe(0);
    });
  });
});

test("the README's transcript fits the terminal it is typed into", () => {
  expect(transcript().filter((line) => line.length > COLUMNS)).toEqual([]);
});

/** The demo with its tables. Its migrations were written for SQLite; a server has its own written first. */
async function demo({ name }: TestDatabase, { env }: ScratchDatabase): Promise<ScratchProject> {
  const project = microblogProject({ env, migrations: name === "sqlite" });
  const commands = [...(name === "sqlite" ? [] : [["migrate", "generate", "tables"]]), ["migrate", "up"]];
  for (const argv of commands) {
    expect({ argv, ...(await project.retort(argv)) }).toMatchObject({ exitCode: 0 });
  }
  return project;
}

function transcript(): string[] {
  const block = /<!-- transcript -->\s*```\w*\n([^]*?)```/.exec(readme);
  if (!block) throw new Error("README.md has no block after <!-- transcript -->");
  return block[1]!.trimEnd().split("\n");
}

/** What the README shows typed: what stands after a prompt. */
function inputs(): string[] {
  return transcript().flatMap((line) => /^\S+(?: ●\S+)? > (.*)$/.exec(line)?.[1] ?? []);
}

/** The line without what is another one each time: how long it took, when it was, how the database is called. */
function lasting(line: string, database = "microblog"): string {
  return line
    .replaceAll(database, "microblog")
    .replace(/\d+(\.\d+)? ms/g, "N ms")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, "WHEN")
    .replace(/ {2,}/g, "  ")
    .replace(/─{2,}/g, "──");
}
