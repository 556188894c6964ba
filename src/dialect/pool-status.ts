import type { DataSource } from "typeorm";
import { dialectOf } from "./dialects";
import type { PoolCounts } from "./pool-counts";
import { poolUsersOf, type PoolUser } from "./pool-users";

/** A session that holds a connection. */
export interface PoolHolder {
  /** The session's label. */
  readonly session: string;
  /** What it holds the connection for. */
  readonly purpose: "transaction" | "statement" | "stream";
  /** For how long, in milliseconds. */
  readonly milliseconds: number;
  /** The last statement that it sent. */
  readonly statement: string | undefined;
}

/** A pool of connections, as `db.pools()` gives it. */
export interface PoolStatus extends PoolCounts {
  /** Sessions that hold a connection, the one that has held it for longest first. */
  readonly holders: readonly PoolHolder[];
}

/** The pools of a DataSource, with the sessions that hold their connections. */
export function poolsOf(dataSource: DataSource): PoolStatus[] {
  const users = poolUsersOf(dataSource).all();
  return dialectOf(dataSource)
    .pools(dataSource)
    .map((counts) => ({
      ...counts,
      holders: users.filter(({ isReplica }) => isReplica === (counts.name === "replicas")).map(holder),
    }));
}

function holder({ session, purpose, since, lastStatement }: PoolUser): PoolHolder {
  return { session, purpose: purpose(), milliseconds: performance.now() - since, statement: lastStatement() };
}
