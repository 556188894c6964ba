import fs from "node:fs";
import { database } from "../../helpers/databases";
import { migrationProject, nameOf } from "../../helpers/migrations";

const TABLE = { up: ["CREATE TABLE t (id int)"], down: ["DROP TABLE t"] };

test("a file that is no database: one line, exit code 1, the file as it was", async () => {
  const scratch = await database("sqlite").create();
  const project = migrationProject(scratch);
  project.migration(1, "One", TABLE);
  fs.writeFileSync(scratch.name, "this is no database, and long enough to be looked at as one\n".repeat(20));
  for (const argv of [["status"], ["up"], ["down"], ["check"]]) {
    const { exitCode, stdout, stderr } = await project.hosted(["migrate", ...argv]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("is not an SQLite database");
  }
  expect(fs.readFileSync(scratch.name, "utf8")).toMatch(/^this is no database/);
});

test("a database that may only be read: status works, up ends with 1 and changes nothing", async () => {
  const scratch = await database("sqlite").create();
  const writer = migrationProject(scratch);
  writer.migration(1, "One", TABLE);
  await writer.hosted(["migrate", "up"]);
  const reader = migrationProject(scratch, { options: "readonly: true," });
  reader.migration(1, "One", TABLE);
  reader.migration(2, "Two", { up: ["CREATE TABLE two (id int)"] });
  expect((await reader.hosted(["migrate", "status"])).exitCode).toBe(0);
  const up = await reader.hosted(["migrate", "up"]);
  expect(up.exitCode).toBe(1);
  expect(up.stderr).toContain("the database cannot be written to: ");
  expect(up.stderr.trim().split("\n")).toHaveLength(2);
  expect(fs.existsSync(`${scratch.name}-retort-lock`)).toBe(false);
});

test("a full disk: the migration is named, and nothing of it is there", async () => {
  const scratch = await database("sqlite").create();
  const project = migrationProject(scratch, { options: `prepareDatabase: (db) => db.pragma("max_page_count = 40"),` });
  project.migration(1, "One", TABLE);
  project.migration(2, "Much", {
    up: [
      "CREATE TABLE much (data blob)",
      "INSERT INTO much WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT randomblob(5000) FROM n",
    ],
  });
  const { exitCode, stderr } = await project.hosted(["migrate", "up"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${nameOf(2, "Much")} (up) failed at statement 2, INSERT INTO much`);
  expect(stderr).toContain("database or disk is full");
  expect(stderr).toContain("it was rolled back; the 1 before it stays");
  expect(await project.query("SELECT name FROM migrations")).toEqual([{ name: nameOf(1, "One") }]);
  await expect(project.query("SELECT * FROM much")).rejects.toThrow("no such table");
  expect(await project.query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test("a database that is newer than the files: up has nothing to do, status says what is missing", async () => {
  const scratch = await database("sqlite").create();
  const newer = migrationProject(scratch);
  newer.migration(1, "One", TABLE);
  newer.migration(2, "Two", { up: ["CREATE TABLE two (id int)"] });
  await newer.hosted(["migrate", "up"]);
  const older = migrationProject(scratch);
  older.migration(1, "One", TABLE);
  expect((await older.hosted(["migrate", "status"])).stdout).toMatch(/missing {3}Two1700000000002/);
  const up = await older.hosted(["migrate", "up"]);
  expect([up.exitCode, up.stderr]).toEqual([0, expect.stringContaining("Nothing to do")]);
  const down = await older.hosted(["migrate", "down"]);
  expect([down.exitCode, down.stderr]).toEqual([1, expect.stringContaining("its file is missing")]);
});
