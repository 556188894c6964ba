import { DataSource, Entity, PrimaryColumn } from "typeorm";
import { connect, type Database } from "../../src/session/database";
import { Sitting } from "../../src/shell/sitting";
import { eachDatabase } from "../helpers/databases";
import { sittingOver, type OpenSitting } from "./sitting";

@Entity()
class Thing {
  @PrimaryColumn("integer")
  id!: number;
}

const SLEEP = { postgres: "select pg_sleep(20)", mariadb: "select sleep(20)" } as const;

eachDatabase(
  (database) => {
    const name = database.name as keyof typeof SLEEP;
    let dataSource: DataSource;
    let db: Database;
    let opened: OpenSitting;
    let sitting: Sitting;

    beforeEach(async () => {
      const { options } = await database.create();
      dataSource = await new DataSource({ ...options, entities: [Thing], synchronize: true } as never).initialize();
      db = await connect(dataSource);
      opened = sittingOver(db);
      ({ sitting } = opened);
    });
    afterEach(async () => {
      sitting.close();
      await db.close();
      await dataSource.destroy();
    });

    test("shell 15: Ctrl-C ends a statement in the server, and the next one runs", async () => {
      const started = Date.now();
      const running = sitting.run(`db.dataSource.query(${JSON.stringify(SLEEP[name])})`);
      setTimeout(() => sitting.interrupt(), 300);
      expect(await running).toBe(false);
      expect(opened.output()).toContain("interrupted");
      await sitting.run("db.dataSource.query('select 1 as one')");
      expect(opened.output()).toMatch(/one\n─+\n +1/);
      expect(Date.now() - started).toBeLessThan(10_000);
    });

    test("a lost connection is said, and taken up again by one of the next statements", async () => {
      await sitting.run("Thing.query.count()");
      const others = await new DataSource({
        ...dataSource.options,
        entities: [],
        synchronize: false,
      } as never).initialize();
      const rows = (await others.query(
        name === "postgres"
          ? "select pid as id from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
          : "select id from information_schema.processlist where db = database() and id <> connection_id()",
      )) as { id: number }[];
      for (const { id } of rows)
        await others.query(name === "postgres" ? `select pg_terminate_backend(${id})` : `kill ${id}`);
      await others.destroy();
      opened.output();
      await sitting.run("Thing.query.count() + 40");
      await sitting.run("Thing.query.count() + 41");
      await sitting.run("Thing.query.count() + 42");
      expect(opened.output()).toMatch(/^42\n/m);
    });
  },
  ["postgres", "mariadb"],
);
