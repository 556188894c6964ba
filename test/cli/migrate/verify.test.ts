import { setTimeout as sleep } from "node:timers/promises";
import { administer } from "../../helpers/administer";
import { database, eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";
import { servers } from "../../helpers/servers";

const AUTHORS = { up: ["CREATE TABLE authors (id int primary key, name varchar(20))"], down: ["DROP TABLE authors"] };

interface Verified {
  migrations: { name: string; status: string; problem: string | null; losses: string[] }[];
  differences: string[] | null;
}

async function verify(project: MigrationProject) {
  const result = await project.hosted(["migrate", "verify", "--json"]);
  return { ...result, ...(JSON.parse(result.stdout) as Verified) };
}

eachDatabase((kind) => {
  test("proves what goes up, down and up, on a database that is gone afterwards; the project's own is not touched", async () => {
    const server = servers.find(({ name }) => name === kind.name);
    const before = server ? await scratches(server) : [];
    const project = migrationProject(await kind.create());
    project.migration(1, "Authors", AUTHORS);
    project.migration(2, "Nick", {
      up: ["ALTER TABLE authors ADD COLUMN nick varchar(10)"],
      down: ["ALTER TABLE authors DROP COLUMN nick"],
    });
    project.migration(3, "OneWay", {
      up: ["UPDATE authors SET nick = name"],
      down: `throw new Error("there is no way back");`,
    });
    const { migrations, exitCode, differences } = await verify(project);
    expect(migrations).toMatchObject([
      { name: nameOf(1, "Authors"), status: "proven", problem: null },
      { name: nameOf(2, "Nick"), status: "proven", losses: [] },
      { name: nameOf(3, "OneWay"), status: "irreversible", problem: expect.stringContaining("there is no way back") },
    ]);
    // The DataSource names no entities to compare with.
    expect([differences, exitCode]).toEqual([[], 0]);
    await expect(project.query("SELECT * FROM authors")).rejects.toThrow();
    if (server)
      await gone(
        server,
        (await scratches(server)).filter((name) => !before.includes(name)),
      );
  });
});

eachDatabase((kind) => {
  test("what the migrations create and no entity wants, or do not create, is a difference", async () => {
    const column = `{ id: { type: "int", primary: true } }`;
    const project = migrationProject(await kind.create(), {
      entities: `[new EntitySchema({ name: "Book", tableName: "books", columns: ${column} })]`,
    });
    project.migration(1, "Authors", AUTHORS);
    const { exitCode, differences } = await verify(project);
    expect(differences).toHaveLength(2);
    expect(exitCode).toBe(4);
  });
});

function scratches(server: (typeof servers)[number]): Promise<string[]> {
  return administer(server, (admin) => admin.list("retort_scratch_"));
}

/** Waits until none of these scratch databases is left: those of other tests on the server go too, in a moment. */
async function gone(server: (typeof servers)[number], names: readonly string[]): Promise<void> {
  for (let left = names; left.length > 0; await sleep(200)) {
    const there = await scratches(server);
    left = left.filter((name) => there.includes(name));
  }
}

eachDatabase(
  (kind) => {
    test("finds a rebuild that forgets the rows", async () => {
      const project = migrationProject(await kind.create());
      project.migration(1, "Authors", AUTHORS);
      project.migration(2, "Bad", {
        up: ["ALTER TABLE authors ADD COLUMN nick varchar(20)"],
        down: ["DROP TABLE authors", "CREATE TABLE authors (id int primary key, name varchar(20))"],
      });
      const { migrations, exitCode } = await verify(project);
      expect(migrations).toMatchObject([{ status: "proven" }, { name: nameOf(2, "Bad"), status: "failed" }]);
      expect(migrations[1]!.problem).toMatch(/up and down lose 2 rows of "authors"/);
      expect(exitCode).toBe(1);
    });
  },
  ["postgres", "mariadb"],
);

describe("sqlite", () => {
  test.each([
    [
      "a down that leaves something behind",
      { up: ["CREATE TABLE books (id int)", "CREATE INDEX books_id ON authors (name)"], down: ["DROP TABLE books"] },
      /down does not restore the schema: .*books_id/,
    ],
    ["a down that fails", { up: ["CREATE TABLE books (id int)"], down: ["DROP TABLE bocks"] }, /no such table: bocks/],
    [
      "a down that forgets a table",
      { up: ["CREATE TABLE books (id int)", "CREATE TABLE only_once (id int)"], down: ["DROP TABLE books"] },
      /down does not restore the schema: .*only_once/,
    ],
    [
      "an up that works only once",
      {
        up: ["CREATE TABLE books (id int)", "INSERT INTO authors VALUES (70, 'x')"],
        down: ["DROP TABLE books"],
      },
      /up does not work after down: .*UNIQUE constraint failed/,
    ],
    [
      "a rebuild that forgets the rows",
      {
        up: ["ALTER TABLE authors ADD COLUMN nick varchar"],
        down: ["DROP TABLE authors", "CREATE TABLE authors (id int primary key, name varchar(20))"],
      },
      /up and down lose 2 rows of "authors"/,
    ],
    ["an up that fails", { up: ["INSERT INTO nowhere VALUES (1)"], down: [] }, /no such table: nowhere/],
  ])("finds %s", async (_, text, problem) => {
    const project = migrationProject(await database("sqlite").create());
    project.migration(1, "Authors", AUTHORS);
    project.migration(2, "Bad", text);
    project.migration(3, "Never", { up: ["CREATE TABLE never (id int)"], down: ["DROP TABLE never"] });
    const { migrations, exitCode, stderr } = await verify(project);
    expect(migrations).toMatchObject([{ status: "proven" }, { name: nameOf(2, "Bad"), status: "failed" }]);
    expect(migrations[1]!.problem).toMatch(problem);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/migrations\/1700000000002-bad\.js failed verification: /);
    expect(stderr).toContain("the project's database was not touched");
  });

  test("prints what down cannot restore", async () => {
    const project = migrationProject(await database("sqlite").create());
    project.migration(1, "Authors", AUTHORS);
    project.migration(2, "NoName", {
      up: ["ALTER TABLE authors DROP COLUMN name"],
      down: ["ALTER TABLE authors ADD COLUMN name varchar(20)"],
    });
    project.migration(3, "NoAuthors", {
      up: ["DROP TABLE authors"],
      down: ["CREATE TABLE authors (id int primary key)"],
    });
    const { migrations, exitCode } = await verify(project);
    expect(migrations.map(({ status, losses }) => [status, losses])).toEqual([
      ["proven", []],
      ["proven", ['down leaves other values in "authors" than there were']],
      ["proven", ['down creates "authors" again, without its rows']],
    ]);
    expect(exitCode).toBe(0);
  });
});
