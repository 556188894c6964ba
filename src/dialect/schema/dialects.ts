import type { DataSource } from "typeorm";
import { unsupportedDatabase } from "../errors";
import type { SchemaDialect } from "./dialect";

/** The schema side of a DataSource's dialect; each is loaded when it is first asked for. */
export function schemaDialectOf(dataSource: DataSource): SchemaDialect {
  switch (dataSource.options.type) {
    case "better-sqlite3":
      return (require("../sqlite/schema/dialect") as typeof import("../sqlite/schema/dialect")).sqliteSchema;
    case "postgres":
    case "cockroachdb":
      return (require("../postgres/schema/dialect") as typeof import("../postgres/schema/dialect")).postgresSchema;
    case "mysql":
    case "mariadb":
      return (require("../mysql/schema/dialect") as typeof import("../mysql/schema/dialect")).mysqlSchema;
    default:
      throw unsupportedDatabase(dataSource.options.type);
  }
}
