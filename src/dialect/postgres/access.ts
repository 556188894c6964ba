import type { Pool, PoolClient } from "pg";
import type { Access } from "../access";

const FORBID = "SET default_transaction_read_only = on";

interface Driver {
  master: Pool;
  slaves: Pool[];
}

export const postgresAccess: Access = {
  async forbidWrites(dataSource) {
    const { master, slaves } = dataSource.driver as unknown as Driver;
    for (const pool of [master, ...slaves]) {
      // Sent before whatever the connection is made for.
      pool.on("connect", (client) => void client.query(FORBID).catch(() => client.release(true)));
      await Promise.all(Array.from({ length: pool.idleCount }, () => forbidOn(pool)));
    }
  },
  allowWrites: "SET default_transaction_read_only = off",
  async cancel(dataSource, queryRunner) {
    if (queryRunner.isReleased) return;
    const { processID } = (await queryRunner.connect()) as { processID?: number };
    // Over another connection: this one is busy.
    if (processID !== undefined) await dataSource.query("SELECT pg_cancel_backend($1)", [processID]);
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
