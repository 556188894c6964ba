import type { DataSource } from "typeorm";
import type { Dialect } from "./dialect";
import { databaseTypeOf, type DatabaseType } from "./database-type";

// Each is loaded when it is first asked for, so that nobody pays for another database.
const DIALECTS: Record<DatabaseType, () => Dialect> = {
  sqlite: () => (require("./sqlite/dialect") as typeof import("./sqlite/dialect")).sqlite,
  postgres: () => (require("./postgres/dialect") as typeof import("./postgres/dialect")).postgres,
  mysql: () => (require("./mysql/dialect") as typeof import("./mysql/dialect")).mysql,
};

/** The dialect of a DataSource. */
export function dialectOf(dataSource: DataSource): Dialect {
  return DIALECTS[databaseTypeOf(dataSource)]();
}
