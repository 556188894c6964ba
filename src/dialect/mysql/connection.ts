import type { PoolConnection, ResultSetHeader } from "mysql2";
import type { Row } from "../dialect";
import type { DriverErrorFacts } from "../errors";
import { ServerConnection, type DriverAnswer } from "../server-connection";
import { readDriverError } from "./driver-error";

export class MysqlConnection extends ServerConnection<PoolConnection> {
  #streams = 0;

  protected async send(client: PoolConnection, sql: string, parameters: readonly unknown[]): Promise<DriverAnswer> {
    const answer = await new Promise<Row[] | ResultSetHeader>((resolve, reject) => {
      client.query({ sql, values: parameters as unknown[], rowsAsArray: true }, (error, result) => {
        if (error) reject(error);
        else resolve(result as unknown as Row[] | ResultSetHeader);
      });
    });
    if (Array.isArray(answer)) return { rows: answer, result: { changes: answer.length, lastId: undefined } };
    return { rows: [], result: { changes: answer.affectedRows, lastId: answer.insertId || undefined } };
  }

  protected complaintOf(error: unknown): DriverErrorFacts {
    return readDriverError(error);
  }

  protected discard(client: PoolConnection): void {
    client.destroy();
  }

  /** mysql2 reads row by row from the socket and stops reading while nobody asks. */
  protected async *cursor(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
  ): AsyncIterable<Row[]> {
    const stream = client
      .query({ sql, values: parameters as unknown[], rowsAsArray: true })
      .stream({ highWaterMark: portion });
    let rows: Row[] = [];
    let whole = false;
    try {
      for await (const row of stream as AsyncIterable<Row>) {
        rows.push(row);
        if (rows.length < portion) continue;
        yield rows;
        rows = [];
      }
      whole = true;
    } finally {
      // Nobody wants the rest, and before it is read the connection is good for nothing.
      if (!whole) client.destroy();
    }
    if (rows.length > 0) yield rows;
  }

  /** A connection is busy until its rows are read to the end, so the server keeps them apart and gives them in portions. */
  protected async *cursorInside(
    client: PoolConnection,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
  ): AsyncIterable<Row[]> {
    const table = `retort_stream_${++this.#streams}`;
    const position = "retort_position";
    await this.send(
      client,
      `CREATE TEMPORARY TABLE ${table} (${position} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ${sql}`,
      parameters,
    );
    try {
      for (let last = 0; ; last += portion) {
        const read = `SELECT * FROM ${table} WHERE ${position} > ${last} AND ${position} <= ${last + portion} ORDER BY ${position}`;
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
