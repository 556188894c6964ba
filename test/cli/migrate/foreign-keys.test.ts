import { database } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

/** An author with three books that go with the author; a nullable column more, the way TypeORM's own generator writes it. */
const CASCADE = [
  `CREATE TABLE "author" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL)`,
  `CREATE TABLE "book" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "authorId" integer, CONSTRAINT "FK_book" FOREIGN KEY ("authorId") REFERENCES "author" ("id") ON DELETE CASCADE ON UPDATE NO ACTION)`,
];
const REBUILD_UP = [
  `CREATE TABLE "temporary_author" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL, "nick" varchar)`,
  `INSERT INTO "temporary_author"("id", "name") SELECT "id", "name" FROM "author"`,
  `DROP TABLE "author"`,
  `ALTER TABLE "temporary_author" RENAME TO "author"`,
];
const REBUILD_DOWN = [
  `ALTER TABLE "author" RENAME TO "temporary_author"`,
  `CREATE TABLE "author" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL)`,
  `INSERT INTO "author"("id", "name") SELECT "id", "name" FROM "temporary_author"`,
  `DROP TABLE "temporary_author"`,
];

let project: MigrationProject;
beforeEach(async () => {
  project = migrationProject(await database("sqlite").create());
  project.migration(1, "Start", { up: CASCADE, down: [`DROP TABLE "book"`, `DROP TABLE "author"`] });
  project.migration(2, "Nick", { up: REBUILD_UP, down: REBUILD_DOWN });
  await project.hosted(["migrate", "up", "+1"]);
  await project.query(`INSERT INTO author (id, name) VALUES (1, 'susan')`);
  await project.query(`INSERT INTO book (authorId) VALUES (1), (1), (1)`);
});

const books = async () => Number((await project.query(`SELECT count(*) AS n FROM book WHERE authorId = 1`))[0]!["n"]);

test.each([["each"], ["all"], ["none"]])(
  "a rebuild written by TypeORM's generator keeps the children's rows, up and down, in mode %s",
  async (mode) => {
    for (const argv of [["up"], ["down"], ["up"]]) {
      const { exitCode, stderr } = await project.hosted(["migrate", ...argv, "--transaction", mode]);
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining(nameOf(2, "Nick"))]);
      expect(await books()).toBe(3);
      expect(await project.query("PRAGMA foreign_key_list(book)")).toMatchObject([{ table: "author" }]);
    }
  },
);

test("migrate 3: a migration that leaves dangling keys is refused; those of before are nobody's business", async () => {
  project.migration(2, "Nick", { up: [`DELETE FROM "author"`], down: [] });
  const refused = await project.hosted(["migrate", "up"]);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(
    `${nameOf(2, "Nick")} (up) failed: it would leave 3 rows of "book" pointing at no row of "author"`,
  );
  expect(refused.stderr).toContain("it was rolled back");
  expect(await books()).toBe(3);

  project.migration(2, "Nick", { up: [`UPDATE "book" SET "authorId" = "authorId"`], down: [] });
  const Sqlite = (await import("better-sqlite3")).default;
  const handle = new Sqlite(String((await project.query("PRAGMA database_list"))[0]!["file"]));
  handle.pragma("foreign_keys = OFF");
  handle.exec(`INSERT INTO book (authorId) VALUES (77)`);
  handle.close();
  expect((await project.hosted(["migrate", "up"])).exitCode).toBe(0);
});

test("a migration may use the entities through its query runner", async () => {
  const own = migrationProject(await database("sqlite").create(), {
    entities: `[new EntitySchema({ name: "Tag", columns: { id: { type: Number, primary: true, generated: true }, label: { type: String } } })]`,
  });
  own.migration(1, "Tags", {
    up: `
    await queryRunner.query('CREATE TABLE "tag" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "label" varchar NOT NULL)');
    await queryRunner.manager.getRepository("Tag").save([{ label: "a" }, { label: "b" }]);
    await queryRunner.manager.transaction((manager) => manager.getRepository("Tag").save({ label: "c" }));`,
    down: [`DROP TABLE "tag"`],
  });
  const { exitCode, stderr } = await own.hosted(["migrate", "up"]);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining(nameOf(1, "Tags"))]);
  expect(await own.query("SELECT label FROM tag ORDER BY id")).toEqual([
    { label: "a" },
    { label: "b" },
    { label: "c" },
  ]);
});
