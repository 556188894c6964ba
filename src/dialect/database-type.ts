import type { DataSource } from "typeorm";
import { unsupportedDatabase } from "./errors";

/** The databases that Retort knows; engines that speak PostgreSQL's protocol count as PostgreSQL. */
export type Family = "sqlite" | "postgres" | "mysql";

const FAMILIES: Partial<Record<DataSource["options"]["type"], Family>> = {
  "better-sqlite3": "sqlite",
  postgres: "postgres",
  cockroachdb: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

/** Which of them a DataSource speaks to. @throws unsupportedDatabase where it is none */
export function familyOf({ options }: DataSource): Family {
  const family = FAMILIES[options.type];
  if (!family) throw unsupportedDatabase(options.type);
  return family;
}
