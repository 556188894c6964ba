import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, MaybePromise, Row, RunResult } from "./dialect";
import { DatabaseError, sandboxLost } from "./errors";

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
    await this.#inner.open();
  }

  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.#unlessLost(() => this.#inner.rows(sql, parameters));
  }

  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.#unlessLost(() => this.#inner.run(sql, parameters));
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.#unlessLost(() => this.#inner.runMany(sql, batches));
  }

  stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    return this.#inner.stream(sql, parameters, portion);
  }

  async begin(): Promise<void> {
    if (!this.#inner.inTransaction) {
      // Each time: after a loss it is another connection.
      if (this.#allowWrites !== undefined) await this.#inner.run(this.#allowWrites);
      await this.#inner.begin();
    }
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

  /**
   * A connection that is lost takes the transaction around everything with it. Inside a transaction of its own the session
   * will roll back, and so come to know; outside it knows of nothing that is open, and the sandbox begins anew.
   */
  #unlessLost<T>(work: () => MaybePromise<T>): MaybePromise<T> {
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
