import type { DataSource } from "typeorm";
import { summed, type PoolCounts } from "../pool-counts";

/** The parts of TypeORM's driver that have its pools: one, or with `replication` a cluster that creates each at its first use. */
export interface PoolSource<Pool> {
  readonly pool?: Pool;
  readonly poolCluster?: { readonly _nodes: Readonly<Record<string, { readonly pool: Pool }>> };
}

/** What TypeORM calls the master in the cluster. */
const MASTER = "MASTER";

/** The pools of a driver, with TypeORM's names: MASTER, SLAVE0 … */
export function namedPools<Pool>({ pool, poolCluster }: PoolSource<Pool>): (readonly [name: string, pool: Pool])[] {
  if (pool) return [[MASTER, pool]];
  return Object.entries(poolCluster?._nodes ?? {}).map(([name, node]) => [name, node.pool] as const);
}

/** mysql2's pool; its queues are not public. */
interface CountedPool {
  readonly config: { readonly connectionLimit: number };
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  /** Those that wait for a connection. */
  readonly _connectionQueue: { readonly length: number };
}

/** The figures of mysql2's pools. */
export function mysqlPools({ driver }: DataSource): PoolCounts[] {
  const pools = namedPools(driver as unknown as PoolSource<CountedPool>);
  const [masters, replicas] = [true, false].map((isMaster) =>
    pools.filter(([name]) => (name === MASTER) === isMaster).map(([, pool]) => counts(pool)),
  );
  return [...summed("master", masters!), ...summed("replicas", replicas!)];
}

/** Whether somebody waits for a connection. It is asked after every statement outside a transaction. */
export function areMysqlPoolsAwaited({ driver }: DataSource): boolean {
  const pools = namedPools(driver as unknown as PoolSource<CountedPool>);
  return pools.some(([, { _connectionQueue }]) => _connectionQueue.length > 0);
}

function counts({
  config,
  _allConnections,
  _freeConnections,
  _connectionQueue,
}: CountedPool): Omit<PoolCounts, "name"> {
  const idle = _freeConnections.length;
  const inUse = _allConnections.length - idle;
  return { size: config.connectionLimit, inUse, idle, waiting: _connectionQueue.length };
}
