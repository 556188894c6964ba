import path from "node:path";
import type { DataSourceOptions } from "typeorm";
import { hostOf } from "../restrictions";
import type { Repl } from "../repl";

/** `microblog ●2 > `: the database, and what the session holds. */
export function promptText(sitting: Repl): string {
  const { theme, unsaved } = sitting;
  const { session, dataSource } = sitting.db;
  const { host, isLocal } = hostOf(dataSource.options);
  const name = databaseName(dataSource.options);
  const marks = [
    sitting.restrictions.sandbox && theme.warning("sandbox"),
    sitting.restrictions.readOnly && theme.good("read-only"),
    unsaved > 0 && theme.warning(`●${unsaved}`),
    // An open transaction holds locks.
    session.inTransaction && theme.bad("◆"),
    session.failure && theme.bad("✗"),
  ].filter((mark): mark is string => typeof mark === "string");
  const title = isLocal ? theme.strong(name) : theme.bad(`${name}@${host}`);
  return `${[title, ...marks].join(" ")} > `;
}

/** What a person calls the database: the file's name, or the database's on its server. */
export function databaseName(options: DataSourceOptions): string {
  const { database, url } = options as { database?: unknown; url?: string };
  if (typeof database === "string" && database !== "") {
    return database === ":memory:" ? "memory" : path.basename(database).replace(/\.(sqlite3?|db3?)$/, "");
  }
  return (url && pathOf(url)) || options.type;
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname.replace(/^\//, "");
  } catch {
    return "";
  }
}
