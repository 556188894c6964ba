import type { Pool } from "pg";
import { onEveryConnect, type DatabaseControl } from "../database-control";
import { cancelQuery, isRunning, type CancellableClient } from "./cancel";
import { forbidWritesOf } from "./read-only-client";

/** pg's pool, with the list of its connections, which is not public. */
type KnownPool = Pool & { _clients?: CancellableClient[] };

interface Driver {
  master: KnownPool;
  slaves: KnownPool[];
  connect(): Promise<void>;
}

/** What a pool creates its clients with. */
interface ClientSource {
  readonly Client: new (options: object) => { readonly host: unknown };
  readonly options: { readonly stream?: unknown };
}

export const postgresControl: DatabaseControl = {
  hosts(dataSource) {
    const { master, slaves } = dataSource.driver as unknown as Driver;
    return [master, ...slaves].map((pool) => hostOf(pool as unknown as ClientSource));
  },
  forbidWrites: (dataSource) => onEveryConnect(dataSource.driver as unknown as Driver, forbidIn),
  // A server ends what it runs.
  makeStoppable: () => undefined,
  async cancel(dataSource) {
    const { master, slaves } = dataSource.driver as unknown as Driver;
    const running = [master, ...slaves].flatMap((pool) => (pool._clients ?? []).filter(isRunning));
    await Promise.all(running.map(cancelQuery));
  },
};

async function forbidIn({ master, slaves }: Driver): Promise<void> {
  for (const pool of [master, ...slaves]) {
    // Emitted before the statement that the connection was opened for.
    pool.on("connect", forbidWritesOf);
    const idle = await Promise.all(Array.from({ length: pool.idleCount }, () => pool.connect()));
    for (const client of idle) {
      forbidWritesOf(client);
      client.release();
    }
  }
}

/** The host of a client that the pool would create: from its options, a connection string, or the environment. */
function hostOf({ Client, options }: ClientSource): string | undefined {
  if (options.stream !== undefined) return undefined;
  const { host } = new Client(options);
  return typeof host === "string" ? host : undefined;
}
