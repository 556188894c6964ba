import type { Pool, PoolConnection } from "mysql2";
import type { DatabaseControl } from "../database-control";

const FORBID = "SET SESSION TRANSACTION READ ONLY";

interface Driver {
  /** mysql2's pool, with the lists of its connections, which are not public. */
  pool: Pool & {
    _freeConnections?: { length: number };
    _allConnections?: { toArray(): { threadId: number }[] };
  };
}

export const mysqlControl: DatabaseControl = {
  async forbidWrites(dataSource) {
    const { pool } = dataSource.driver as unknown as Driver;
    // Sent before the statement that the connection was opened for.
    pool.on("connection", (connection) => connection.query(FORBID));
    const idle = Array.from({ length: pool._freeConnections?.length ?? 1 }, () => take(pool));
    for (const connection of await Promise.all(idle)) await forbidOn(connection);
  },
  allowWrites: "SET SESSION TRANSACTION READ WRITE",
  async cancel(dataSource) {
    const { pool } = dataSource.driver as unknown as Driver;
    const threads = (pool._allConnections?.toArray() ?? []).map(({ threadId }) => threadId).filter(Boolean);
    if (threads.length === 0) return;
    const running: { id: number }[] = await dataSource.query(
      `SELECT id AS id FROM information_schema.processlist WHERE id IN (${threads.join(", ")}) AND command <> 'Sleep' AND id <> CONNECTION_ID()`,
    );
    for (const { id } of running) await dataSource.query(`KILL QUERY ${id}`);
  },
};

function take(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });
}

function forbidOn(connection: PoolConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(FORBID, (error) => {
      connection.release();
      if (error) reject(error);
      else resolve();
    });
  });
}
