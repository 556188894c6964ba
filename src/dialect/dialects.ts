import type { DataSource } from "typeorm";
import type { DatabaseControl } from "./database-control";
import type { Dialect } from "./dialect";
import { databaseTypeOf, type DatabaseType } from "./database-type";
import { unsupportedDatabase } from "./errors";
import type { SchemaDialect } from "./schema/dialect";

/** One loader for each database, so that only the module of the database in use is loaded. */
type LoaderByDatabase<T> = Readonly<Record<DatabaseType, () => T>>;

const DIALECTS: LoaderByDatabase<Dialect> = {
  sqlite: () => (require("./sqlite/dialect") as typeof import("./sqlite/dialect")).sqliteDialect,
  postgres: () => (require("./postgres/dialect") as typeof import("./postgres/dialect")).postgresDialect,
  mysql: () => (require("./mysql/dialect") as typeof import("./mysql/dialect")).mysqlDialect,
};

const CONTROLS: LoaderByDatabase<DatabaseControl> = {
  sqlite: () => (require("./sqlite/database-control") as typeof import("./sqlite/database-control")).sqliteControl,
  postgres: () =>
    (require("./postgres/database-control") as typeof import("./postgres/database-control")).postgresControl,
  mysql: () => (require("./mysql/database-control") as typeof import("./mysql/database-control")).mysqlControl,
};

const SCHEMA_DIALECTS: LoaderByDatabase<SchemaDialect> = {
  sqlite: () => (require("./sqlite/schema/dialect") as typeof import("./sqlite/schema/dialect")).sqliteSchema,
  postgres: () => (require("./postgres/schema/dialect") as typeof import("./postgres/schema/dialect")).postgresSchema,
  mysql: () => (require("./mysql/schema/dialect") as typeof import("./mysql/schema/dialect")).mysqlSchema,
};

/**
 * Loads what is implemented once for each database. A layer above this one has such a table of its own (the migrations'
 * `MigrationDatabase`); a database added here is a type error there until it has its entry.
 *
 * @throws dialect/unsupported where the DataSource's database is not supported
 */
export function loadFor<T>(dataSource: DataSource, loaders: LoaderByDatabase<T>): T {
  const type = databaseTypeOf(dataSource);
  if (!type) throw unsupportedDatabase(dataSource.options.type);
  return loaders[type]();
}

/** @throws dialect/unsupported where a database of this `type` of a DataSource is not supported */
export function expectSupportedDatabase(type: string): void {
  if (!databaseTypeOf({ options: { type } as DataSource["options"] })) throw unsupportedDatabase(type);
}

/** The dialect of the DataSource's database. @throws dialect/unsupported */
export function dialectOf(dataSource: DataSource): Dialect {
  if (isMariadb(dataSource)) return mariadbDialect();
  return loadFor(dataSource, DIALECTS);
}

/** The first version of MariaDB with INSERT … RETURNING. */
const RETURNING_SINCE = [10, 5] as const;

function mariadbDialect(): Dialect {
  return (require("./mysql/dialect") as typeof import("./mysql/dialect")).mariadbDialect;
}

/**
 * Whether the server is MariaDB, whatever the DataSource calls it. TypeORM has asked for the version, which is below 10 where it
 * is MySQL's.
 */
function isMariadb(dataSource: DataSource): boolean {
  if (databaseTypeOf(dataSource) !== "mysql") return false;
  const [major = 0, minor = 0] = (dataSource.driver?.version ?? "").split(".").map(Number);
  return major > RETURNING_SINCE[0] || (major === RETURNING_SINCE[0] && minor >= RETURNING_SINCE[1]);
}

/** The control (read-only mode, cancelling) of the DataSource's database. @throws dialect/unsupported */
export function databaseControlOf(dataSource: DataSource): DatabaseControl {
  return loadFor(dataSource, CONTROLS);
}

/** How the schema of the DataSource's database is read and changed. @throws dialect/unsupported */
export function schemaDialectOf(dataSource: DataSource): SchemaDialect {
  return loadFor(dataSource, SCHEMA_DIALECTS);
}
