import type { DataSource, QueryRunner } from "typeorm";
import { loadFor } from "../../../dialect/dialects";
import type { MigrationDatabase } from "./contract";

/** What the DataSource's database provides for migrations. */
export function migrationDatabaseOf(dataSource: DataSource, runner: QueryRunner): MigrationDatabase {
  const Database = loadFor<new (dataSource: DataSource, runner: QueryRunner) => MigrationDatabase>(dataSource, {
    sqlite: () => (require("./sqlite") as typeof import("./sqlite")).SqliteMigrations,
    postgres: () => (require("./postgres") as typeof import("./postgres")).PostgresMigrations,
    mysql: () => (require("./mysql") as typeof import("./mysql")).MysqlMigrations,
  });
  return new Database(dataSource, runner);
}
