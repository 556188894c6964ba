import fs from "node:fs";
import path from "node:path";
import type { DataSourceOptions } from "typeorm";
import { noDatabase, unknownAddress } from "./errors";

/** Scheme of an address → TypeORM's type of the server. */
const SERVERS: Readonly<Record<string, "postgres" | "mysql" | "mariadb">> = {
  postgres: "postgres",
  postgresql: "postgres",
  mysql: "mysql",
  mariadb: "mariadb",
};

/**
 * The options of a DataSource for an address: `postgres://user@host/name`, `mysql://…`, `sqlite:file`, or an SQLite file.
 * @throws cli/unknown-address, cli/no-database
 */
export function optionsOfAddress(address: string, cwd: string): DataSourceOptions {
  const [, scheme = "", rest = ""] = /^([a-z][\w+.-]*):(.*)$/is.exec(address) ?? [];
  const server = SERVERS[scheme.toLowerCase()];
  if (server) return { type: server, url: address } as DataSourceOptions;
  const isFile = /^(sqlite3?|file)$/i.test(scheme);
  // A misspelt address is no path: it may hold a password, which the error must not show.
  if (!isFile && /\/\/|@/.test(address)) throw unknownAddress(/^[\w+.-]*/.exec(address)![0]);
  const file = path.resolve(cwd, isFile ? rest.replace(/^\/\/(?=\/|[^/])/, "") : address);
  if (!fs.existsSync(file)) throw noDatabase(file);
  return { type: "better-sqlite3", database: file } as DataSourceOptions;
}
