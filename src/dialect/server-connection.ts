import type { DataSource, QueryRunner } from "typeorm";
import type { Connection, DatabaseListener, Dialect, Row, RunResult } from "./dialect";
import { DatabaseError, statementFailed, type DriverErrorFacts } from "./errors";
import { StatementObserver } from "./statement-observer";
import { transactionStep } from "./transaction";

/** What a driver gives back for one statement. */
export interface DriverAnswer {
  rows: Row[];
  result: RunResult;
}

/**
 * A connection may be lost while nobody uses it. What is read next is then read over another one, as long as the database
 * had no time to begin with it: whoever ended a statement that ran for longer (milliseconds) meant that.
 */
const AT_ONCE = 500;
/** Connections of the pool that may be found dead one after the other before that is an error. */
const ATTEMPTS = 4;

/**
 * A session's connection to a database server: one of the DataSource's pool, taken at the first statement and given
 * back when the session closes. What differs between the drivers is left to the two subclasses.
 */
export abstract class ServerConnection<Client> implements Connection {
  readonly dialect: Dialect;
  protected readonly dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #log: StatementObserver;
  #queryRunner!: QueryRunner;
  #client: Client | undefined;
  #opening: Promise<void> | undefined;
  #begun = false;

  constructor(dialect: Dialect, dataSource: DataSource, listener: DatabaseListener) {
    this.dialect = dialect;
    this.dataSource = dataSource;
    this.#listener = listener;
    this.#log = new StatementObserver(dataSource, listener);
  }

  /** Sends one statement through the driver and gives its rows as arrays. */
  protected abstract send(client: Client, sql: string, parameters: readonly unknown[]): Promise<DriverAnswer>;
  protected abstract complaintOf(error: unknown): DriverErrorFacts;
  /** Ends a connection that is good for nothing, so that the pool does not hand it out again. */
  protected abstract discard(client: Client): void;
  /** Reads in portions over a connection that is nobody else's. */
  protected abstract cursor(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
  ): AsyncIterable<Row[]>;
  /** The same inside the session's transaction, whose connection has to stay free for other statements. */
  protected abstract cursorInside(
    client: Client,
    sql: string,
    parameters: readonly unknown[],
    portion: number,
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
    // Two that need it at the same time get the same one.
    return (this.#opening ??= this.#take().finally(() => (this.#opening = undefined)));
  }

  async #take(): Promise<void> {
    this.#queryRunner = this.dataSource.createQueryRunner("master");
    try {
      this.#client = (await this.#queryRunner.connect()) as Client;
    } catch (error) {
      throw statementFailed(this.complaintOf(error), error, "", [], !this.#begun);
    }
  }

  async rows(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#unlessLost(() => this.#observed(sql, parameters));
    return rows;
  }

  async run(sql: string, parameters: readonly unknown[] = []): Promise<RunResult> {
    return (await this.#observed(sql, parameters)).result;
  }

  async runMany(sql: string, batches: readonly (readonly unknown[])[]): Promise<number[]> {
    const changes: number[] = [];
    for (const parameters of batches) changes.push((await this.run(sql, parameters)).changes);
    return changes;
  }

  /** Outside a transaction a stream has a connection of its own, so that this one is free; inside, it has to see what the transaction wrote. */
  async *stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    let count = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        for await (const rows of this.#portions(sql, parameters, portion)) {
          count += rows.length;
          yield rows;
        }
        break;
      } catch (error) {
        const failure = statementFailed(this.complaintOf(error), error, sql, parameters, !this.#begun);
        if (count === 0 && this.#mayRepeat(failure, started, attempt)) {
          this.#listener({ type: "reconnect" });
          continue;
        }
        this.#log.failed(sql, parameters, error, started, this.#queryRunner);
        throw failure;
      }
    }
    this.#log.sent(sql, parameters, count, started, this.#queryRunner);
  }

  async *#portions(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    if (this.#begun) {
      yield* this.cursorInside(this.#client!, sql, parameters, portion);
      return;
    }
    const own = this.dataSource.createQueryRunner("master");
    try {
      yield* this.cursor((await own.connect()) as Client, sql, parameters, portion);
    } finally {
      await own.release();
    }
  }

  async begin(): Promise<void> {
    const { isolationLevel: isolation } = this.dataSource.options as { isolationLevel?: string };
    await this.#unlessLost(() =>
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
      // A connection that is gone has rolled back by itself; the next statement takes another one.
      this.#drop(this.#client);
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

  /** Does something that can be done again where the connection was lost before it: outside a transaction nothing was lost with it. */
  async #unlessLost<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const started = performance.now();
      try {
        return await work();
      } catch (error) {
        if (!this.#mayRepeat(error, started, attempt)) throw error;
      }
      await this.open();
      this.#listener({ type: "reconnect" });
    }
  }

  #mayRepeat(error: unknown, started: number, attempt: number): boolean {
    return !this.#begun && isLost(error) && performance.now() - started < AT_ONCE && attempt < ATTEMPTS;
  }

  async #observed(sql: string, parameters: readonly unknown[]): Promise<DriverAnswer> {
    if (!this.#client) await this.open();
    const client = this.#client!;
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    try {
      const answer = await this.send(client, sql, parameters);
      this.#log.sent(sql, parameters, answer.rows.length || answer.result.changes, started, this.#queryRunner);
      return answer;
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      const complaint = this.complaintOf(error);
      // In a transaction nothing goes on before its rollback, which takes another connection.
      if (complaint.kind === "connection-lost" && !this.#begun) this.#drop(client);
      throw statementFailed(complaint, error, sql, parameters, !this.#begun);
    }
  }

  /** Lets go of a connection that is lost, once. */
  #drop(client: Client | undefined): void {
    if (client === undefined || client !== this.#client) return;
    this.discard(client);
    void this.#release();
  }
}

function isLost(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === "connection-lost";
}
