import type { DataSource } from "typeorm";
import { unsupportedDatabase } from "./errors";

/** The databases that Retort knows; engines that speak PostgreSQL's protocol count as PostgreSQL. */
export type DatabaseType = "sqlite" | "postgres" | "mysql";

const DATABASE_TYPES: Partial<Record<DataSource["options"]["type"], DatabaseType>> = {
  "better-sqlite3": "sqlite",
  postgres: "postgres",
  cockroachdb: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

/** Which of them a DataSource speaks to. @throws unsupportedDatabase where it is none */
export function databaseTypeOf({ options }: DataSource): DatabaseType {
  const family = DATABASE_TYPES[options.type];
  if (!family) throw unsupportedDatabase(options.type);
  return family;
}
