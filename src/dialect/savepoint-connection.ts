import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, MaybePromise, QueryResult, Row, RunResult, TransactionOptions } from "./dialect";

/**
 * A connection inside a transaction that the session does not end: the session's own transactions are savepoints in it. Everything else
 * goes to the connection that it is made of.
 */
export abstract class SavepointConnection implements Connection {
  /** Whether the session has a transaction of its own open. */
  protected begun = false;

  /** @param name the savepoint that takes the place of the session's transaction */
  constructor(
    protected readonly inner: Connection,
    private readonly name: string,
  ) {}

  get dialect(): Dialect {
    return this.inner.dialect;
  }

  get isOpen(): boolean {
    return this.inner.isOpen;
  }

  get queryRunner(): QueryRunner {
    return this.inner.queryRunner;
  }

  get inTransaction(): boolean {
    return this.begun;
  }

  abstract open(): Promise<void>;
  abstract begin(options: TransactionOptions): Promise<void>;
  abstract rollback(): Promise<void>;
  abstract close(): Promise<void>;

  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.inner.hold(work);
  }

  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.inner.rows(sql, parameters);
  }

  query(sql: string, parameters?: readonly unknown[]): MaybePromise<QueryResult> {
    return this.inner.query(sql, parameters);
  }

  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.inner.run(sql, parameters);
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.inner.runMany(sql, batches);
  }

  stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncGenerator<Row[], void> {
    return this.inner.stream(sql, parameters, batchSize);
  }

  async commit(): Promise<void> {
    await this.inner.releaseSavepoint(this.name);
    this.begun = false;
  }

  savepoint(name: string): MaybePromise<unknown> {
    return this.inner.savepoint(name);
  }

  releaseSavepoint(name: string): MaybePromise<unknown> {
    return this.inner.releaseSavepoint(name);
  }

  rollbackToSavepoint(name: string): MaybePromise<unknown> {
    return this.inner.rollbackToSavepoint(name);
  }

  protected async setSavepoint(): Promise<void> {
    await this.inner.savepoint(this.name);
    this.begun = true;
  }

  protected async removeSavepoint(): Promise<void> {
    await this.inner.rollbackToSavepoint(this.name);
    await this.inner.releaseSavepoint(this.name);
  }
}
