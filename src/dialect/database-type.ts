import type { DataSource } from "typeorm";

/** The supported databases. An engine with PostgreSQL's protocol counts as PostgreSQL, and MariaDB as MySQL. */
export type DatabaseType = "sqlite" | "postgres" | "mysql";

/** The databases, as messages call them. */
export const DATABASES: Readonly<Record<DatabaseType, string>> = {
  sqlite: "SQLite",
  postgres: "PostgreSQL",
  mysql: "MySQL or MariaDB",
};

const TYPES: Partial<Record<DataSource["options"]["type"], DatabaseType>> = {
  "better-sqlite3": "sqlite",
  postgres: "postgres",
  cockroachdb: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

/** The database that a DataSource connects to; undefined for one that is not supported. */
export function databaseTypeOf({ options }: Pick<DataSource, "options">): DatabaseType | undefined {
  return TYPES[options.type];
}
