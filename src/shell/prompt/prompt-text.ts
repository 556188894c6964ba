import path from "node:path";
import type { DataSourceOptions } from "typeorm";
import { ansi, escapeLine, join, type EscapedText } from "../../terminal/escaped-text";
import type { ShellContext } from "../context";
import { remoteHostOf } from "../restrictions";

/** `microblog ●2 > `: the database and the state of the session. */
export function promptText({ db, output, restrictions, unsaved }: ShellContext): EscapedText {
  const { style } = output;
  const { session, dataSource } = db;
  const host = remoteHostOf(dataSource);
  const name = databaseName(dataSource.options);
  const marks = [
    restrictions.sandbox && style.warn(ansi`sandbox`),
    restrictions.readOnly && style.good(ansi`read-only`),
    unsaved > 0 && style.warn(ansi`●${unsaved}`),
    // An open transaction holds locks.
    session.inTransaction && style.bad(ansi`◆`),
    session.failure && style.bad(ansi`✗`),
  ].filter((mark): mark is EscapedText => typeof mark === "string");
  const title = host === undefined ? style.bold(escapeLine(name)) : style.bad(escapeLine(`${name}@${host}`));
  return ansi`${join([title, ...marks], ansi` `)} > `;
}

/** A short name of the database: that of the file, or that on the server. */
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
