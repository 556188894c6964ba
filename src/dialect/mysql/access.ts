import type { Pool, PoolConnection } from "mysql2";
import type { Access } from "../access";

const FORBID = "SET SESSION TRANSACTION READ ONLY";

interface Driver {
  pool: Pool & { _freeConnections?: { length: number } };
}

export const mysqlAccess: Access = {
  async forbidWrites(dataSource) {
    const { pool } = dataSource.driver as unknown as Driver;
    // Sent before whatever the connection is made for.
    pool.on("connection", (connection) => connection.query(FORBID));
    const idle = Array.from({ length: pool._freeConnections?.length ?? 1 }, () => take(pool));
    for (const connection of await Promise.all(idle)) await forbidOn(connection);
  },
  allowWrites: "SET SESSION TRANSACTION READ WRITE",
  async cancel(dataSource, queryRunner) {
    if (queryRunner.isReleased) return;
    const { threadId } = (await queryRunner.connect()) as { threadId?: number };
    // Over another connection: this one is busy.
    if (threadId !== undefined) await dataSource.query(`KILL QUERY ${threadId}`);
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
