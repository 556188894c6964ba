import { database, eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

const A = nameOf(1, "Authors");
const B = nameOf(2, "Books");
const C = nameOf(3, "Covers");

/** Three migrations, each with a table. */
function threeTables(project: MigrationProject): MigrationProject {
  project.migration(1, "Authors", { up: ["CREATE TABLE authors (id int primary key)"], down: ["DROP TABLE authors"] });
  project.migration(2, "Books", { up: ["CREATE TABLE books (id int primary key)"], down: ["DROP TABLE books"] });
  project.migration(3, "Covers", { up: ["CREATE TABLE covers (id int primary key)"], down: ["DROP TABLE covers"] });
  return project;
}

eachDatabase(
  (kind) => {
    let project: MigrationProject;
    beforeEach(async () => {
      project = threeTables(migrationProject(await kind.create()));
    });
    const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
    const steps = async (...argv: string[]) => {
      const { stdout, stderr, exitCode } = await retort(...argv, "--json");
      if (exitCode !== 0) throw new Error(stderr);
      return (JSON.parse(stdout) as { steps: { direction: string; name: string }[] }).steps.map(
        ({ direction, name }) => `${direction} ${name}`,
      );
    };
    /** Fails where the history was not made yet. */
    const applied = async () =>
      (await project.query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);

    test("migrate 22: up and down go to any target; redo does both", async () => {
      expect(await steps("up", "+1")).toEqual([`up ${A}`]);
      expect(await steps("up", B)).toEqual([`up ${B}`]);
      expect(await steps("up")).toEqual([`up ${C}`]);
      expect(await steps("up")).toEqual([]);
      expect(await steps("up", "head")).toEqual([]);
      expect(await steps("redo", "2")).toEqual([`down ${C}`, `down ${B}`, `up ${B}`, `up ${C}`]);
      expect(await steps("down")).toEqual([`down ${C}`]);
      expect(await steps("down", "-1")).toEqual([`down ${B}`]);
      expect(await steps("upgrade", "1700000000003")).toEqual([`up ${B}`, `up ${C}`]);
      expect(await steps("down", "auth")).toEqual([`down ${C}`, `down ${B}`]);
      expect(await applied()).toEqual([A]);
      expect(await steps("up", "--transaction", "all")).toEqual([`up ${B}`, `up ${C}`]);
      expect(await steps("downgrade", "base")).toEqual([`down ${C}`, `down ${B}`, `down ${A}`]);
      expect(await applied()).toEqual([]);
    });

    test("where the database has it already, stamp is told of", async () => {
      await project.query("CREATE TABLE authors (id int primary key)");
      const up = await retort("up");
      expect(up.exitCode).not.toBe(0);
      expect(up.stderr).toMatch(/already exists/);
      if (kind.name !== "mariadb")
        expect(up.stderr).toContain(`if the database has all of it already: retort migrate stamp ${A}; else correct`);
      await retort("stamp", A);
      expect(await steps("up")).toEqual([`up ${B}`, `up ${C}`]);
    });

    test("progress is one line a migration on stderr, and stdout holds data only", async () => {
      const up = await retort("up");
      expect(up).toMatchObject({ stdout: "", exitCode: 0 });
      expect(up.stderr).toMatch(new RegExp(`^up    ${A}  \\d+ ms\nup    ${B}  \\d+ ms\nup    ${C}  \\d+ ms\n$`));
      const again = await retort("up");
      expect(again).toMatchObject({ stdout: "", stderr: "Nothing to do: every migration is applied.\n", exitCode: 0 });
      const json = await retort("down", "-2", "--json");
      expect(JSON.parse(json.stdout)).toEqual({
        steps: [C, B].map((name, index) => ({
          direction: "down",
          name,
          timestamp: 1_700_000_000_003 - index,
          file: `migrations/${1_700_000_000_003 - index}-${["covers", "books"][index]}.js`,
          milliseconds: expect.any(Number),
          statements: 1,
          transaction: kind.name !== "mariadb",
        })),
        current: A,
        pending: 2,
        error: null,
      });
      expect(
        json.stderr
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).name),
      ).toEqual([C, B]);
    });

    test("--dry-run prints the plan and --sql the statements; neither changes anything", async () => {
      const plan = await retort("up", "--dry-run");
      expect(plan).toMatchObject({ stdout: `up    ${A}\nup    ${B}\nup    ${C}\n`, exitCode: 0 });
      const script = await retort("up", "books", "--sql");
      expect(script.exitCode).toBe(0);
      expect(script.stdout).toContain("CREATE TABLE authors (id int primary key);\n");
      expect(script.stdout).toMatch(/CREATE TABLE .?migrations.? .*;\n[\s\S]*CREATE TABLE authors/);
      expect(script.stdout).toContain(`VALUES (1700000000002, '${B}');`);
      expect(script.stdout).not.toContain("covers");
      expect((await project.query("SELECT 1 AS one")).length).toBe(1);
      await expect(project.query("SELECT * FROM migrations")).rejects.toThrow();
      await expect(project.query("SELECT * FROM authors")).rejects.toThrow();
    });

    test("the script of --sql, run by hand, leads to the state that up leads to", async () => {
      const { stdout } = await retort("up", "--sql");
      for (const statement of stdout.replace(/^--.*$/gm, "").split(";\n")) {
        if (statement.trim()) await project.query(statement.replace(/^\s*(BEGIN.*|COMMIT)$/, "SELECT 1"));
      }
      expect(await applied()).toEqual([A, B, C]);
      const status = JSON.parse((await retort("status", "--json")).stdout) as Record<string, unknown>;
      expect(status).toMatchObject({ applied: 3, pending: 0, edited: 0, current: C });
    });

    test("a migration that throws is named with its statement; the ones before it stay", async () => {
      project.migration(2, "Books", {
        up: ["CREATE TABLE books (id int primary key)", "INSERT INTO nowhere VALUES (1)"],
        down: [],
      });
      const { exitCode, stderr } = await retort("up");
      expect(stderr).toContain(`${B} (up) failed at statement 2, INSERT INTO nowhere VALUES (1): `);
      expect(stderr).toMatch(/no such table|does not exist|doesn't exist/);
      expect(await applied()).toEqual([A]);
      if (kind.name === "mariadb") {
        expect(exitCode).toBe(6);
        return;
      }
      expect(exitCode).toBe(1);
      expect(stderr).toContain("it was rolled back; the 1 before it stays; correct migrations/1700000000002-books.js");
      await expect(project.query("SELECT * FROM books")).rejects.toThrow();
    });

    test("a migration that throws by itself is rolled back as well, in every mode", async () => {
      project.migration(2, "Books", { up: `throw new Error("not today")`, down: [] });
      for (const [mode, left] of [
        ["all", []],
        ["each", [A]],
      ] as const) {
        const { exitCode, stderr } = await retort("up", "--transaction", mode);
        expect(stderr).toContain(`${B} (up) failed: not today`);
        expect(exitCode).toBe(1);
        if (kind.name === "mariadb") continue;
        expect(await applied().catch(() => [])).toEqual(left);
      }
    });
  },
  ["sqlite", "postgres", "mariadb"],
);

describe("targets", () => {
  let project: MigrationProject;
  beforeEach(async () => {
    project = threeTables(migrationProject(await database("sqlite").create()));
  });
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
  const applied = async () => (await project.query("SELECT name FROM migrations ORDER BY id")).map(({ name }) => name);

  test("a target that is not there, or may be several, changes nothing and says what to type", async () => {
    await retort("up", "+2");
    const cases: [argv: string[], exitCode: number, words: RegExp][] = [
      [["up", "nonsense"], 2, /there is no migration "nonsense"/],
      [["up", "cover"], 0, /Covers/],
      [["down", "-4"], 1, /4 migrations cannot be rolled back: only 3 are applied/],
      [["up", "+1"], 1, /1 migration cannot be applied: none is pending/],
      [["up", "17000"], 2, /"17000" may be 3 migrations: .*Authors.*Books.*Covers/],
      [["up", "bokos"], 2, /did you mean "books"/],
      [["up", "-1"], 2, /"-1" is not a target of up\n.*retort migrate down -1/],
      [["down", "+1"], 2, /retort migrate up \+1/],
      [["down", "head"], 2, /"head" is not a target of down/],
    ];
    for (const [argv, exitCode, words] of cases) {
      const result = await retort(...argv);
      expect(result).toMatchObject({ exitCode, stdout: "" });
      expect(result.stderr).toMatch(words);
    }
    expect(await applied()).toEqual([A, B, C]);
  });
});
