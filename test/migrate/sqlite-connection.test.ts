import { DataSource } from "typeorm";
import { migrationDatabaseOf } from "../../src/migrate/run/databases/database";
import { History } from "../../src/migrate/history/history";
import { MigrationLog } from "../../src/migrate/history/migration-log";
import { planUp } from "../../src/migrate/run/plan";
import type { RunObserver } from "../../src/migrate/run/context";
import { run } from "../../src/migrate/run/run";
import { database } from "../helpers/databases";

const SILENT: RunObserver = {
  waiting: () => undefined,
  planned: () => undefined,
  started: () => undefined,
  done: () => undefined,
};

test.each(["ON", "OFF"])("migrate 3: foreign_keys = %s is so again after a run, failed or not", async (state) => {
  const scratch = await database("sqlite").create();
  const dataSource = await new DataSource(scratch.options).initialize();
  const runner = dataSource.createQueryRunner();
  const pragma = async (name: string) => Object.values((await runner.query(`PRAGMA ${name}`))[0]!)[0];
  const seen: unknown[] = [];
  const migration = (number: number, fails: boolean) => ({
    name: `M${1_700_000_000_000 + number}`,
    timestamp: 1_700_000_000_000 + number,
    file: undefined,
    checksum: undefined,
    transaction: undefined,
    replaces: [],
    databases: undefined,
    instance: {
      up: async () => {
        seen.push(await pragma("foreign_keys"));
        await runner.query("PRAGMA legacy_alter_table = ON");
        if (fails) throw new Error("no");
      },
      down: async () => undefined,
    },
  });
  const running = {
    files: [migration(1, false), migration(2, true)],
    history: new History(dataSource),
    log: new MigrationLog(dataSource),
    database: migrationDatabaseOf(dataSource, runner),
    runner,
    root: "/",
  };
  await runner.query(`PRAGMA foreign_keys = ${state}`);
  const options = { transaction: "each", lockTimeout: 1000, strict: false } as const;
  const report = await run(running, (now) => planUp(now), options, SILENT);
  expect(report).toMatchObject({
    steps: [{ step: { migration: { name: "M1700000000001" } } }],
    error: { exitCode: 1 },
  });
  expect(seen).toEqual([0, 0]);
  expect([await pragma("foreign_keys"), await pragma("legacy_alter_table")]).toEqual([state === "ON" ? 1 : 0, 0]);
  await dataSource.destroy();
});
