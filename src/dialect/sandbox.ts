import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, MaybePromise, Row, RunResult } from "./dialect";

/** The savepoint that stands for the session's transaction. */
const INNER = "retort_sandbox";

/**
 * A connection on which nothing stays: one transaction lies around everything, the session's own transactions are savepoints
 * in it, and closing rolls it back.
 */
export class SandboxConnection implements Connection {
  readonly #inner: Connection;
  /** Lets this connection write where all others may not. */
  readonly #allowWrites: string | undefined;
  #begun = false;

  constructor(inner: Connection, allowWrites?: string) {
    this.#inner = inner;
    this.#allowWrites = allowWrites;
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
    if (this.#inner.isOpen) return;
    await this.#inner.open();
    if (this.#allowWrites !== undefined) await this.#inner.run(this.#allowWrites);
  }

  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.#inner.rows(sql, parameters);
  }

  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.#inner.run(sql, parameters);
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.#inner.runMany(sql, batches);
  }

  stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    return this.#inner.stream(sql, parameters, portion);
  }

  async begin(): Promise<void> {
    if (!this.#inner.inTransaction) await this.#inner.begin();
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
      // A deadlock, or a connection that is gone, took the transaction around it as well: the sandbox begins anew.
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

  async close(): Promise<void> {
    this.#begun = false;
    // The inner connection rolls back what is open.
    await this.#inner.close();
  }
}
