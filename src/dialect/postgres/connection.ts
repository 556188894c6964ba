import type { Client, PoolClient, QueryArrayConfig } from "pg";
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

  protected beginning(isolationLevel: string | undefined): readonly string[] {
    return [`START TRANSACTION${isolationLevel === undefined ? "" : ` ISOLATION LEVEL ${isolationLevel}`}`];
  }

  protected complaintOf(error: unknown): DriverComplaint {
    return complaintOf(error);
  }

  /** The pool drops clients that have ended. */
  protected discard(client: PoolClient): void {
    void (client as unknown as Client).end().catch(() => undefined);
  }

  /** A cursor lives in a transaction. */
  protected async *cursor(
    client: PoolClient,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
  ): AsyncIterable<Row[]> {
    await client.query("START TRANSACTION READ ONLY");
    try {
      const name = await this.#declare(client, "NO SCROLL CURSOR", sql, parameters);
      yield* fetched(client, name, portion);
    } finally {
      await client.query("ROLLBACK");
    }
  }

  /** WITH HOLD: it outlives the commit. */
  protected async *cursorInside(
    client: PoolClient,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
  ): AsyncIterable<Row[]> {
    const name = await this.#declare(client, "NO SCROLL CURSOR WITH HOLD", sql, parameters);
    let gone = false;
    try {
      yield* fetched(client, name, portion);
    } catch (error) {
      gone = true;
      throw error;
    } finally {
      if (!gone) await client.query(`CLOSE ${name}`);
    }
  }

  async #declare(client: PoolClient, kind: string, sql: string, parameters: readonly unknown[]): Promise<string> {
    const name = `retort_cursor_${++this.#cursors}`;
    await client.query({ text: `DECLARE ${name} ${kind} FOR ${sql}`, values: parameters as unknown[] });
    return name;
  }
}

async function* fetched(client: PoolClient, name: string, portion: number): AsyncIterable<Row[]> {
  for (;;) {
    const { rows } = await client.query<Row>({
      text: `FETCH ${portion} FROM ${name}`,
      rowMode: "array",
    } as QueryArrayConfig);
    if (rows.length === 0) return;
    yield rows;
  }
}
