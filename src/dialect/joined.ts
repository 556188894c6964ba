import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, MaybePromise, QueryResult, Row, RunResult, TransactionOptions } from "./dialect";
import { joinedTransaction, noTransactionToJoin } from "./errors";

/** The savepoint that takes the place of the session's transaction. */
const INNER = "retort_joined";

/**
 * A connection of a session that takes part in a transaction of the application: the session's own transactions are savepoints in it,
 * and only the application commits it or rolls it back.
 */
export class JoinedConnection implements Connection {
  readonly #inner: Connection;
  readonly #queryRunner: QueryRunner;
  #begun = false;

  /** @param inner a connection on the application's query runner */
  constructor(inner: Connection, queryRunner: QueryRunner) {
    this.#inner = inner;
    this.#queryRunner = queryRunner;
  }

  get dialect(): Dialect {
    return this.#inner.dialect;
  }

  get isOpen(): boolean {
    return this.#inner.isOpen;
  }

  get queryRunner(): QueryRunner {
    return this.#queryRunner;
  }

  get inTransaction(): boolean {
    return this.#begun;
  }

  async open(): Promise<void> {
    await this.#inner.open();
  }

  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.#inner.hold(work);
  }

  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.#inner.rows(sql, parameters);
  }

  query(sql: string, parameters?: readonly unknown[]): MaybePromise<QueryResult> {
    return this.#inner.query(sql, parameters);
  }

  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.#inner.run(sql, parameters);
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.#inner.runMany(sql, batches);
  }

  stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    return this.#inner.stream(sql, parameters, batchSize);
  }

  /** @throws RetortError `session/no-transaction` where the application has none open */
  async begin({ isolation, readOnly }: TransactionOptions): Promise<void> {
    if (!this.#queryRunner.isTransactionActive) throw noTransactionToJoin();
    if (isolation !== undefined || readOnly === false) throw joinedTransaction();
    await this.#inner.savepoint(INNER);
    this.#begun = true;
  }

  async commit(): Promise<void> {
    await this.#inner.releaseSavepoint(INNER);
    this.#begun = false;
  }

  async rollback(): Promise<void> {
    this.#begun = false;
    // The application may have ended the transaction, and the savepoint with it.
    if (!this.#queryRunner.isTransactionActive) return;
    await this.#inner.rollbackToSavepoint(INNER);
    await this.#inner.releaseSavepoint(INNER);
  }

  savepoint(name: string): MaybePromise<unknown> {
    return this.#inner.savepoint(name);
  }

  releaseSavepoint(name: string): MaybePromise<unknown> {
    return this.#inner.releaseSavepoint(name);
  }

  rollbackToSavepoint(name: string): MaybePromise<unknown> {
    return this.#inner.rollbackToSavepoint(name);
  }

  async close(): Promise<void> {
    if (this.#begun) await this.rollback();
    await this.#inner.close();
  }
}
