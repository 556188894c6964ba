import type { DataSourceOptions } from "typeorm";
import { wildcard } from "../text";
import { optionsExclude } from "./errors";
import type { ShellOptions } from "./options";
import type { Database } from "../session/database";

/** What the shell may do to its database. */
export interface Restrictions {
  /** Everything is rolled back at the end. */
  readonly sandbox: boolean;
  /** Nothing can be written: by `--read-only`, or because the host is guarded. */
  readonly readOnly: "asked" | "guarded" | undefined;
}

/** The restrictions that the options ask for and the host requires. */
export function restrictionsOf({ db, settings, readOnly, write, sandbox }: ShellOptions): Restrictions {
  if (readOnly && write) throw optionsExclude("--read-only", "--write");
  const guarded = !write && isGuarded(db.dataSource.options, settings);
  return { sandbox: sandbox ?? false, readOnly: readOnly ? "asked" : guarded ? "guarded" : undefined };
}

/** Applies restrictions to a database that nothing was sent to yet. */
export async function restrict(db: Database, { sandbox, readOnly }: Restrictions): Promise<void> {
  if (readOnly || sandbox) await db.forbidWrites();
  // Only the session may write in a sandbox, in a transaction that is never committed.
  if (sandbox && !readOnly) db.session.sandbox();
}

/** Whether the database opens read-only: its host is neither local nor trusted, or is guarded by the settings. */
export function isGuarded(
  options: DataSourceOptions,
  settings: { readonly guard?: readonly string[]; readonly trust?: readonly string[] } = {},
): boolean {
  const { host, isLocal } = hostOf(options);
  if (host === undefined) return false;
  if (settings.guard?.some((pattern) => wildcard(pattern).test(host))) return true;
  return !isLocal && !settings.trust?.some((pattern) => wildcard(pattern).test(host));
}

/** The host of the database. A file, a socket, this machine, private addresses and one-word names count as local. */
export function hostOf(options: DataSourceOptions): { host: string | undefined; isLocal: boolean } {
  const { host, url, socketPath, replication } = options as Server;
  if (socketPath) return { host: undefined, isLocal: true };
  const master = replication?.master;
  // In TypeORM a url overrides a host.
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
