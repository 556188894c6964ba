import type { PoolClient, QueryArrayConfig } from "pg";
import type { Row } from "../dialect";
import type { DriverComplaint } from "../errors";
import { ServerConnection, type DriverAnswer } from "../server-connection";
import { complaintOf } from "./complaint";

export class PostgresConnection extends ServerConnection<PoolClient> {
  #cursors = 0;

  protected async send(client: PoolClient, sql: string, parameters: readonly unknown[]): Promise<DriverAnswer> {
    const query: QueryArrayConfig = { text: sql, values: parameters as unknown[], rowMode: "array" };
    const { rows, rowCount } = await client.query<Row>(query);
    return { rows: rows ?? [], result: { changes: rowCount ?? 0, lastId: undefined } };
  }

  protected complaintOf(error: unknown): DriverComplaint {
    return complaintOf(error);
  }

  /** A server-side cursor; it lives in a transaction, so one is opened for it where the session has none. */
  protected async *cursor(client: PoolClient, sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const name = `retort_cursor_${++this.#cursors}`;
    const own = !this.inTransaction;
    if (own) await client.query("START TRANSACTION READ ONLY");
    try {
      await client.query({ text: `DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`, values: parameters as unknown[] });
      for (;;) {
        const { rows } = await client.query<Row>({ text: `FETCH ${portion} FROM ${name}`, rowMode: "array" } as QueryArrayConfig);
        if (rows.length === 0) break;
        yield rows;
      }
      await client.query(`CLOSE ${name}`);
    } finally {
      if (own) await client.query("ROLLBACK");
    }
  }
}
