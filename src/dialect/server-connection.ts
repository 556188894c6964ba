import type { DataSource, QueryRunner } from "typeorm";
import type { Connection, DatabaseListener, Dialect, Row, RunResult } from "./dialect";
import { statementFailed, type DriverComplaint } from "./errors";
import { StatementLog } from "./observed";
import { transactionStep } from "./transaction";

/** What a driver gives back for one statement. */
export interface DriverAnswer {
  rows: Row[];
  result: RunResult;
}

/**
 * A session's connection to a database server: one of the DataSource's pool, taken at the first statement and given
 * back when the session closes. What differs between the drivers is left to the two subclasses.
 */
export abstract class ServerConnection<Client> implements Connection {
  readonly dialect: Dialect;
  protected readonly dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #log: StatementLog;
  #queryRunner!: QueryRunner;
  #client: Client | undefined;
  #begun = false;

  constructor(dialect: Dialect, dataSource: DataSource, listener: DatabaseListener) {
    this.dialect = dialect;
    this.dataSource = dataSource;
    this.#listener = listener;
    this.#log = new StatementLog(dataSource, listener);
  }

  /** Sends one statement through the driver and gives its rows as arrays. */
  protected abstract send(client: Client, sql: string, parameters: readonly unknown[]): Promise<DriverAnswer>;
  /** The statements that begin a transaction. */
  protected abstract beginning(isolationLevel: string | undefined): readonly string[];
  protected abstract complaintOf(error: unknown): DriverComplaint;
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

  async open(): Promise<void> {
    if (this.#client) return;
    this.#queryRunner = this.dataSource.createQueryRunner("master");
    try {
      this.#client = (await this.#queryRunner.connect()) as Client;
    } catch (error) {
      throw statementFailed(this.complaintOf(error), error, "", []);
    }
  }

  async rows(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#observed(sql, parameters)).rows;
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
    const own = this.#begun ? undefined : this.dataSource.createQueryRunner("master");
    let count = 0;
    try {
      const rows = own
        ? this.cursor((await own.connect()) as Client, sql, parameters, portion)
        : this.cursorInside(this.#client!, sql, parameters, portion);
      for await (const some of rows) {
        count += some.length;
        yield some;
      }
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(this.complaintOf(error), error, sql, parameters);
    } finally {
      await own?.release();
    }
    this.#log.sent(sql, parameters, count, started, this.#queryRunner);
  }

  async begin(): Promise<void> {
    await transactionStep(this.#queryRunner, "Start", async () => {
      const { isolationLevel } = this.dataSource.options as { isolationLevel?: string };
      for (const statement of this.beginning(isolationLevel)) await this.run(statement);
    });
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
      // A connection that is gone has rolled back by itself; the next statement takes another one.
      if (this.complaintOf((error as { driverError?: unknown }).driverError ?? error).kind !== "connection-lost")
        throw error;
      await this.#release();
      await this.open();
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

  async #observed(sql: string, parameters: readonly unknown[]): Promise<DriverAnswer> {
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    try {
      const answer = await this.send(this.#client!, sql, parameters);
      this.#log.sent(sql, parameters, answer.rows.length || answer.result.changes, started, this.#queryRunner);
      return answer;
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      const complaint = this.complaintOf(error);
      // Outside a transaction nothing was lost with the connection: the next statement takes another one.
      if (complaint.kind === "connection-lost" && !this.#begun) await this.#release();
      throw statementFailed(complaint, error, sql, parameters);
    }
  }
}
