import { database, eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, stampOf, type MigrationProject } from "../../helpers/migrations";

const A = nameOf(1, "Authors");
const B = nameOf(2, "Books");
const C = nameOf(3, "Covers");

function table(name: string) {
  return { up: [`CREATE TABLE ${name} (id int primary key)`], down: [`DROP TABLE ${name}`] };
}

interface Row {
  name: string;
  status: string;
  edited: boolean;
  outOfOrder: boolean;
  entries: number;
}

async function statusOf(project: MigrationProject, exitCode = 0) {
  const result = await project.hosted(["migrate", "status", "--json"]);
  expect(result.exitCode).toBe(exitCode);
  return JSON.parse(result.stdout) as Record<string, unknown> & { migrations: Row[] };
}

eachDatabase((kind) => {
  test("TypeORM's own command and Retort's agree about one project, whoever applied what", async () => {
    const project = migrationProject(await kind.create());
    project.migration(1, "Authors", table("authors"));
    project.migration(2, "Books", table("books"));
    await project.hosted(["migrate", "up", "+1"]);
    const shown = await project.typeorm("migration:show");
    expect(shown.stdout).toContain(`[X] 1 ${A}`);
    expect(shown.stdout).toContain(`[ ] ${B}`);

    project.migration(3, "Covers", table("covers"));
    expect((await project.typeorm("migration:run")).exitCode).toBe(0);
    const status = await statusOf(project);
    expect(status.migrations.map(({ name, status }) => `${status} ${name}`)).toEqual([
      `applied ${A}`,
      `applied ${B}`,
      `applied ${C}`,
    ]);
    await project.hosted(["migrate", "down", "-2"]);
    expect((await project.typeorm("migration:revert")).exitCode).toBe(0);
    expect(await project.query("SELECT * FROM migrations")).toEqual([]);
    expect(await statusOf(project)).toMatchObject({ applied: 0, pending: 3, current: null });
  });
});

describe("sqlite", () => {
  let project: MigrationProject;
  beforeEach(async () => {
    project = migrationProject(await database("sqlite").create());
    project.migration(1, "Authors", table("authors"));
    project.migration(2, "Books", table("books"));
  });
  const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);

  test("migrate 24: an applied migration whose file is missing or was edited is shown", async () => {
    await retort("up");
    project.migration(1, "Authors", { ...table("authors"), down: ["DROP TABLE IF EXISTS authors"] });
    project.migration(3, "Covers", table("covers"));
    await project.query(`INSERT INTO migrations (timestamp, name) VALUES (${stampOf(0)}, '${nameOf(0, "Lost")}')`);
    await project.query(`INSERT INTO migrations (timestamp, name) VALUES (${stampOf(2)}, '${B}')`);
    const status = await statusOf(project);
    expect(status).toMatchObject({ applied: 3, pending: 1, missing: 1, edited: 1, halfApplied: null });
    expect(status.migrations).toMatchObject([
      { name: nameOf(0, "Lost"), status: "missing", edited: false, file: null },
      { name: A, status: "applied", edited: true },
      { name: B, status: "applied", edited: false, entries: 2 },
      { name: C, status: "pending", edited: false },
    ]);
    const { stdout, exitCode } = await retort("status");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/missing {3}Lost1700000000000 +its file is missing, applied out of order\n/);
    expect(stdout).toMatch(/applied {3}Authors1700000000001 .*edited after it was applied\n/);
    expect(stdout).toMatch(/applied {3}Books1700000000002 .*2 times in the history\n/);

    const up = await retort("up", "--strict");
    expect(up).toMatchObject({ exitCode: 1 });
    expect(up.stderr).toContain(`${A} was edited after being applied (--strict)`);
    const lenient = await retort("up");
    expect(lenient.exitCode).toBe(0);
    expect(lenient.stderr).toContain(`${A} was edited after it was applied.`);
    for (const command of ["up", "check"])
      expect((await retort(command)).stderr).toContain("Lost1700000000000 is applied, but its file is missing.");
  });

  test("line ends are no edit", async () => {
    await retort("up");
    const file = `migrations/${stampOf(1)}-authors.js`;
    project.write(file, project.read(file).replaceAll("\n", "\r\n"));
    expect(await statusOf(project)).toMatchObject({ edited: 0 });
  });

  test("down stops before a migration whose file is missing, and says so", async () => {
    await retort("up");
    await project.query(`INSERT INTO migrations (timestamp, name) VALUES (${stampOf(3)}, '${C}')`);
    const down = await retort("down");
    expect(down).toMatchObject({ exitCode: 1 });
    expect(down.stderr).toContain(`${C} is applied, but its file is missing: it cannot be rolled back`);
  });

  test("migrate 25: a migration that is older than the last applied one does not run unsaid", async () => {
    await retort("up");
    project.migration(0, "Early", table("early"));
    const status = await statusOf(project);
    expect(status.migrations[0]).toMatchObject({ status: "pending", outOfOrder: true });
    const up = await retort("up");
    expect(up.stderr).toContain(`${nameOf(0, "Early")} is out of order: a later one is applied.`);
    expect(up.exitCode).toBe(0);
    expect((await statusOf(project)).migrations[0]).toMatchObject({ status: "applied", outOfOrder: true });
    // What was applied last is what is taken back first.
    expect((await retort("down")).stderr).toContain(`down  ${nameOf(0, "Early")}`);
  });

  test("migrate 23: status, history, current and check write nothing", async () => {
    const empty = migrationProject(await database("sqlite").create());
    empty.migration(1, "Authors", table("authors"));
    for (const argv of [["status"], ["history"], ["current"], ["check"], ["up", "--dry-run"], ["up", "--sql"]]) {
      expect((await empty.hosted(["migrate", ...argv])).exitCode).toBe(0);
    }
    await empty.query("CREATE TABLE t (id int)"); // the database is there only now
    expect((await empty.query("SELECT name FROM sqlite_master")).map(({ name }) => name)).toEqual(["t"]);
    expect((await empty.hosted(["migrate", "status"])).stdout).toBe(`pending   ${A}\n`);
    expect((await empty.query("SELECT name FROM sqlite_master")).map(({ name }) => name)).toEqual(["t"]);
  });

  test("status --check exits with 3 while migrations are pending", async () => {
    expect((await retort("status", "--check")).exitCode).toBe(3);
    await retort("up", "+1");
    expect((await retort("status", "--check")).exitCode).toBe(3);
    await retort("up");
    expect((await retort("status", "--check")).exitCode).toBe(0);
  });

  test("history and current", async () => {
    expect(await retort("current")).toMatchObject({ stdout: "", stderr: "No migration is applied.\n", exitCode: 0 });
    await retort("up", "+1");
    expect((await retort("current")).stdout).toBe(`${A}\n`);
    await retort("up");
    expect((await retort("current")).stdout).toBe(`${B} (head)\n`);
    expect((await retort("history")).stdout).toBe(`   2  ${stampOf(2)}  ${B}\n   1  ${stampOf(1)}  ${A}\n`);
    const json = JSON.parse((await retort("history", "--json")).stdout) as unknown;
    expect(json).toEqual({
      history: [
        {
          id: 2,
          name: B,
          timestamp: stampOf(2),
          file: `migrations/${stampOf(2)}-books.js`,
          appliedAt: expect.any(String),
        },
        {
          id: 1,
          name: A,
          timestamp: stampOf(1),
          file: `migrations/${stampOf(1)}-authors.js`,
          appliedAt: expect.any(String),
        },
      ],
    });
    const current = JSON.parse((await retort("current", "--json")).stdout) as unknown;
    expect(current).toMatchObject({ current: { name: B }, head: true, pending: 0 });
  });

  test("stamp sets the history and runs nothing; --purge forgets what has no file as well", async () => {
    await project.query(`CREATE TABLE authors (id int)`);
    const stamped = await retort("stamp", "head");
    expect(stamped).toMatchObject({ stdout: `added    ${A}\nadded    ${B}\n`, exitCode: 0 });
    expect(await statusOf(project)).toMatchObject({ applied: 2, pending: 0, current: B });
    expect((await retort("stamp", "authors")).stdout).toBe(`removed  ${B}\n`);
    await project.query(`INSERT INTO migrations (timestamp, name) VALUES (${stampOf(0)}, '${nameOf(0, "Lost")}')`);
    expect(await retort("stamp", "authors")).toMatchObject({ stdout: "", exitCode: 0 });
    expect(await statusOf(project)).toMatchObject({ applied: 2, missing: 1 });
    const purged = JSON.parse((await retort("stamp", "head", "--purge", "--json")).stdout) as Record<string, unknown[]>;
    expect(purged["removed"]).toHaveLength(2);
    expect(purged["added"]).toHaveLength(2);
    expect(await statusOf(project)).toMatchObject({ applied: 2, missing: 0, pending: 0 });
    await retort("stamp", "base");
    expect(await statusOf(project)).toMatchObject({ applied: 0, pending: 2 });
    await expect(project.query("SELECT * FROM books")).rejects.toThrow("no such table");
  });

  test("migrationsTableName is honoured, and Retort's own table is called after it", async () => {
    const other = migrationProject(await database("sqlite").create(), { options: `migrationsTableName: "changes"` });
    other.migration(1, "Authors", table("authors"));
    await other.hosted(["migrate", "up"]);
    const names = (await other.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).map(
      ({ name }) => name,
    );
    expect(names).toEqual(["authors", "changes", "retort_changes", "sqlite_sequence"]);
    expect((await other.typeorm("migration:show")).stdout).toContain(`[X] 1 ${A}`);
  });
});
