import type { DataSource } from "typeorm";
import type { DatabaseControl } from "./database-control";
import { databaseTypeOf, type DatabaseType } from "./database-type";

// Each is loaded when it is asked for, since few sittings need it.
const CONTROLS: Record<DatabaseType, () => DatabaseControl> = {
  sqlite: () => (require("./sqlite/database-control") as typeof import("./sqlite/database-control")).sqliteControl,
  postgres: () =>
    (require("./postgres/database-control") as typeof import("./postgres/database-control")).postgresControl,
  mysql: () => (require("./mysql/database-control") as typeof import("./mysql/database-control")).mysqlControl,
};

/** The access of a DataSource. */
export function databaseControlOf(dataSource: DataSource): DatabaseControl {
  return CONTROLS[databaseTypeOf(dataSource)]();
}
