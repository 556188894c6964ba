import { DataSource } from "typeorm";
import { eachDatabase, type ScratchDatabase } from "../../helpers/databases";
import { migrationProject, type MigrationProject } from "../../helpers/migrations";

eachDatabase(
  (kind) => {
    let scratch: ScratchDatabase;
    let project: MigrationProject;
    let application: DataSource;

    beforeEach(async () => {
      scratch = await kind.create();
      project = migrationProject(scratch);
      application = await new DataSource(scratch.options).initialize();
      await application.query("CREATE TABLE person (id int primary key, age int)");
      await application.query("INSERT INTO person VALUES (1, 1)");
      project.migration(1, "Person", {
        up: ["ALTER TABLE person ADD COLUMN name varchar(20)"],
        down: ["ALTER TABLE person DROP COLUMN name"],
      });
    });

    afterEach(() => application.destroy());

    /** An application that is in the middle of a transaction on the table; gives what ends it. */
    async function busy(sql = "SELECT * FROM person"): Promise<() => Promise<void>> {
      const runner = application.createQueryRunner();
      await runner.startTransaction();
      await runner.query(sql);
      return async () => {
        await runner.rollbackTransaction();
        await runner.release();
      };
    }

    const columns = async () => (await project.query("SELECT * FROM person")).flatMap((row) => Object.keys(row));

    test("migrate promise 9: a change of the schema gives up after three tries, and names the table and who has the lock", async () => {
      const end = await busy();
      const result = await project.hosted(["migrate", "up", "--ddl-lock-timeout", "1"]);
      await end();
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toMatch(/ALTER TABLE person .*a lock was not free within 1 s, in 3 tries/);
      expect(result.stderr).toMatch(
        kind.name === "postgres"
          ? /person is locked by connection \d+ \(postgres, idle in transaction for/
          : /connection \d+ \(root/,
      );
      expect(result.stderr).toContain("--ddl-lock-timeout 30");
      expect(await columns()).toEqual(["id", "age"]);
      expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });

      // Down as well.
      const endAgain = await busy();
      const down = await project.hosted(["migrate", "down", "--ddl-lock-timeout", "1"]);
      await endAgain();
      expect([down.exitCode, down.stderr]).toEqual([1, expect.stringContaining("in 3 tries")]);
      expect(await columns()).toEqual(["id", "age", "name"]);
    });

    test.each(["each", "all", "none"])(
      "migrate promise 9: what was tried in vain is tried again, and nothing is done twice (--transaction %s)",
      async (mode) => {
        project.migration(0, "Before", { up: ["CREATE TABLE log (id int)", "INSERT INTO log VALUES (1)"] });
        const end = await busy();
        const running = project.hosted(["migrate", "up", "--ddl-lock-timeout", "1", "--transaction", mode]);
        setTimeout(() => void end(), 1700);
        expect(await running).toMatchObject({ exitCode: 0 });
        expect(await project.query("SELECT id FROM log")).toEqual([{ id: 1 }]);
        expect(await columns()).toEqual(["id", "age", "name"]);
      },
    );

    test("migrate promise 9: changes of rows in a migration wait no longer; the settings have the limit too", async () => {
      project.migration(1, "Person", {
        up: ["ALTER TABLE person ADD COLUMN name varchar(20)", "UPDATE account SET cents = 0"],
      });
      await application.query("CREATE TABLE account (id int primary key, cents int)");
      await application.query("INSERT INTO account VALUES (1, 5)");
      project.write("package.json", JSON.stringify({ name: "p", retort: { migrations: { ddlLockTimeout: "1s" } } }));
      const end = await busy("UPDATE account SET cents = 7");
      const result = await project.hosted(["migrate", "up"]);
      await end();
      expect(result.stderr).toMatch(/UPDATE account SET cents = 0: a lock was not free within 1 s, in 3 tries/);
      expect(result.exitCode).toBe(kind.name === "postgres" ? 1 : 6);
      expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
      expect(await project.query("SELECT cents FROM account")).toEqual([{ cents: 0 }]);
    });

    test("migrate promise 9: the connection of the run has its own limits again afterwards", async () => {
      const setting =
        kind.name === "postgres"
          ? `SELECT current_setting('lock_timeout') AS "limit"`
          : "SELECT @@SESSION.lock_wait_timeout AS `limit`";
      const inside = `const [{ limit }] = await queryRunner.query(${JSON.stringify(setting)}); console.log("limit " + limit);`;
      project.migration(1, "Person", { up: inside });
      project.migration(2, "Alone", { up: inside, members: "transaction = false;" });
      const result = await project.hosted(["migrate", "up", "--ddl-lock-timeout", "3"]);
      expect(result.stderr).toContain(kind.name === "postgres" ? "limit 3s" : "limit 3\n");
    });
  },
  ["postgres", "mariadb"],
);
