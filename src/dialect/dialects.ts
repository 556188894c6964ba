import type { DataSource } from "typeorm";
import type { Dialect } from "./dialect";
import { unsupportedDatabase } from "./errors";

/** The dialect of a DataSource. Each is loaded when it is first asked for, so that nobody pays for another database. */
export function dialectOf(dataSource: DataSource): Dialect {
  switch (dataSource.options.type) {
    case "better-sqlite3":
      return (require("./sqlite/dialect") as typeof import("./sqlite/dialect")).sqlite;
    case "postgres":
    case "cockroachdb":
      return (require("./postgres/dialect") as typeof import("./postgres/dialect")).postgres;
    case "mysql":
    case "mariadb":
      return (require("./mysql/dialect") as typeof import("./mysql/dialect")).mysql;
    default:
      throw unsupportedDatabase(dataSource.options.type);
  }
}
