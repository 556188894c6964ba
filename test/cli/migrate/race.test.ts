import fs from "node:fs";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { cleanEnvironment, retortFile } from "../../helpers/command";
import { database, eachDatabase, type ScratchDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

function project(scratch: ScratchDatabase, members = ""): MigrationProject {
  const own = migrationProject(scratch);
  for (let number = 1; number <= 4; number++) {
    own.migration(number, `Table${number}x`, {
      members,
      up: `
    await queryRunner.query("CREATE TABLE t${number} (id int)");
    await new Promise((resolve) => setTimeout(resolve, 30));
    await queryRunner.query("INSERT INTO t${number} VALUES (1)");`,
      down: [`DROP TABLE t${number}`],
    });
  }
  return own;
}

const names = [1, 2, 3, 4].map((number) => nameOf(number, `Table${number}x`));

eachDatabase((kind) => {
  test.each([
    ["in transactions", ""],
    ["without transactions", "transaction = false;"],
  ])("migrate 21: two runners do not apply one migration twice, nor do four, %s", async (_, members) => {
    const scratch = await kind.create();
    const own = project(scratch, members);
    const results = await Promise.all([1, 2, 3, 4].map(() => own.retort(["migrate", "up", "--json"])));
    const applied = results.flatMap(({ stdout }) => (JSON.parse(stdout) as { steps: { name: string }[] }).steps);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(applied.map(({ name }) => name)).toEqual(names);
    await own.connected(async (query) => {
      expect((await query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name)).toEqual(names);
      for (const number of [1, 2, 3, 4]) expect(await query(`SELECT * FROM t${number}`)).toHaveLength(1);
    });
    if (kind.name === "sqlite") expect(fs.existsSync(`${scratch.name}-retort-lock`)).toBe(false);
  });

  test("migrate promise 5: a second run waits, reads the history again and finds nothing to do; too long is exit code 5; a killed one holds nobody up", async () => {
    const own = project(await kind.create());
    const gate = gateOf(own);
    const patiently = `
    console.log("inside");
    while (!require("node:fs").existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20));`;
    own.migration(1, "Table1x", { up: `await queryRunner.query("CREATE TABLE t1 (id int)");${patiently}` });
    const holder = await begun(own);

    const waiting = await inTime(own.hosted(["migrate", "up", "--lock-timeout", "300ms"]));
    expect(waiting).toMatchObject({ exitCode: 5, stdout: "" });
    expect(waiting.stderr).toContain("another run of migrations has been holding the lock for 0.3 s");
    expect(waiting.stderr).toContain("--lock-timeout");

    const second = spawnUp(own);
    const said = new Promise<string>((resolve) => {
      let text = "";
      second.stderr.on("data", (data: Buffer) => (text += data.toString()));
      second.once("close", () => resolve(text));
    });
    await firstWords(second);
    fs.writeFileSync(gate, "");
    expect(await exitCode(holder)).toBe(0);
    expect(await exitCode(second)).toBe(0);
    expect(await inTime(said)).toMatch(/^Waiting for another run of migrations to end …\nNothing to do: .*\n$/);

    fs.rmSync(gate);
    own.migration(5, "Table5x", { up: `${patiently} await queryRunner.query("CREATE TABLE t5 (id int)");` });
    const killed = await begun(own);
    killed.kill("SIGKILL");
    await exitCode(killed);
    fs.writeFileSync(gate, "");
    const next = await inTime(own.hosted(["migrate", "up"]));
    expect([next.exitCode, next.stderr]).toEqual([0, expect.stringContaining(nameOf(5, "Table5x"))]);
  });
});

/** Files that migrations wait for, the processes that run them, and what else a test waits for. */
const gates: string[] = [];
const children: ChildProcessWithoutNullStreams[] = [];
const awaited: Promise<unknown>[] = [];

// A run that the lock did not keep out waits for a gate that a failed test never opens.
afterEach(async () => {
  for (const gate of gates.splice(0)) fs.writeFileSync(gate, "");
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await ended(child);
  }
  await Promise.allSettled(awaited.splice(0));
});

function gateOf(own: MigrationProject): string {
  const gate = own.path("open");
  gates.push(gate);
  return gate;
}

function spawnUp(own: MigrationProject): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [retortFile, "migrate", "up"], { cwd: own.root, env: cleanEnvironment() });
  children.push(child);
  return child;
}

/** An `up` that is inside of its migration. */
async function begun(own: MigrationProject): Promise<ChildProcessWithoutNullStreams> {
  const child = spawnUp(own);
  await firstWords(child);
  return child;
}

async function firstWords(child: ChildProcessWithoutNullStreams): Promise<void> {
  const words = new Promise<void>((resolve, reject) => {
    child.stderr.once("data", () => resolve());
    child.once("close", () => reject(new Error("it ended without a word")));
  });
  await inTime(words);
}

async function exitCode(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  await inTime(ended(child));
  return child.exitCode;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
}

/** Fails when nothing comes for so long that, on a busy machine too, nothing will. */
async function inTime<T>(work: Promise<T>, milliseconds = 12_000): Promise<T> {
  awaited.push(work);
  // Made here, so that it says who waited.
  const error = new Error(`nothing came for ${milliseconds / 1000} s`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

describe("sqlite", () => {
  test("an application that writes is waited for, and in the end named", async () => {
    const scratch = await database("sqlite").create();
    const own = project(scratch);
    const Sqlite = (await import("better-sqlite3")).default;
    const application = new Sqlite(scratch.name);
    application.exec("BEGIN IMMEDIATE");
    const late = await own.hosted(["migrate", "up", "--lock-timeout", "0.3"]);
    expect(late).toMatchObject({ exitCode: 5 });
    expect(late.stderr).toContain("another process has been writing to the database for 0.3 s");
    const patient = own.hosted(["migrate", "up"]);
    setTimeout(() => application.exec("COMMIT"), 600);
    expect((await patient).exitCode).toBe(0);
    application.close();
  });
});
