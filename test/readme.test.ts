import fs from "node:fs";
import path from "node:path";
import { eachDatabase, type ScratchDatabase, type TestDatabase } from "./helpers/databases";
import { microblogProject, type ScratchProject } from "./helpers/project";
import { repository } from "./helpers/repository";

const COLUMNS = 100;
const file = path.join(repository, "README.md");
const BLOCK = /(<!-- transcript -->\s*```\w*\n)([^]*?)(```)/;

describe("the README's transcript, typed into a terminal, prints what the README shows", () => {
  eachDatabase((database) => {
    test("in a fresh demo database", async () => {
      const scratch = await database.create();
      const project = await demo(database, scratch);

      const terminal = project.terminal(["shell"], { columns: COLUMNS, rows: 60 });
      await terminal.waitForPrompt();
      for (const input of inputs()) await terminal.enter(input);

      const shown = terminal.lines().slice(0, terminal.cursorLine);
      if (process.env["UPDATE_README"] && database.name === "sqlite") update(shown);
      const comparable = database.name === "sqlite" ? lasting : onServer;
      const expected = transcript().map(comparable);
      expect(shown.map((line) => comparable(line.replaceAll(scratch.name, "microblog")))).toEqual(expected);
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
    expect({ argv, ...(await project.hosted(argv)) }).toMatchObject({ exitCode: 0 });
  }
  return project;
}

function transcript(): string[] {
  const block = BLOCK.exec(fs.readFileSync(file, "utf8"));
  if (!block) throw new Error("README.md has no block after <!-- transcript -->");
  return block[2]!.trimEnd().split("\n");
}

/** `UPDATE_README=1 npx jest test/readme` puts what the shell prints now into the README; look at what changed. */
function update(shown: readonly string[]): void {
  const readme = fs.readFileSync(file, "utf8");
  fs.writeFileSync(
    file,
    readme.replace(BLOCK, (_, before: string, __, after: string) => `${before}${shown.join("\n")}\n${after}`),
  );
}

/** What the README shows typed: what stands after a prompt. */
function inputs(): string[] {
  return transcript().flatMap((line) => /^\S+(?: ●\S+)? > (.*)$/.exec(line)?.[1] ?? []);
}

/** The line without what is another one each time: how long it took, and when it was. */
function lasting(line: string): string {
  return line.replace(/\d+(\.\d+)? ms/g, "N ms").replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, "WHEN");
}

/** The line without what a server says otherwise: its name, the digits of its times, how many statements it needs. */
function onServer(line: string): string {
  return lasting(line)
    .replace(/\(better-sqlite3\)|\((postgres|mariadb) on \S+\)/, "(database)")
    .replace(/\b\d+ queries/g, "N queries")
    .replace(/ {2,}/g, "  ")
    .replace(/─{2,}/g, "──");
}
