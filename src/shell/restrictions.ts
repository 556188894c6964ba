import { isIPv4, isIPv6 } from "node:net";
import type { DataSource } from "typeorm";
import { databaseControlOf } from "../dialect/dialects";
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
  const guarded = !write && isGuarded(db.dataSource, settings);
  return { sandbox: sandbox ?? false, readOnly: readOnly ? "asked" : guarded ? "guarded" : undefined };
}

/** The restrictions of a database that takes the place of another one: those that hold already, and those that its host requires. */
export function restrictionsAfter(before: Restrictions, options: ShellOptions): Restrictions {
  return { ...before, readOnly: before.readOnly ?? restrictionsOf({ ...options, readOnly: false }).readOnly };
}

/** Applies restrictions to a database that nothing was sent to yet. */
export async function restrict(db: Database, { sandbox, readOnly }: Restrictions): Promise<void> {
  if (readOnly || sandbox) await db.forbidWrites();
  // Only the session may write in a sandbox, in a transaction that is never committed.
  if (sandbox && !readOnly) db.session.sandbox();
}

type Guards = { readonly guard?: readonly string[]; readonly trust?: readonly string[] };

/** Whether the database opens read-only: a host is neither local nor trusted, or is guarded by the settings. */
export function isGuarded(dataSource: DataSource, settings: Guards = {}): boolean {
  const matches = (patterns: readonly string[] | undefined, host: string): boolean =>
    patterns?.some((pattern) => wildcard(pattern).test(host)) === true;
  return databaseControlOf(dataSource)
    .hosts(dataSource)
    .some((host) => {
      if (host === undefined) return true;
      return matches(settings.guard, host) || (!isLocalHost(host) && !matches(settings.trust, host));
    });
}

/** The host to name where the database is not local; undefined for a local one. */
export function remoteHostOf(dataSource: DataSource): string | undefined {
  const hosts = databaseControlOf(dataSource).hosts(dataSource);
  const remote = hosts.filter((host) => host === undefined || !isLocalHost(host));
  return remote.length === 0 ? undefined : (remote[0] ?? UNKNOWN_HOST);
}

/** The host of the database to show; undefined for a file or a socket. */
export function hostOf(dataSource: DataSource): string | undefined {
  const remote = remoteHostOf(dataSource);
  if (remote !== undefined) return remote;
  return databaseControlOf(dataSource)
    .hosts(dataSource)
    .find((host) => host !== undefined && !host.startsWith("/"));
}

const UNKNOWN_HOST = "a host that cannot be known";

/** Names by which containers reach the machine that they run on. */
const CONTAINER_HOSTS = new Set(["host.docker.internal", "host.containers.internal"]);

/**
 * Whether a host counts as local: a socket, this machine, private addresses, one-word names, and the names by which a container reaches
 * its machine. Whatever else it could be counts as remote.
 */
export function isLocalHost(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (name.startsWith("/") || name === "localhost" || name.endsWith(".localhost")) return true;
  if (CONTAINER_HOSTS.has(name)) return true;
  if (isIPv6(name)) return isLocalIPv6(name);
  // `134744072` and `0x8080808` are addresses as well; so is `010.1.2.3`, which is 8.1.2.3.
  if (/^[\d.]|^0x/.test(name)) return isIPv4(name) && isLocalIPv4(name);
  return /^[\w-]+$/.test(name);
}

function isLocalIPv4(address: string): boolean {
  const [a, b] = address.split(".").map(Number) as [number, number];
  return (
    a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
  );
}

/** The loopback address, link-local and unique local ones, and mapped addresses of IPv4. */
function isLocalIPv6(address: string): boolean {
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1];
  if (mapped !== undefined) return isLocalIPv4(mapped);
  return /^(::1|fe[89ab][\da-f]:.*|f[cd][\da-f]{2}:.*)$/.test(address);
}
