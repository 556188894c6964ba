import type { Readable } from "node:stream";
import type { PoolConnection, ResultSetHeader } from "mysql2";
import type { Row } from "../dialect";
import { ServerConnection, type DriverResult } from "../server-connection";
import { readDriverError } from "./driver-error";

interface Driver {
  /** mysql2's pool, with those that wait for a connection, which are not public; undefined with replication. */
  pool?: { _connectionQueue?: { length: number } };
}

export class MysqlConnection extends ServerConnection<PoolConnection> {
  #streams = 0;

  protected async send(client: PoolConnection, sql: string, parameters: readonly unknown[]): Promise<DriverResult> {
    const answer = await sent(client, sql, parameters);
    if (Array.isArray(answer)) return { rows: answer, result: { changes: answer.length, lastId: undefined } };
    return { rows: [], result: { changes: answer.affectedRows, lastId: await lastIdOf(client, answer) } };
  }

  protected readonly readDriverError = readDriverError;

  protected discard(client: PoolConnection): void {
    client.destroy();
  }

  protected get isPoolExhausted(): boolean {
    const { pool } = this.dataSource.driver as unknown as Driver;
    return (pool?._connectionQueue?.length ?? 0) > 0;
  }

  /** mysql2 reads row by row from the socket, and pauses while no rows are requested. */
  protected async *streamOutsideTransaction(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    let isComplete = false;
    // mysql2 reports a lost connection as an event of the connection only, and the stream would wait for ever.
    const reading: { stream?: Readable; lost?: Error } = {};
    const onLost = (error: Error): void => {
      reading.lost = error;
      reading.stream?.destroy(error);
    };
    client.on("error", onLost);
    const stream = client
      .query({ sql, values: parameters as unknown[], rowsAsArray: true })
      .stream({ highWaterMark: batchSize });
    reading.stream = stream;
    if (reading.lost) stream.destroy(reading.lost);
    let rows: Row[] = [];
    try {
      for await (const row of stream as AsyncIterable<Row>) {
        rows.push(row);
        if (rows.length < batchSize) continue;
        yield rows;
        rows = [];
      }
      isComplete = true;
    } finally {
      client.off("error", onLost);
      // The connection cannot be used until the rest is read, which nobody needs.
      if (!isComplete) client.destroy();
    }
    if (rows.length > 0) yield rows;
  }

  /** A connection is busy until all rows are read, so the server stores them in a temporary table. */
  protected async *streamInTransaction(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    const table = `retort_stream_${++this.#streams}`;
    const position = "retort_position";
    await this.send(
      client,
      `CREATE TEMPORARY TABLE ${table} (${position} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ${sql}`,
      parameters,
    );
    try {
      for (let last = 0; ; last += batchSize) {
        const read = `SELECT * FROM ${table} WHERE ${position} > ${last} AND ${position} <= ${last + batchSize} ORDER BY ${position}`;
        const { rows } = await this.send(client, read, []);
        if (rows.length === 0) return;
        for (const row of rows) row.shift();
        yield rows;
      }
    } finally {
      await this.send(client, `DROP TEMPORARY TABLE IF EXISTS ${table}`, []);
    }
  }
}

function sent(client: PoolConnection, sql: string, parameters: readonly unknown[]): Promise<Row[] | ResultSetHeader> {
  return new Promise((resolve, reject) => {
    client.query({ sql, values: parameters as unknown[], rowsAsArray: true }, (error, result) => {
      if (error) reject(error);
      else resolve(result as unknown as Row[] | ResultSetHeader);
    });
  });
}

/** The driver reads keys beyond 2^53 as numbers, which are not exact; then the server is asked for its digits. */
async function lastIdOf(client: PoolConnection, { insertId }: ResultSetHeader): Promise<number | bigint | undefined> {
  if (Number.isSafeInteger(Number(insertId))) return Number(insertId) || undefined;
  const [row] = (await sent(client, "SELECT CAST(LAST_INSERT_ID() AS CHAR)", [])) as Row[];
  return BigInt(row![0] as string);
}
