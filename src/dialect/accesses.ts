import type { DataSource } from "typeorm";
import type { Access } from "./access";
import { familyOf, type Family } from "./family";

// Each is loaded when it is asked for, since few sittings need it.
const ACCESSES: Record<Family, () => Access> = {
  sqlite: () => (require("./sqlite/access") as typeof import("./sqlite/access")).sqliteAccess,
  postgres: () => (require("./postgres/access") as typeof import("./postgres/access")).postgresAccess,
  mysql: () => (require("./mysql/access") as typeof import("./mysql/access")).mysqlAccess,
};

/** The access of a DataSource. */
export function accessOf(dataSource: DataSource): Access {
  return ACCESSES[familyOf(dataSource)]();
}
