import type { DataSource } from "typeorm";
import type { Access } from "./database-control";
import { familyOf, type Family } from "./database-type";

// Each is loaded when it is asked for, since few sittings need it.
const ACCESSES: Record<Family, () => Access> = {
  sqlite: () => (require("./sqlite/database-control") as typeof import("./sqlite/database-control")).sqliteAccess,
  postgres: () => (require("./postgres/database-control") as typeof import("./postgres/database-control")).postgresAccess,
  mysql: () => (require("./mysql/database-control") as typeof import("./mysql/database-control")).mysqlAccess,
};

/** The access of a DataSource. */
export function accessOf(dataSource: DataSource): Access {
  return ACCESSES[familyOf(dataSource)]();
}
