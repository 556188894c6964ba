import type { PoolConnection, ResultSetHeader } from "mysql2";
import type { Row } from "../dialect";
import type { DriverComplaint } from "../errors";
import { ServerConnection, type DriverAnswer } from "../server-connection";
import { complaintOf } from "./complaint";

export class MysqlConnection extends ServerConnection<PoolConnection> {
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

  protected complaintOf(error: unknown): DriverComplaint {
    return complaintOf(error);
  }

  /** mysql2 reads row by row from the socket and stops reading while nobody asks. */
  protected async *cursor(client: PoolConnection, sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const stream = client
      .query({ sql, values: parameters as unknown[], rowsAsArray: true })
      .stream({ highWaterMark: portion });
    let rows: Row[] = [];
    for await (const row of stream as AsyncIterable<Row>) {
      rows.push(row);
      if (rows.length === portion) {
        yield rows;
        rows = [];
      }
    }
    if (rows.length > 0) yield rows;
  }
}
