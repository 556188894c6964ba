import { shorten } from "../../history/statement";

/** A connection that has a lock which a migration waits for. */
export interface LockHolder {
  readonly id: number;
  readonly user: string | null;
  /** The program, or the host, where the server knows it. */
  readonly program: string | null;
  /** What it does: `idle in transaction`. */
  readonly state: string | null;
  /** Its present statement, or the last one. */
  readonly query: string | null;
  /** Since it began its transaction. */
  readonly seconds: number | null;
}

/** `"user" is locked by connection 4711 (postgres, psql, idle in transaction for 12 s: SELECT …)` */
export function holdersText(object: string | null, holders: readonly LockHolder[]): string {
  return `${object ?? "it"} is locked by ${holders.map(holderText).join(" and ")}`;
}

/** `connection 4711 (postgres, psql, idle in transaction for 12 s: SELECT …)` */
export function holderText({ id, user, program, state, query, seconds }: LockHolder): string {
  const since = seconds === null ? "" : ` for ${Number(seconds)} s`;
  const doing = `${state ?? "in a transaction"}${since}${query ? `: ${shorten(query, 60)}` : ""}`;
  return `connection ${id} (${[user, program, doing].filter(Boolean).join(", ")})`;
}
