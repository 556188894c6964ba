import type { DataSource } from "typeorm";
import { unsupportedDatabase } from "./errors";

/** What may be done over connections, and how what they do is ended: told to the database, not kept to by us. */
export interface Access {
  /** Makes the database refuse every write, on every connection that the DataSource has and will make. */
  forbidWrites(dataSource: DataSource): Promise<void>;
  /** The statement that lets one connection write again. */
  readonly allowWrites: string;
  /** Ends the statements that run on the DataSource's connections; their callers get errors. Does nothing where none runs. */
  cancel(dataSource: DataSource): Promise<void>;
}

/** The access of a DataSource; loaded when it is asked for, since few sittings need it. */
export function accessOf(dataSource: DataSource): Access {
  switch (dataSource.options.type) {
    case "better-sqlite3":
      return (require("./sqlite/access") as typeof import("./sqlite/access")).sqliteAccess;
    case "postgres":
    case "cockroachdb":
      return (require("./postgres/access") as typeof import("./postgres/access")).postgresAccess;
    case "mysql":
    case "mariadb":
      return (require("./mysql/access") as typeof import("./mysql/access")).mysqlAccess;
    default:
      throw unsupportedDatabase(dataSource.options.type);
  }
}
