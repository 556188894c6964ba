import path from "node:path";
import type { DataSourceOptions } from "typeorm";
import type { Sitting } from "../sitting";

/** `microblog ●2 > `: the database, and what the session holds. */
export function promptText(sitting: Sitting): string {
  const { theme, unsaved } = sitting;
  const { session, dataSource } = sitting.db;
  const { host, isLocal } = hostOf(dataSource.options);
  const name = databaseName(dataSource.options);
  const marks = [
    sitting.isSandbox && theme.warning("sandbox"),
    sitting.isReadOnly && theme.good("read-only"),
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

/** Where the database is. A file, a socket, this machine, a private address and a one-word name count as local. */
export function hostOf(options: DataSourceOptions): { host: string | undefined; isLocal: boolean } {
  const { host, url, socketPath } = options as { host?: string; url?: string; socketPath?: string };
  if (socketPath) return { host: undefined, isLocal: true };
  const named = host ?? (url ? hostnameOf(url) : undefined);
  if (named === undefined || named === "") return { host: undefined, isLocal: true };
  return { host: named, isLocal: isLocalHost(named) };
}

export function isLocalHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name.startsWith("/") || name === "localhost" || name.endsWith(".localhost")) return true;
  if (name.includes(":")) return /^(::1$|fe[89ab]|f[cd]|::ffff:(127|10)\.)/.test(name);
  const parts = name.split(".").map(Number);
  if (parts.length === 4 && parts.every((part) => part >= 0 && part <= 255)) {
    const [a, b] = parts as [number, number];
    return (
      a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
    );
  }
  return !name.includes(".");
}

function hostnameOf(url: string): string | undefined {
  try {
    const { hostname, searchParams } = new URL(url);
    return searchParams.get("host") ?? hostname;
  } catch {
    return undefined;
  }
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname.replace(/^\//, "");
  } catch {
    return "";
  }
}
