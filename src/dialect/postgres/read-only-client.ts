import type { PoolClient, QueryConfig, QueryResult, Submittable } from "pg";
import { areWritesAllowed } from "../write-permission";
import { clientCannotBeGuarded } from "../errors";

/** The state of a transaction, as the server reports it after each statement: none, open, failed. */
type TransactionStatus = "I" | "T" | "E";

type Callback = (error: unknown, result?: QueryResult) => void;
type Query = (config: string | QueryConfig | Submittable, values?: unknown, callback?: unknown) => unknown;

/** The connection of a client, which is not public. */
interface Internals {
  readonly connection?: NodeJS.EventEmitter;
  query: Query;
}

/** A statement that begins a transaction; comments may precede it. */
const BEGIN = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*(?:BEGIN|START)\b/i;

const guarded = new WeakSet<PoolClient>();

/**
 * Makes the server refuse every write that is sent over a client: a statement outside a transaction is sent in one of its own that is
 * READ ONLY, and every other transaction is made READ ONLY before each of its statements. Nothing stays set on the connection, which a
 * pooler between here and the server may give to somebody else after each transaction.
 */
export function forbidWritesOf(client: PoolClient): void {
  if (guarded.has(client)) return;
  guarded.add(client);
  const internals = client as unknown as Internals;
  if (!internals.connection) throw clientCannotBeGuarded("pg's native client");
  new ReadOnlyClient(internals, internals.connection);
}

class ReadOnlyClient {
  readonly #query: Query;
  #status: TransactionStatus = "I";
  /** The open transaction may write. */
  #isExempt = false;
  /** The last statement; each waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Internals, connection: NodeJS.EventEmitter) {
    this.#query = client.query.bind(client);
    connection.on("readyForQuery", ({ status }: { status: TransactionStatus }) => (this.#status = status));
    client.query = (config, values, callback) => this.#guarded(config, values, callback);
  }

  #guarded(config: string | QueryConfig | Submittable, values: unknown, callback: unknown): unknown {
    if (isSubmittable(config)) return this.#submit(config, values, callback);
    const mayWrite = areWritesAllowed();
    const query = { ...(typeof config === "string" ? { text: config } : config) };
    if (Array.isArray(values)) query.values = values;
    const done = [values, callback, (query as { callback?: unknown }).callback].find(isCallback);
    delete (query as { callback?: unknown }).callback;
    const send = (): Promise<unknown> => this.#send(query, mayWrite);
    const result = this.#last.then(send, send);
    this.#last = result.catch(() => undefined);
    if (!done) return result;
    result.then(
      (answer) => done(undefined, answer as QueryResult),
      (error: unknown) => done(error),
    );
    return undefined;
  }

  async #send(query: QueryConfig, mayWrite: boolean): Promise<unknown> {
    if (this.#status === "I") {
      this.#isExempt = false;
      return BEGIN.test(query.text) ? this.#begin(query, mayWrite) : this.#alone(query);
    }
    if (!this.#isExempt) await this.#makeReadOnly();
    return this.#one(query);
  }

  async #begin(query: QueryConfig, mayWrite: boolean): Promise<unknown> {
    const result = await this.#one(query);
    this.#isExempt = mayWrite;
    if (!mayWrite) await this.#makeReadOnly();
    return result;
  }

  /** A statement outside a transaction. */
  async #alone(query: QueryConfig): Promise<unknown> {
    await this.#query("BEGIN READ ONLY");
    try {
      const result = await this.#one(query);
      await this.#query("COMMIT");
      return result;
    } catch (error) {
      await Promise.resolve(this.#query("ROLLBACK")).catch(() => undefined);
      throw error;
    }
  }

  /** A transaction that has failed accepts nothing but its end. */
  async #makeReadOnly(): Promise<void> {
    if (this.#status === "T") await this.#query("SET TRANSACTION READ ONLY");
  }

  /** Sends one statement: the extended protocol takes no second one in the same text, such as `COMMIT; DELETE …`. */
  async #one(query: QueryConfig): Promise<unknown> {
    try {
      return await this.#query({ ...query, queryMode: "extended" } as QueryConfig);
    } catch (error) {
      // The error arrives before the server says whether the transaction has failed or ended.
      await this.#synchronized();
      throw error;
    }
  }

  /** Waits until the server is ready, which tells the state of the transaction. */
  #synchronized(): Promise<void> {
    return new Promise((resolve) => {
      const sync = {
        submit: (connection: { sync(): void }) => connection.sync(),
        handleReadyForQuery: () => resolve(),
        handleError: () => resolve(),
      };
      this.#query(sync as unknown as Submittable);
    });
  }

  /** Cursors and streams are returned at once; what goes before and after them is queued around them. */
  #submit(query: Submittable, values: unknown, callback: unknown): unknown {
    if (this.#isExempt && this.#status !== "I") return this.#query(query, values, callback);
    const isAlone = this.#status === "I";
    this.#aside(isAlone ? "BEGIN READ ONLY" : "SET TRANSACTION READ ONLY");
    const result = this.#query(query, values, callback);
    if (isAlone) this.#aside("COMMIT");
    return result;
  }

  #aside(sql: string): void {
    this.#last = Promise.resolve(this.#query(sql)).catch(() => undefined);
  }
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof (config as Partial<Submittable>).submit === "function";
}

function isCallback(value: unknown): value is Callback {
  return typeof value === "function";
}
