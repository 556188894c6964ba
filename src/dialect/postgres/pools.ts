import type { Pool } from "pg";
import type { DataSource } from "typeorm";
import { summed, type PoolCounts } from "../pool-counts";

interface Driver {
  /** Undefined until the DataSource is initialised. */
  readonly master: Pool | undefined;
  /** With replication. */
  readonly slaves: readonly Pool[];
}

/** The pools of pg. */
export function postgresPools({ driver }: DataSource): PoolCounts[] {
  const { master, slaves } = driver as unknown as Driver;
  if (!master) return [];
  return [...summed("master", [counts(master)]), ...summed("replicas", slaves.map(counts))];
}

/** Whether somebody waits for a connection. It is asked after every statement outside a transaction. */
export function arePostgresPoolsAwaited({ driver }: DataSource): boolean {
  const { master, slaves } = driver as unknown as Driver;
  return (master?.waitingCount ?? 0) > 0 || slaves.some(({ waitingCount }) => waitingCount > 0);
}

function counts({ options, totalCount, idleCount, waitingCount }: Pool): Omit<PoolCounts, "name"> {
  return { size: options.max, inUse: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}
