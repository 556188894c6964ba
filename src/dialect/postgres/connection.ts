import type { Client, PoolClient, QueryArrayConfig, QueryConfig, QueryResult } from "pg";
import type { Row } from "../dialect";
import type { DriverErrorFacts } from "../errors";
import { ServerConnection, type DriverAnswer } from "../server-connection";
import { readDriverError } from "./driver-error";

export class PostgresConnection extends ServerConnection<PoolClient> {
  #cursors = 0;

  protected async send(client: PoolClient, sql: string, parameters: readonly unknown[]): Promise<DriverAnswer> {
    const query: QueryArrayConfig = { text: sql, values: parameters as unknown[], rowMode: "array" };
    const { rows, rowCount } = await inTurn(client, query);
    return { rows: rows ?? [], result: { changes: rowCount ?? 0, lastId: undefined } };
  }

  protected complaintOf(error: unknown): DriverErrorFacts {
    return readDriverError(error);
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
    for (const text of this.dialect.beginTransaction({ readOnly: true })) await inTurn(client, { text });
    try {
      const name = await this.#declare(client, "NO SCROLL CURSOR", sql, parameters);
      yield* fetched(client, name, portion);
    } finally {
      await inTurn(client, { text: "ROLLBACK" });
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
      if (!gone) await inTurn(client, { text: `CLOSE ${name}` });
    }
  }

  async #declare(client: PoolClient, kind: string, sql: string, parameters: readonly unknown[]): Promise<string> {
    const name = `retort_cursor_${++this.#cursors}`;
    await inTurn(client, { text: `DECLARE ${name} ${kind} FOR ${sql}`, values: parameters as unknown[] });
    return name;
  }
}

async function* fetched(client: PoolClient, name: string, portion: number): AsyncIterable<Row[]> {
  for (;;) {
    const { rows } = await inTurn(client, { text: `FETCH ${portion} FROM ${name}`, rowMode: "array" });
    if (rows.length === 0) return;
    yield rows;
  }
}

/** The last query of each client. */
const turns = new WeakMap<PoolClient, Promise<unknown>>();

/** Sends a query when the client is done with those before: pg 9 refuses one that comes earlier, and pg 8 warns of that. */
function inTurn(client: PoolClient, query: QueryConfig | QueryArrayConfig): Promise<QueryResult<Row>> {
  const send = (): Promise<QueryResult<Row>> => client.query<Row>(query);
  const before = turns.get(client);
  const turn = before ? before.then(send, send) : send();
  turns.set(client, turn);
  const done = (): void => {
    if (turns.get(client) === turn) turns.delete(client);
  };
  turn.then(done, done);
  return turn;
}
