/** The connections of a pool, now. */
export interface PoolCounts {
  /** `master`; with `replication` also `replicas`, all of them together. */
  readonly name: "master" | "replicas";
  /** How many connections it may have: `poolSize` of the DataSource. */
  readonly size: number;
  /** Connections that somebody holds: sessions, and code that uses TypeORM itself. */
  readonly inUse: number;
  /** Connections that are open, and that nobody holds. */
  readonly idle: number;
  /** How many wait for a connection. */
  readonly waiting: number;
}

/** Several pools as one. */
export function summed(name: PoolCounts["name"], pools: readonly Omit<PoolCounts, "name">[]): PoolCounts[] {
  if (pools.length === 0) return [];
  const sum = (of: keyof Omit<PoolCounts, "name">): number => pools.reduce((total, pool) => total + pool[of], 0);
  return [{ name, size: sum("size"), inUse: sum("inUse"), idle: sum("idle"), waiting: sum("waiting") }];
}
