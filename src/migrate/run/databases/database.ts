import type { DataSource, QueryRunner } from "typeorm";
import { databaseTypeOf, type DatabaseType } from "../../../dialect/database-type";
import type { MigrationDatabase } from "./contract";

type Constructor = new (dataSource: DataSource, runner: QueryRunner) => MigrationDatabase;

// Each is loaded when it is first asked for.
const DATABASES: Record<DatabaseType, () => Constructor> = {
  sqlite: () => (require("./sqlite") as typeof import("./sqlite")).SqliteMigrations,
  postgres: () => (require("./postgres") as typeof import("./postgres")).PostgresMigrations,
  mysql: () => (require("./mysql") as typeof import("./mysql")).MysqlMigrations,
};

/** What the DataSource's database provides for migrations. */
export function migrationDatabaseOf(dataSource: DataSource, runner: QueryRunner): MigrationDatabase {
  const Database = DATABASES[databaseTypeOf(dataSource)]();
  return new Database(dataSource, runner);
}
