import { DatabaseError } from "../dialect/errors";
import type { IsolationLevel, TransactionOptions } from "../dialect/dialect";
import { isAboveReadCommitted } from "./isolation";
import { restore } from "./rollback/restore";
import type { SessionState } from "./session-state";
import { savepointOver } from "./state/errors";

/**
 * The transaction of a session: it begins with the first flush that writes, with the first statement at levels above READ
 * COMMITTED, or by `begin()`. It has a savepoint for each `nested()`.
 */
export class Transaction {
  /** The error of a flush or commit that failed, until the rollback. */
  failure: Error | undefined;
  readonly #state: SessionState;
  /** The open savepoints, the innermost last; the undo log has a level for each. */
  readonly #savepoints: string[] = [];
  #savepointCount = 0;
  readonly #isolation: IsolationLevel | undefined;
  #beginning: Promise<void> | undefined;
  /** Whether the open transaction reads rows as they were at one point in time. */
  #isIsolated = false;

  /** @param isolation the level of transactions that are not begun with another */
  constructor(state: SessionState, isolation: IsolationLevel | undefined) {
    this.#state = state;
    this.#isolation = isolation;
  }

  /** Whether the first statement begins the transaction, a read too. */
  get readsInTransaction(): boolean {
    return isAboveReadCommitted(this.#isolation);
  }

  get isIsolated(): boolean {
    return this.#isIsolated && this.#state.connection.inTransaction;
  }

  /** Begins the transaction, unless it is open; concurrent statements begin it once. */
  begin(options: TransactionOptions = {}): Promise<void> {
    if (this.#state.connection.inTransaction) return Promise.resolve();
    return (this.#beginning ??= this.#begin(options).finally(() => (this.#beginning = undefined)));
  }

  async #begin({ isolation = this.#isolation, readOnly }: TransactionOptions): Promise<void> {
    const { connection } = this.#state;
    await connection.open();
    await connection.begin({ isolation, readOnly });
    this.#isIsolated = isAboveReadCommitted(isolation);
    // What was loaded before is read again: it is not what this transaction sees.
    if (this.#isIsolated) this.#state.generation++;
  }

  /** Records that a flush failed. A half-written flush is rolled back now, so that no lock is held while the error is read. */
  async fail(error: Error): Promise<void> {
    const { connection, undoLog } = this.#state;
    this.failure = error;
    if (connection.inTransaction && undoLog.depth === 0) await connection.rollback();
  }

  async commit(): Promise<void> {
    if (this.#state.connection.inTransaction) await this.#commitConnection();
    this.forget();
  }

  /** Discards what a rollback would restore, after a commit and where there is nothing to commit. */
  forget(): void {
    const { undoLog, bulkWritten, readInTransaction, options } = this.#state;
    for (const instance of undoLog.commit()) if (instance.deletion === "sent") instance.owner = undefined;
    this.#savepoints.length = 0;
    bulkWritten.clear();
    readInTransaction.clear();
    if (options.expireOnCommit) this.#state.generation++;
  }

  async #commitConnection(): Promise<void> {
    const { connection } = this.#state;
    try {
      await connection.commit();
    } catch (error) {
      // SQLite: another connection reads. The transaction is still open, and the commit can be tried again.
      if (error instanceof DatabaseError && error.kind === "locked") throw error;
      // Deferred constraints are checked only now: nothing is stored, though every flush succeeded. Where the answer was lost, everything
      // may be stored.
      this.failure = error as Error;
      if (isUnknown(error)) this.#state.generation++;
      if (connection.inTransaction) await connection.rollback();
      throw error;
    }
  }

  async rollback(): Promise<void> {
    const state = this.#state;
    const { failure } = this;
    this.#restoreTo(0);
    restore(state, state.undoLog.take());
    state.expireUncommitted();
    state.bulkWritten.clear();
    // Memory is what it was before; the database may have what was to be committed.
    if (isUnknown(failure)) state.generation++;
    this.failure = undefined;
    if (state.connection.inTransaction) await state.connection.rollback();
  }

  /**
   * Closes the connection. It does not wait for a BEGIN that was sent but not answered, which may itself wait for a lock or a
   * connection that the caller holds: when it is answered, the transaction is rolled back.
   */
  async close(): Promise<void> {
    const { connection } = this.#state;
    this.#beginning?.then(() => connection.close()).catch(() => undefined);
    await connection.close();
  }

  // Savepoints

  /** Opens a savepoint; returns its name. */
  async savepoint(): Promise<string> {
    await this.begin();
    const name = `retort_${++this.#savepointCount}`;
    await this.#state.connection.savepoint(name);
    this.#state.undoLog.push();
    this.#savepoints.push(name);
    return name;
  }

  hasSavepoint(name: string): boolean {
    return this.#savepoints.includes(name);
  }

  /** @throws RetortError `session/savepoint-over` where the savepoint was released or rolled back */
  checkSavepoint(name: string): void {
    if (!this.hasSavepoint(name)) throw savepointOver();
  }

  /** Releases a savepoint, and those that were opened inside it. */
  async releaseSavepoint(name: string): Promise<void> {
    const depth = this.#savepoints.indexOf(name);
    await this.#state.connection.releaseSavepoint(name);
    while (this.#savepoints.length > depth) {
      this.#state.undoLog.merge();
      this.#savepoints.pop();
    }
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    const { connection } = this.#state;
    const depth = this.#savepoints.indexOf(name);
    // The database first: where a deadlock has ended the whole transaction, memory must not go back to the savepoint only.
    try {
      await connection.rollbackToSavepoint(name);
    } catch (error) {
      // The transaction is gone: all of it has to be rolled back in memory too.
      this.failure ??= error as Error;
      throw this.failure;
    }
    await connection.releaseSavepoint(name);
    this.#restoreTo(depth);
    this.#state.expireUncommitted();
    this.failure = undefined;
  }

  /** Restores objects to what they were when the savepoint at this depth was opened. */
  #restoreTo(depth: number): void {
    const { undoLog } = this.#state;
    while (this.#savepoints.length > depth) {
      restore(this.#state, undoLog.take());
      undoLog.pop();
      this.#savepoints.pop();
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === "outcome-unknown";
}
