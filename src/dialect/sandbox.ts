import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, MaybePromise, QueryResult, Row, RunResult, TransactionOptions } from "./dialect";
import { DatabaseError, sandboxLost } from "./errors";
import { allowWrites } from "./write-permission";

/** The savepoint that takes the place of the session's transaction. */
const INNER = "retort_sandbox";

/**
 * A connection whose writes are never committed: one outer transaction contains everything, the session's own
 * transactions are savepoints in it, and closing rolls it back.
 */
export class SandboxConnection implements Connection {
  readonly #inner: Connection;
  #begun = false;

  constructor(inner: Connection) {
    this.#inner = inner;
  }

  get dialect(): Dialect {
    return this.#inner.dialect;
  }

  get isOpen(): boolean {
    return this.#inner.isOpen;
  }

  get queryRunner(): QueryRunner {
    return this.#inner.queryRunner;
  }

  get inTransaction(): boolean {
    return this.#begun;
  }

  async open(): Promise<void> {
    await allowWrites(() => this.#inner.open());
  }

  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.#inner.hold(work);
  }

  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.#restartIfLost(() => this.#inner.rows(sql, parameters));
  }

  query(sql: string, parameters?: readonly unknown[]): MaybePromise<QueryResult> {
    return this.#restartIfLost(() => this.#inner.query(sql, parameters));
  }

  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.#restartIfLost(() => this.#inner.run(sql, parameters));
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.#restartIfLost(() => this.#inner.runMany(sql, batches));
  }

  stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    return this.#inner.stream(sql, parameters, batchSize);
  }

  /** The isolation level is that of the outer transaction, once it is open. */
  async begin({ isolation }: TransactionOptions): Promise<void> {
    // This connection alone may write where it is forbidden to all others.
    if (!this.#inner.inTransaction) await allowWrites(() => this.#inner.begin({ isolation }));
    await this.#inner.savepoint(INNER);
    this.#begun = true;
  }

  async commit(): Promise<void> {
    await this.#inner.releaseSavepoint(INNER);
    this.#begun = false;
  }

  async rollback(): Promise<void> {
    this.#begun = false;
    if (!this.#inner.inTransaction) return;
    try {
      await this.#inner.rollbackToSavepoint(INNER);
      await this.#inner.releaseSavepoint(INNER);
    } catch {
      // A deadlock or a lost connection has ended the outer transaction as well: the sandbox starts again.
      await this.#inner.rollback();
    }
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

  /**
   * A lost connection ends the outer transaction. Inside a transaction of its own the session has to roll back anyway;
   * outside one it has nothing open, so the sandbox starts again and the error says so.
   */
  #restartIfLost<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    const done = work();
    if (!(done instanceof Promise)) return done;
    return done.catch(async (error: unknown) => {
      const isLost = error instanceof DatabaseError && error.kind === "connection-lost";
      if (!isLost || this.#begun || !this.#inner.inTransaction) throw error;
      await this.#inner.rollback();
      throw sandboxLost(error);
    });
  }

  async close(): Promise<void> {
    this.#begun = false;
    // The inner connection rolls back what is open.
    await this.#inner.close();
  }
}
