import type { Connection, MaybePromise, QueryResult, Row, RunResult, TransactionOptions } from "./dialect";
import { DatabaseError, sandboxLost } from "./errors";
import { SavepointConnection } from "./savepoint-connection";
import { allowWrites } from "./write-permission";

/**
 * A connection whose writes are never committed: one outer transaction contains everything, the session's own
 * transactions are savepoints in it, and closing rolls it back.
 */
export class SandboxConnection extends SavepointConnection {
  constructor(inner: Connection) {
    super(inner, "retort_sandbox");
  }

  async open(): Promise<void> {
    await allowWrites(() => this.inner.open());
  }

  override rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]> {
    return this.#restartIfLost(() => super.rows(sql, parameters));
  }

  override query(sql: string, parameters?: readonly unknown[]): MaybePromise<QueryResult> {
    return this.#restartIfLost(() => super.query(sql, parameters));
  }

  override run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult> {
    return this.#restartIfLost(() => super.run(sql, parameters));
  }

  override runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]> {
    return this.#restartIfLost(() => super.runMany(sql, batches));
  }

  /** The isolation level is that of the outer transaction, once it is open. */
  async begin({ isolation }: TransactionOptions): Promise<void> {
    // This connection alone may write where it is forbidden to all others.
    if (!this.inner.inTransaction) await allowWrites(() => this.inner.begin({ isolation }));
    await this.setSavepoint();
  }

  async rollback(): Promise<void> {
    this.begun = false;
    if (!this.inner.inTransaction) return;
    try {
      await this.removeSavepoint();
    } catch {
      // A deadlock or a lost connection has ended the outer transaction as well: the sandbox starts again.
      await this.inner.rollback();
    }
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
      if (!isLost || this.begun || !this.inner.inTransaction) throw error;
      await this.inner.rollback();
      throw sandboxLost(error);
    });
  }

  async close(): Promise<void> {
    this.begun = false;
    // The inner connection rolls back what is open.
    await this.inner.close();
  }
}
