import { eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, stampOf, type MigrationProject } from "../../helpers/migrations";

const A = nameOf(1, "Authors");
const B = nameOf(2, "Nick");
const C = nameOf(3, "Books");
const SQUASHED = nameOf(3, "Squashed");

function fill(project: MigrationProject, seeds: boolean): void {
  project.migration(1, "Authors", {
    up: [
      "CREATE TABLE authors (id int primary key, name varchar(20))",
      ...(seeds ? ["INSERT INTO authors VALUES (1, 'it''s')"] : []),
    ],
    down: ["DROP TABLE authors"],
  });
  project.migration(2, "Nick", {
    up: ["ALTER TABLE authors ADD COLUMN nick varchar(20)", ...(seeds ? ["UPDATE authors SET nick = name"] : [])],
    down: ["ALTER TABLE authors DROP COLUMN nick"],
  });
  project.migration(3, "Books", { up: ["CREATE TABLE books (id int primary key)"], down: ["DROP TABLE books"] });
  project.migration(4, "Later", { up: ["CREATE TABLE later (id int primary key)"], down: ["DROP TABLE later"] });
}

eachDatabase((kind) => {
  let project: MigrationProject;
  beforeEach(async () => {
    project = migrationProject(await kind.create());
  });
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
  const json = async (...argv: string[]) => {
    const { stdout, stderr, exitCode } = await retort(...argv, "--json");
    expect([argv, exitCode, stderr]).toEqual([argv, 0, expect.any(String)]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const history = async () => (await project.query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);

  test("many become one by the difference they make; a database that has them all takes it for applied", async () => {
    fill(project, false);
    await retort("up");
    const squashed = await json("squash", "auth..books");
    expect(squashed).toMatchObject({
      name: SQUASHED,
      by: "difference",
      replaced: [{ name: A }, { name: B }, { name: C }],
    });
    expect(project.list("migrations")).toEqual([`${stampOf(3)}-squashed.js`, `${stampOf(4)}-later.js`]);
    expect(project.read(`migrations/${stampOf(3)}-squashed.js`)).toContain(
      `replaces = [\n    "${A}",\n    "${B}",\n    "${C}",\n  ];`,
    );

    // Looking writes nothing; the next run writes it down.
    expect(await json("status")).toMatchObject({ applied: 2, pending: 0, missing: 0 });
    expect(await history()).toEqual([A, B, C, nameOf(4, "Later")]);
    expect((await retort("up")).exitCode).toBe(0);
    expect(await history()).toEqual([SQUASHED, nameOf(4, "Later")]);
    expect((await project.typeorm("migration:show")).stdout.match(/\[X\]/g)).toHaveLength(2);
    await json("redo", "2");
    await json("down", "base");
    await json("up");
    expect(await project.query("SELECT id, name, nick FROM authors")).toEqual([]);
  });

  test("where rows were put in, it says what was done one after the other", async () => {
    fill(project, true);
    const shown = await json("squash", "..books", "--dry-run", "-m", "first things");
    expect(shown).toMatchObject({ name: nameOf(3, "FirstThings"), by: "statements" });
    expect(shown["text"]).toContain(`// ${A}`);
    expect(project.list("migrations")).toHaveLength(4);
    await json("squash", "..books");
    await json("up");
    expect((await project.query("SELECT name, nick FROM authors")).map((row) => ({ ...row }))).toEqual([
      { name: "it's", nick: "it's" },
    ]);
    // Every migration is proven; there are no entities to compare with.
    expect((await retort("verify")).exitCode).toBe(0);
  });

  test("a database that has some of them and not the others is told what to do", async () => {
    fill(project, false);
    await retort("up", "+2");
    const uneven = await retort("squash", "auth..books");
    expect([uneven.exitCode, uneven.stderr]).toEqual([1, expect.stringContaining(`some are not: ${C}`)]);
    const elsewhere = migrationProject(await kind.create());
    fill(elsewhere, false);
    await elsewhere.hosted(["migrate", "squash", "auth..books"]);
    const file = `migrations/${stampOf(3)}-squashed.js`;
    project.write(file, elsewhere.read(file));
    for (const name of project.list("migrations").filter((one) => /authors|nick|books/.test(one))) {
      project.move(`migrations/${name}`, `old/${name}`);
    }
    const up = await retort("up");
    expect(up.exitCode).toBe(1);
    expect(up.stderr).toContain(
      `${SQUASHED} was squashed from migrations of which some are applied here and some are not: ${C}`,
    );
    for (const [range, words] of [
      ["auth", "is not a range"],
      ["later..later", "there is 1 migration in that range"],
    ] as const) {
      const bad = await retort("squash", range);
      expect([range, bad.exitCode, bad.stderr]).toEqual([range, 2, expect.stringContaining(words)]);
    }
  });
});
