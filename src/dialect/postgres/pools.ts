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

function counts({ options, totalCount, idleCount, waitingCount }: Pool): Omit<PoolCounts, "name"> {
  return { size: options.max, inUse: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}
