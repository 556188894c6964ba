import type { DataSource, QueryRunner } from "typeorm";
import type { MigrationDatabase } from "./contract";

/** What the DataSource's database provides for migrations. Each is loaded when it is first asked for. */
export function migrationDatabaseOf(dataSource: DataSource, runner: QueryRunner): MigrationDatabase {
  switch (dataSource.options.type) {
    case "better-sqlite3": {
      const { SqliteMigrations } = require("./sqlite") as typeof import("./sqlite");
      return new SqliteMigrations(dataSource, runner);
    }
    case "mysql":
    case "mariadb": {
      const { MysqlMigrations } = require("./mysql") as typeof import("./mysql");
      return new MysqlMigrations(dataSource, runner);
    }
    default: {
      // `dialectOf` has refused what is none of the three long before.
      const { PostgresMigrations } = require("./postgres") as typeof import("./postgres");
      return new PostgresMigrations(dataSource, runner);
    }
  }
}
