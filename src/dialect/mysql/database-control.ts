import type { Pool, PoolConnection } from "mysql2";
import { onEveryConnect, type DatabaseControl } from "../database-control";
import { cancelIn, type Mysql, type Running } from "./cancel";
import { namedPools, type PoolSource } from "./pools";
import { forbidWritesOf } from "./read-only-connection";

/** mysql2's pool, with the lists of its connections, which are not public. */
type KnownPool = Pool & {
  _freeConnections?: { length: number };
  _allConnections?: { toArray(): readonly Running[] };
  readonly config?: { readonly connectionConfig: object };
};

interface Driver extends PoolSource<KnownPool> {
  connect(): Promise<void>;
  /** The package mysql2. */
  readonly mysql: Mysql;
}

/** The options of a pool's connections, as mysql2 resolved them. */
interface Resolved {
  readonly config: {
    readonly connectionConfig: { readonly host?: string; readonly socketPath?: string; readonly stream?: unknown };
  };
}

export const mysqlControl: DatabaseControl = {
  hosts: (dataSource) =>
    poolsOf(dataSource.driver as unknown as Driver).map((pool) => hostOf(pool as unknown as Resolved)),
  forbidWrites: (dataSource) => onEveryConnect(dataSource.driver as unknown as Driver, forbidIn),
  // A server ends what it runs.
  makeStoppable: () => undefined,
  async cancel(dataSource) {
    const driver = dataSource.driver as unknown as Driver;
    await Promise.all(poolsOf(driver).map((pool) => cancelIn(pool, driver.mysql)));
  },
};

function poolsOf(driver: Driver): KnownPool[] {
  return namedPools(driver).map(([, pool]) => pool);
}

function hostOf({ config: { connectionConfig } }: Resolved): string | undefined {
  const { stream, socketPath, host } = connectionConfig;
  return stream === undefined ? (socketPath ?? host) : undefined;
}

async function forbidIn(driver: Driver): Promise<void> {
  for (const pool of poolsOf(driver)) {
    // Emitted before the statement that the connection was opened for.
    pool.on("connection", forbidWritesOf);
    const idle = await Promise.all(Array.from({ length: pool._freeConnections?.length ?? 0 }, () => take(pool)));
    for (const connection of idle) {
      forbidWritesOf(connection);
      connection.release();
    }
  }
}

function take(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });
}
