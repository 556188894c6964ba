import type { DataSource } from "typeorm";
import { databaseTypeOf, type DatabaseType } from "../database-type";
import type { SchemaDialect } from "./dialect";

// Each is loaded when it is first asked for.
const DIALECTS: Record<DatabaseType, () => SchemaDialect> = {
  sqlite: () => (require("../sqlite/schema/dialect") as typeof import("../sqlite/schema/dialect")).sqliteSchema,
  postgres: () => (require("../postgres/schema/dialect") as typeof import("../postgres/schema/dialect")).postgresSchema,
  mysql: () => (require("../mysql/schema/dialect") as typeof import("../mysql/schema/dialect")).mysqlSchema,
};

/** The schema side of a DataSource's dialect. */
export function schemaDialectOf(dataSource: DataSource): SchemaDialect {
  return DIALECTS[databaseTypeOf(dataSource)]();
}
