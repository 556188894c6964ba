import { eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

const A = nameOf(1, "Alpha");

const GOOD = [
  "CREATE TABLE alpha (id int primary key, n int)",
  "INSERT INTO alpha VALUES (1, 10)",
  "UPDATE alpha SET n = n + 1",
  "ALTER TABLE alpha ADD COLUMN extra int",
  "UPDATE alpha SET n = n + 1",
];
const BAD = [...GOOD.slice(0, 4), "UPDATE alpha SET nowhere = 1"];
const BACK = ["ALTER TABLE alpha DROP COLUMN extra", "DROP TABLE alpha"];

/** The history says where it stands, as nothing on this database takes a schema change back. */
eachDatabase(
  (kind) => {
    let project: MigrationProject;
    beforeEach(async () => {
      project = migrationProject(await kind.create());
    });
    const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);
    const rows = async () => (await project.query("SELECT * FROM alpha")).map((row) => ({ ...row }));

    test("migrate 28: a migration that was left half done is on record, every command says so, and up goes on", async () => {
      project.migration(1, "Alpha", { up: BAD, down: BACK });
      const failed = await retort("up", "--json");
      expect(failed.exitCode).toBe(6);
      expect(failed.stderr).toContain(`${A} (up) failed at statement 5, UPDATE alpha SET nowhere = 1: Unknown column`);
      expect(failed.stderr).toContain("4 statements before it are done and stay");
      expect(JSON.parse(failed.stdout)).toMatchObject({ steps: [], error: { code: "migrate/half-applied" } });

      for (const argv of [["status"], ["history"], ["current"], ["check"], ["generate", "x"], ["down"], ["redo"]]) {
        const { exitCode, stderr } = await retort(...argv);
        expect([argv[0], exitCode]).toEqual([argv[0], 6]);
        expect(stderr).toContain(`${A} is only half applied: 4 statements are done`);
      }
      const status = JSON.parse((await retort("status", "--json")).stdout) as unknown;
      expect(status).toMatchObject({
        migrations: [{ name: A, status: "half-applied" }],
        halfApplied: { name: A, direction: "up", statementsDone: 4 },
      });

      project.migration(1, "Alpha", { up: GOOD, down: BACK });
      const mended = await retort("up");
      expect([mended.exitCode, mended.stderr]).toEqual([0, expect.stringContaining(`up    ${A}`)]);
      expect(await rows()).toEqual([{ id: 1, n: 12, extra: null }]);
      expect((await retort("status")).exitCode).toBe(0);
      expect(await project.query("SELECT * FROM retort_migrations WHERE entry <> 'applied'")).toEqual([]);
    });

    test("the way down as well: down goes on, and up waits for it", async () => {
      project.migration(1, "Alpha", { up: GOOD, down: [BACK[0]!, "DROP TABLE nowhere", BACK[1]!] });
      await retort("up");
      expect((await retort("down")).exitCode).toBe(6);
      const up = await retort("up");
      expect(up.exitCode).toBe(6);
      expect(up.stderr).toContain(`${A} is only half rolled back: 1 statement is done`);
      project.migration(1, "Alpha", { up: GOOD, down: BACK });
      expect((await retort("down")).exitCode).toBe(0);
      await expect(rows()).rejects.toThrow("doesn't exist");
      expect((await retort("status")).exitCode).toBe(0);
    });

    test("what is done must stay in the file; stamp says that it was finished by hand", async () => {
      project.migration(1, "Alpha", { up: BAD, down: BACK });
      await retort("up");
      project.migration(1, "Alpha", { up: [GOOD[0]!, "INSERT INTO alpha VALUES (2, 20)"], down: BACK });
      const other = await retort("up");
      expect(other.exitCode).toBe(6);
      expect(other.stderr).toContain(
        "statement 2 was INSERT INTO alpha VALUES (1, 10); the file now says INSERT INTO alpha VALUES (2, 20)",
      );
      project.migration(1, "Alpha", { up: [GOOD[0]!], down: BACK });
      expect((await retort("up")).stderr).toContain("the file ends before it");
      expect(await rows()).toEqual([{ id: 1, n: 11, extra: null }]);
      expect((await retort("stamp", "head")).exitCode).toBe(0);
      expect((await retort("status", "--check")).exitCode).toBe(0);
    });

    test("rows that were changed before the first change of the schema are rolled back: nothing is half done", async () => {
      project.migration(1, "Alpha", { up: GOOD, down: BACK });
      await retort("up");
      project.migration(2, "Beta", {
        up: ["INSERT INTO alpha VALUES (2, 0, 0)", "INSERT INTO alpha VALUES (2, 0, 0)"],
      });
      const { exitCode, stderr } = await retort("up");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("failed at statement 2");
      expect(stderr).toContain("nothing of it was kept");
      expect(await rows()).toHaveLength(1);
      expect((await retort("status")).exitCode).toBe(0);
    });

    test("a migration that asks the database takes the same way when it goes on", async () => {
      project.migration(1, "Alpha", { up: GOOD, down: BACK });
      await retort("up");
      const up = (last: string) => `
    if (await queryRunner.hasColumn("alpha", "extra")) await queryRunner.dropColumn("alpha", "extra");
    await queryRunner.renameColumn("alpha", "n", "m");
    const [{ total }] = await queryRunner.query("SELECT sum(m) AS total FROM alpha");
    await queryRunner.query("UPDATE alpha SET m = 0");
    await queryRunner.query("CREATE TABLE beta (total int)");
    await queryRunner.query("INSERT INTO beta VALUES (?)", [total]);
    ${last}`;
      project.migration(2, "Beta", { up: up(`await queryRunner.query("DROP TABLE nowhere");`) });
      expect((await retort("up")).exitCode).toBe(6);
      project.migration(2, "Beta", { up: up("") });
      const again = await retort("up");
      expect([again.exitCode, again.stderr]).toEqual([0, expect.stringContaining(nameOf(2, "Beta"))]);
      expect((await project.query("SELECT total FROM beta")).map(({ total }) => Number(total))).toEqual([12]);
      expect(await rows()).toEqual([{ id: 1, m: 0 }]);
    });

    test("a statement of which nobody knows whether it was done is tried again, and found done", async () => {
      project.migration(1, "Alpha", { up: BAD, down: BACK });
      await retort("up");
      // As if the process had been killed after the ALTER and before the note about it.
      await project.query("UPDATE retort_migrations SET state = 'begun', result = NULL WHERE position = 4");
      project.migration(1, "Alpha", { up: GOOD, down: BACK });
      expect((await retort("up")).exitCode).toBe(0);
      expect(await rows()).toEqual([{ id: 1, n: 12, extra: null }]);
    });
  },
  ["mariadb"],
);

eachDatabase(
  (kind) => {
    const alone = kind.name === "sqlite" ? "VACUUM" : "CREATE INDEX CONCURRENTLY alpha_n ON alpha (n)";

    test("migrate 27: transaction = false is honoured in both directions and in every mode", async () => {
      for (const mode of ["all", "each", "none"]) {
        const project = migrationProject(await kind.create());
        project.migration(1, "Alpha", { up: GOOD, down: BACK });
        project.migration(2, "Beta", {
          members: "transaction = false;",
          up: [alone],
          down: kind.name === "sqlite" ? ["VACUUM"] : ["DROP INDEX CONCURRENTLY alpha_n"],
        });
        project.migration(3, "Gamma", { up: ["CREATE TABLE gamma (id int)"], down: ["DROP TABLE gamma"] });
        for (const argv of [["up"], ["down", "base"]]) {
          const { exitCode, stderr } = await project.hosted(["migrate", ...argv, "--transaction", mode]);
          expect([mode, argv[0], exitCode, stderr]).toEqual([mode, argv[0], 0, expect.stringContaining("Beta")]);
        }
      }
    });

    test("transaction = true is honoured in mode none", async () => {
      const project = migrationProject(await kind.create());
      project.migration(1, "Alpha", { members: "transaction = true;", up: BAD, down: BACK });
      const { exitCode, stderr } = await project.hosted(["migrate", "up", "--transaction", "none"]);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("it was rolled back")]);
      await expect(project.query("SELECT * FROM alpha")).rejects.toThrow();
    });

    test("without a transaction a failure leaves what was done, says so, and up goes on", async () => {
      const project = migrationProject(await kind.create());
      project.migration(1, "Alpha", { members: "transaction = false;", up: BAD, down: BACK });
      const failed = await project.hosted(["migrate", "up"]);
      expect([failed.exitCode, failed.stderr]).toEqual([6, expect.stringContaining("4 statements before it are done")]);
      expect((await project.hosted(["migrate", "status"])).exitCode).toBe(6);
      project.migration(1, "Alpha", { members: "transaction = false;", up: GOOD, down: BACK });
      expect((await project.hosted(["migrate", "up"])).exitCode).toBe(0);
      expect((await project.query("SELECT n FROM alpha")).map(({ n }) => n)).toEqual([12]);
    });
  },
  ["sqlite", "postgres"],
);
