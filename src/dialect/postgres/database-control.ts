import type { Pool, PoolClient } from "pg";
import type { DatabaseControl } from "../database-control";

const FORBID = "SET default_transaction_read_only = on";

/** pg's pool, with the list of its connections, which is not public. */
type KnownPool = Pool & { _clients?: { processID?: number }[] };

interface Driver {
  master: KnownPool;
  slaves: KnownPool[];
}

export const postgresControl: DatabaseControl = {
  async forbidWrites(dataSource) {
    const { master, slaves } = dataSource.driver as unknown as Driver;
    for (const pool of [master, ...slaves]) {
      // Sent before the statement that the connection was opened for.
      pool.on("connect", (client) => void client.query(FORBID).catch(() => client.release(true)));
      await Promise.all(Array.from({ length: pool.idleCount }, () => forbidOn(pool)));
    }
  },
  allowWrites: "SET default_transaction_read_only = off",
  async cancel(dataSource) {
    const { master, slaves } = dataSource.driver as unknown as Driver;
    for (const pool of [master, ...slaves]) {
      const pids = (pool._clients ?? []).flatMap(({ processID }) => (processID ? [processID] : []));
      // A free connection sends this: it must not cancel its own statement.
      await pool.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = ANY($1) AND state = 'active' AND pid <> pg_backend_pid()",
        [pids],
      );
    }
  },
};

async function forbidOn(pool: Pool): Promise<void> {
  const client: PoolClient = await pool.connect();
  try {
    await client.query(FORBID);
  } finally {
    client.release();
  }
}
