import type { DataSource } from "typeorm";
import { firstLine, pluralize } from "../text";
import { poolTimeout } from "./errors";

/** A session that holds a connection of the pool. */
export interface PoolUser {
  /** The session's label. */
  readonly session: string;
  /** Whether the connection is one to a replica. */
  readonly isReplica: boolean;
  /** What it holds the connection for. */
  readonly purpose: () => "transaction" | "statement" | "stream";
  /** When it took the connection, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** The last statement that it sent. */
  readonly lastStatement: () => string | undefined;
}

/** Sessions that use the connection pool of a DataSource. */
export class PoolUsers {
  readonly #users = new Set<PoolUser>();

  add(user: PoolUser): void {
    this.#users.add(user);
  }

  remove(user: PoolUser): void {
    this.#users.delete(user);
  }

  /** Those that hold a connection, the one that has held it for longest first. */
  all(): PoolUser[] {
    return [...this.#users].sort((left, right) => left.since - right.since);
  }

  /** Which sessions hold connections, what for, and since when. */
  describe(): string {
    const users = this.all();
    const [oldest] = users;
    if (!oldest) return "no session holds one, so code that uses TypeORM itself does";
    const purposes = (["transaction", "statement", "stream"] as const).flatMap((purpose) => {
      const count = users.filter((user) => user.purpose() === purpose).length;
      return count === 0 ? [] : [PURPOSES[purpose](count)];
    });
    const seconds = ((performance.now() - oldest.since) / 1000).toFixed(1);
    const statement = oldest.lastStatement();
    const last = statement === undefined ? "" : `; its last statement: ${shortened(statement)}`;
    const holds = users.length === 1 ? "holds" : "hold";
    return `${pluralize(users.length, "session")} ${holds} one (${purposes.join(", ")}), the oldest (${oldest.session}) for ${seconds} s${last}`;
  }
}

const PURPOSES: Record<ReturnType<PoolUser["purpose"]>, (count: number) => string> = {
  transaction: (count) => `${count} in a transaction`,
  statement: (count) => `${count} waiting for a statement`,
  stream: (count) => `${count} reading a stream`,
};

const LONGEST = 60;

function shortened(sql: string): string {
  const line = firstLine(sql);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

const usersOfDataSources = new WeakMap<DataSource, PoolUsers>();

/** The sessions that use the pool of this DataSource. */
export function poolUsersOf(dataSource: DataSource): PoolUsers {
  let users = usersOfDataSources.get(dataSource);
  if (!users) usersOfDataSources.set(dataSource, (users = new PoolUsers()));
  return users;
}

/**
 * Waits for a connection of the pool.
 *
 * @param late receives a connection that arrives after the time is over
 * @throws RetortError `database/pool-timeout` after `milliseconds`
 */
export function withinPoolTimeout<T>(
  connecting: Promise<T>,
  milliseconds: number,
  users: PoolUsers,
  late: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      connecting.then(late, () => undefined);
      reject(poolTimeout(milliseconds / 1000, users.describe()));
    }, milliseconds);
    connecting.then(
      (connection) => {
        clearTimeout(timer);
        resolve(connection);
      },
      (error: Error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
