import type { QueryRunner } from "typeorm";
import type { Connection, TransactionOptions } from "./dialect";
import { joinedTransaction, noTransactionToJoin } from "./errors";
import { SavepointConnection } from "./savepoint-connection";

/**
 * A connection of a session that takes part in a transaction of the application: the session's own transactions are savepoints in it,
 * and only the application commits it or rolls it back.
 */
export class JoinedConnection extends SavepointConnection {
  readonly #queryRunner: QueryRunner;

  /** @param inner a connection on the application's query runner */
  constructor(inner: Connection, queryRunner: QueryRunner) {
    super(inner, "retort_joined");
    this.#queryRunner = queryRunner;
  }

  override get queryRunner(): QueryRunner {
    return this.#queryRunner;
  }

  async open(): Promise<void> {
    await this.inner.open();
  }

  /** @throws RetortError `session/no-transaction` where the application has none open */
  async begin({ isolation, readOnly }: TransactionOptions): Promise<void> {
    if (!this.#queryRunner.isTransactionActive) throw noTransactionToJoin();
    if (isolation !== undefined || readOnly === false) throw joinedTransaction();
    await this.setSavepoint();
  }

  async rollback(): Promise<void> {
    this.begun = false;
    // The application may have ended the transaction, and the savepoint with it.
    if (this.#queryRunner.isTransactionActive) await this.removeSavepoint();
  }

  async close(): Promise<void> {
    if (this.begun) await this.rollback();
    await this.inner.close();
  }
}
