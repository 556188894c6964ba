import { database } from "../../helpers/databases";
import { migrationProject, nameOf } from "../../helpers/migrations";

test("on a terminal a bar shows how far a long copy is, and the copy is whole", async () => {
  const project = migrationProject(await database("sqlite").create());
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)";
  project.migration(1, "People", {
    up: [
      `CREATE TABLE "people" ("id" integer PRIMARY KEY, "name" varchar)`,
      `INSERT INTO "people" ${numbers} SELECT i, 'p' || i FROM n`,
    ],
  });
  await project.hosted(["migrate", "up"]);
  project.migration(2, "Rebuild", {
    up: [
      `CREATE TABLE "temporary_people" ("id" integer PRIMARY KEY, "name" varchar NOT NULL, "age" int)`,
      `INSERT INTO "temporary_people"("id", "name") SELECT "id", "name" FROM "people"`,
      `DROP TABLE "people"`,
      `ALTER TABLE "temporary_people" RENAME TO "people"`,
    ],
    down: [],
  });
  const terminal = project.terminal(["migrate", "up"]);
  expect(await terminal.ended).toBe(0);
  expect(terminal.output).toContain("█");
  expect(terminal.output).toMatch(/\b\d+ %/);
  // What stays is the line of the migration.
  expect(terminal.lines().at(-1)).toMatch(new RegExp(`^up    ${nameOf(2, "Rebuild")}  .*(ms|s)$`));
  expect(await project.query(`SELECT count(*) AS n, sum("id") AS total, min("name") AS name FROM "people"`)).toEqual([
    { n: 300_000, total: (300_000 * 300_001) / 2, name: "p1" },
  ]);
});
