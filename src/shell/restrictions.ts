import type { DataSourceOptions } from "typeorm";
import { wildcard } from "../text";
import { optionsExclude } from "./errors";
import type { ShellOptions } from "./shell";
import type { ShellDatabase } from "./world";

/** What a sitting may do to its database. */
export interface Restrictions {
  /** Everything is rolled back at the end. */
  readonly sandbox: boolean;
  /** Nothing can be written: because that was asked for, or because the database is not close by. */
  readonly readOnly: "asked" | "guarded" | undefined;
}

/** Decides over them: what was asked for, and whose database it is. */
export function restrictionsOf({ db, settings, readOnly, write, sandbox }: ShellOptions): Restrictions {
  if (readOnly && write) throw optionsExclude("--read-only", "--write");
  const guarded = !write && isGuarded(db.dataSource.options, settings);
  return { sandbox: sandbox ?? false, readOnly: readOnly ? "asked" : guarded ? "guarded" : undefined };
}

/** Tells the database. Nothing may have been sent before. */
export async function restrict(db: ShellDatabase, { sandbox, readOnly }: Restrictions): Promise<void> {
  if (readOnly || sandbox) await db.forbidWrites();
  // In a sandbox the session alone may write, in a transaction that is never committed.
  if (sandbox && !readOnly) db.session.sandbox();
}

/** Whether a database is opened for reading only: its host is neither close by nor trusted, or is named as guarded. */
export function isGuarded(
  options: DataSourceOptions,
  settings: { readonly guard?: readonly string[]; readonly trust?: readonly string[] } = {},
): boolean {
  const { host, isLocal } = hostOf(options);
  if (host === undefined) return false;
  if (settings.guard?.some((pattern) => wildcard(pattern).test(host))) return true;
  return !isLocal && !settings.trust?.some((pattern) => wildcard(pattern).test(host));
}

/** Where the database is. A file, a socket, this machine, a private address and a one-word name count as close by. */
export function hostOf(options: DataSourceOptions): { host: string | undefined; isLocal: boolean } {
  const { host, url, socketPath, replication } = options as Server;
  if (socketPath) return { host: undefined, isLocal: true };
  const master = replication?.master;
  // A url wins over a host: that is how TypeORM reads its options.
  const named = hostnameOf(url ?? master?.url) ?? host ?? master?.host;
  if (named === undefined || named === "") return { host: undefined, isLocal: true };
  return { host: named, isLocal: isLocalHost(named) };
}

interface Server {
  readonly host?: string;
  readonly url?: string;
  readonly socketPath?: string;
  readonly replication?: { readonly master?: { readonly host?: string; readonly url?: string } };
}

export function isLocalHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name.startsWith("/") || name === "localhost" || name.endsWith(".localhost")) return true;
  if (name.includes(":")) return /^(::1?$|fe[89ab]|f[cd]|::ffff:(127|10)\.)/.test(name);
  const parts = name.split(".").map(Number);
  if (parts.length === 4 && parts.every((part) => part >= 0 && part <= 255)) {
    const [a, b] = parts as [number, number];
    return (
      a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
    );
  }
  return !name.includes(".");
}

function hostnameOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, searchParams } = new URL(url);
  // postgres://…/name?host=/var/run/postgresql
  return searchParams.get("host") ?? searchParams.get("socketPath") ?? hostname;
}
