import type { Client, PoolClient, QueryArrayConfig, QueryConfig, QueryResult } from "pg";
import type { Row } from "../dialect";
import type { DatabaseAddress } from "../events";
import { ServerConnection, type DriverResult } from "../server-connection";
import { streamEnded } from "../errors";
import { readDriverError } from "./driver-error";
import { arePostgresPoolsAwaited } from "./pools";

export class PostgresConnection extends ServerConnection<PoolClient> {
  #cursors = 0;

  protected send(client: PoolClient, sql: string, parameters: readonly unknown[]): Promise<DriverResult> {
    return queued(client, { text: sql, values: parameters as unknown[], rowMode: "array" }, driverResultOf);
  }

  protected readonly readDriverError = readDriverError;

  protected get isPoolAwaited(): boolean {
    return arePostgresPoolsAwaited(this.dataSource);
  }

  /** The pool drops clients that have ended. */
  protected discard(client: PoolClient): void {
    void (client as unknown as Client).end().catch(() => undefined);
  }

  protected addressOf({ database, host, port }: PoolClient): DatabaseAddress {
    const system = this.dataSource.options.type === "cockroachdb" ? "cockroachdb" : this.dialect.systemName;
    return { system, namespace: database, address: host, port };
  }

  /** A cursor needs a transaction. */
  protected async *streamOutsideTransaction(
    client: PoolClient,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    for (const text of this.dialect.beginTransaction({ readOnly: true })) await queued(client, { text });
    try {
      const name = await this.#declare(client, "NO SCROLL CURSOR", sql, parameters);
      yield* fetched(client, name, batchSize);
    } finally {
      await queued(client, { text: "ROLLBACK" });
    }
  }

  /** A cursor WITH HOLD outlives the commit, but behind a pooler it would stay on a connection that is given to others then. */
  protected async *streamInTransaction(
    client: PoolClient,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]> {
    const isPooled = await isBehindPooler(client);
    const name = await this.#declare(client, `NO SCROLL CURSOR${isPooled ? "" : " WITH HOLD"}`, sql, parameters);
    let isClosed = false;
    try {
      yield* fetched(client, name, batchSize);
    } catch (error) {
      isClosed = true;
      throw isPooled && (error as { code?: unknown }).code === NO_SUCH_CURSOR ? streamEnded(error) : error;
    } finally {
      isClosed ||= isPooled && !this.inTransaction;
      if (!isClosed) await queued(client, { text: `CLOSE ${name}` });
    }
  }

  async #declare(client: PoolClient, kind: string, sql: string, parameters: readonly unknown[]): Promise<string> {
    const name = `retort_cursor_${++this.#cursors}`;
    await queued(client, { text: `DECLARE ${name} ${kind} FOR ${sql}`, values: parameters as unknown[] });
    return name;
  }
}

function driverResultOf(answer: QueryResult<Row>): DriverResult {
  // Of several statements in one text, the last one's.
  const { rows, rowCount, fields, command } = Array.isArray(answer) ? (answer.at(-1) as typeof answer) : answer;
  return {
    columns: fields?.map(({ name }) => name),
    rows: rows ?? [],
    result: { changes: command === "SELECT" || command === "FETCH" ? 0 : (rowCount ?? 0), lastId: undefined },
  };
}

const NO_SUCH_CURSOR = "34000";

const behindPooler = new WeakMap<PoolClient, Promise<boolean>>();

/** Whether a client's connection leads to a pooler, which has told it the number of no server process. */
function isBehindPooler(client: PoolClient): Promise<boolean> {
  let answer = behindPooler.get(client);
  if (!answer) {
    answer = queued(client, { text: "SELECT pg_backend_pid()", rowMode: "array" }).then(
      ({ rows }) => rows[0]![0] !== (client as unknown as { processID: number }).processID,
    );
    behindPooler.set(client, answer);
  }
  return answer;
}

async function* fetched(client: PoolClient, name: string, batchSize: number): AsyncIterable<Row[]> {
  for (;;) {
    const { rows } = await queued(client, { text: `FETCH ${batchSize} FROM ${name}`, rowMode: "array" });
    if (rows.length > 0) yield rows;
    // Another FETCH would cost a round trip to find nothing.
    if (rows.length < batchSize) return;
  }
}

/** The last query of each client that is not done. */
const pending = new WeakMap<PoolClient, Promise<unknown>>();

/** Sends a query when the earlier queries of the client are done: pg 9 throws otherwise, and pg 8 warns. */
function queued<T = QueryResult<Row>>(
  client: PoolClient,
  query: QueryConfig | QueryArrayConfig,
  resultOf: (answer: QueryResult<Row>) => T = (answer) => answer as T,
): Promise<T> {
  const before = pending.get(client);
  const result = new Promise<T>((resolve, reject) => {
    // With a callback: pg's own promise is two more of them, and a trace of the stack that nobody reads.
    const send = (): void =>
      client.query<Row>(query, (error: Error | null, answer) => {
        if (pending.get(client) === result) pending.delete(client);
        if (error) reject(error);
        else resolve(resultOf(answer));
      });
    if (before) before.then(send, send).catch(reject);
    else send();
  });
  pending.set(client, result);
  return result;
}
