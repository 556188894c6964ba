import type { DataSource, QueryRunner } from "typeorm";
import type { Connection, DatabaseListener, Dialect, Row, RunResult } from "./dialect";
import { DatabaseError, statementFailed, type DriverErrorFacts } from "./errors";
import { StatementObserver } from "./statement-observer";
import { transactionStep } from "./transaction";

/** What a driver returns for one statement. */
export interface DriverResult {
  rows: Row[];
  result: RunResult;
}

/**
 * An idle connection can be lost. A statement that fails sooner than this, in milliseconds, found it lost and is sent
 * over another one. A statement that ran for longer was ended on purpose.
 */
const RETRY_WITHIN = 500;
/** How many lost connections of the pool in a row are an error. */
const MAX_ATTEMPTS = 4;

/**
 * A session's connection to a database server: taken from the DataSource's pool at the first statement and returned
 * when the session closes. A subclass implements what is the driver's own.
 */
export abstract class ServerConnection<Client> implements Connection {
  readonly dialect: Dialect;
  protected readonly dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #observer: StatementObserver;
  #queryRunner!: QueryRunner;
  #client: Client | undefined;
  #opening: Promise<void> | undefined;
  #begun = false;

  constructor(dialect: Dialect, dataSource: DataSource, listener: DatabaseListener) {
    this.dialect = dialect;
    this.dataSource = dataSource;
    this.#listener = listener;
    this.#observer = new StatementObserver(dataSource, listener);
  }

  /** Sends one statement through the driver; its rows are arrays. */
  protected abstract send(client: Client, sql: string, parameters: readonly unknown[]): Promise<DriverResult>;
  protected abstract readonly readDriverError: (error: unknown) => DriverErrorFacts;
  /** Ends a broken connection, so that the pool does not hand it out again. */
  protected abstract discard(client: Client): void;
  /** Streams rows over a connection that nothing else uses. */
  protected abstract streamOutsideTransaction(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]>;
  /** Streams rows inside the session's transaction, whose connection must stay free for other statements. */
  protected abstract streamInTransaction(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncIterable<Row[]>;

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  get inTransaction(): boolean {
    return this.#begun;
  }

  get queryRunner(): QueryRunner {
    return this.#queryRunner;
  }

  open(): Promise<void> {
    if (this.#client) return Promise.resolve();
    // Concurrent calls share one connection.
    return (this.#opening ??= this.#connect().finally(() => (this.#opening = undefined)));
  }

  async #connect(): Promise<void> {
    this.#queryRunner = this.dataSource.createQueryRunner("master");
    try {
      this.#client = (await this.#queryRunner.connect()) as Client;
    } catch (error) {
      throw statementFailed(this.readDriverError(error), error, "", [], !this.#begun);
    }
  }

  async rows(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#retryIfLost(() => this.#sendObserved(sql, parameters));
    return rows;
  }

  async run(sql: string, parameters: readonly unknown[] = []): Promise<RunResult> {
    return (await this.#sendObserved(sql, parameters)).result;
  }

  async runMany(sql: string, batches: readonly (readonly unknown[])[]): Promise<number[]> {
    const changes: number[] = [];
    for (const parameters of batches) changes.push((await this.run(sql, parameters)).changes);
    return changes;
  }

  /** Outside a transaction a stream uses a connection of its own; inside one it must see what the transaction wrote. */
  async *stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    const started = this.#observer.sending(sql, parameters, this.#queryRunner);
    let count = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        for await (const rows of this.#batches(sql, parameters, batchSize)) {
          count += rows.length;
          yield rows;
        }
        break;
      } catch (error) {
        const failure = statementFailed(this.readDriverError(error), error, sql, parameters, !this.#begun);
        if (count === 0 && this.#canRetry(failure, started, attempt)) {
          this.#listener({ type: "reconnect" });
          continue;
        }
        this.#observer.failed(sql, parameters, error, started, this.#queryRunner);
        throw failure;
      }
    }
    this.#observer.sent(sql, parameters, count, started, this.#queryRunner);
  }

  async *#batches(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    if (this.#begun) {
      yield* this.streamInTransaction(this.#client!, sql, parameters, batchSize);
      return;
    }
    const own = this.dataSource.createQueryRunner("master");
    try {
      yield* this.streamOutsideTransaction((await own.connect()) as Client, sql, parameters, batchSize);
    } finally {
      await own.release();
    }
  }

  async begin(): Promise<void> {
    const { isolationLevel: isolation } = this.dataSource.options as { isolationLevel?: string };
    await this.#retryIfLost(() =>
      transactionStep(this.#queryRunner, "Start", async () => {
        for (const statement of this.dialect.beginTransaction({ isolation })) await this.run(statement);
      }),
    );
    this.#begun = true;
    this.#listener({ type: "begin" });
  }

  async commit(): Promise<void> {
    await transactionStep(this.#queryRunner, "Commit", () => this.run("COMMIT"));
    this.#begun = false;
    this.#listener({ type: "commit" });
  }

  async rollback(): Promise<void> {
    this.#begun = false;
    try {
      await transactionStep(this.#queryRunner, "Rollback", () => this.run("ROLLBACK"));
    } catch (error) {
      if (!isLost(error)) throw error;
      // The server has rolled back a lost connection by itself; the next statement takes another one.
      this.#discardLost(this.#client);
    }
    this.#listener({ type: "rollback" });
  }

  savepoint(name: string): Promise<unknown> {
    return this.run(`SAVEPOINT ${this.dialect.quote(name)}`);
  }

  releaseSavepoint(name: string): Promise<unknown> {
    return this.run(`RELEASE SAVEPOINT ${this.dialect.quote(name)}`);
  }

  rollbackToSavepoint(name: string): Promise<unknown> {
    return this.run(`ROLLBACK TO SAVEPOINT ${this.dialect.quote(name)}`);
  }

  async close(): Promise<void> {
    if (!this.#client) return;
    if (this.#begun) await this.rollback();
    await this.#release();
  }

  async #release(): Promise<void> {
    if (!this.#client) return;
    this.#client = undefined;
    await this.#queryRunner.release();
  }

  /**
   * Retries over another connection where the connection was lost outside a transaction: then nothing was lost with
   * it.
   */
  async #retryIfLost<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const started = performance.now();
      try {
        return await work();
      } catch (error) {
        if (!this.#canRetry(error, started, attempt)) throw error;
      }
      await this.open();
      this.#listener({ type: "reconnect" });
    }
  }

  #canRetry(error: unknown, started: number, attempt: number): boolean {
    return !this.#begun && isLost(error) && performance.now() - started < RETRY_WITHIN && attempt < MAX_ATTEMPTS;
  }

  async #sendObserved(sql: string, parameters: readonly unknown[]): Promise<DriverResult> {
    if (!this.#client) await this.open();
    const client = this.#client!;
    const started = this.#observer.sending(sql, parameters, this.#queryRunner);
    try {
      const answer = await this.send(client, sql, parameters);
      this.#observer.sent(sql, parameters, answer.rows.length || answer.result.changes, started, this.#queryRunner);
      return answer;
    } catch (error) {
      this.#observer.failed(sql, parameters, error, started, this.#queryRunner);
      const facts = this.readDriverError(error);
      // Inside a transaction the connection is discarded by the rollback that has to follow.
      if (facts.kind === "connection-lost" && !this.#begun) this.#discardLost(client);
      throw statementFailed(facts, error, sql, parameters, !this.#begun);
    }
  }

  /** Discards a lost connection, once. */
  #discardLost(client: Client | undefined): void {
    if (client === undefined || client !== this.#client) return;
    this.discard(client);
    void this.#release();
  }
}

function isLost(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === "connection-lost";
}
