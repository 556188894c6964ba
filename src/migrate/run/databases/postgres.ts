import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { historyTableName } from "../../history/history";
import { lockTimeout } from "../../errors";
import type { Send } from "../../history/send";
import { statementKind } from "../../history/statement";
import type { LockWait, MigrationDatabase, ReadResult, RunLock, DryRunConnection, StatementWrapper } from "./contract";

/** Time between two tries for the lock, in milliseconds. */
const RETRY_EVERY = 50;

/** SQLSTATEs for an object that already exists, or does not exist (any more). */
const ALREADY_DONE = new Set([
  "42P07",
  "42701",
  "42710",
  "42P06",
  "42723",
  "42P01",
  "42703",
  "42704",
  "3F000",
  "42883",
]);

const READ_ONLY_TRANSACTION = "25006";

/** Statements that PostgreSQL runs outside transactions only. */
const OUTSIDE_TRANSACTION =
  /^\s*(vacuum|create\s+(unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\s+.*concurrently|(create|drop)\s+(database|tablespace)|alter\s+system|alter\s+type\s+\S+\s+add\s+value|refresh\s+materialized\s+view\s+concurrently|alter\s+table\s+.*\bdetach\s+partition\s+.*concurrently)/i;

/** PostgreSQL: schema changes are part of transactions, and the lock is an advisory one. */
export class PostgresMigrations implements MigrationDatabase {
  readonly send: Send;
  readonly #dataSource: DataSource;
  readonly #runner: QueryRunner;
  #stage: Send | undefined;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.#runner = runner;
    this.send = runner.query.bind(runner) as Send;
  }

  /**
   * The lock is held by a transaction on a connection of its own. A session lock could stay behind when a pooler hands
   * the server connection to another client. Polling, unlike waiting in the server, holds no snapshot that would make
   * CREATE INDEX CONCURRENTLY wait.
   */
  async lock(wait: LockWait): Promise<RunLock> {
    allowTwoConnections(this.#dataSource);
    const runner = this.#dataSource.createQueryRunner("master");
    try {
      await runner.startTransaction("READ COMMITTED");
      await runner.query("SET LOCAL idle_in_transaction_session_timeout = 0").catch(() => undefined);
      await this.#acquire(runner, wait);
    } catch (error) {
      await end(runner);
      throw error;
    }
    const isHeld = () =>
      runner.query("SELECT 1").then(
        () => true,
        () => false,
      );
    return { isHeld, release: () => end(runner) };
  }

  async #acquire(runner: QueryRunner, wait: LockWait): Promise<void> {
    const deadline = performance.now() + wait.timeout;
    for (let tries = 0; ; tries++) {
      const rows = (await runner.query("SELECT pg_try_advisory_xact_lock($1) AS taken", [this.#key()])) as {
        taken: boolean;
      }[];
      if (rows[0]?.taken !== false) return;
      if (performance.now() >= deadline)
        throw lockTimeout(wait.timeout, "another run of migrations has been holding the lock");
      if (tries === 0) wait.waiting();
      await sleep(RETRY_EVERY);
    }
  }

  /** Advisory locks belong to one database; the table's name distinguishes its histories. */
  #key(): string {
    const { schema } = this.#dataSource.options as { schema?: string };
    const name = `retort migrate ${schema ?? ""} ${historyTableName(this.#dataSource)}`;
    return createHash("sha256").update(name).digest().readBigInt64BE().toString();
  }

  /** Nothing to prepare: the server checks foreign keys, deferred ones at the commit. */
  prepare(): Promise<() => Promise<void>> {
    return Promise.resolve(() => Promise.resolve());
  }

  async begin(): Promise<void> {
    await this.send("START TRANSACTION");
    // With this state in TypeORM, a migration's own transaction becomes a savepoint in this one.
    Object.assign(this.#runner, { isTransactionActive: true, transactionDepth: 1 });
  }

  async commit(): Promise<void> {
    // A migration may have ended the transaction by itself.
    if (this.#runner.isTransactionActive) await this.send("COMMIT");
    this.#forgetTransaction();
  }

  async rollback(): Promise<void> {
    if (this.#runner.isTransactionActive) await this.send("ROLLBACK").catch(() => undefined);
    this.#forgetTransaction();
  }

  #forgetTransaction(): void {
    Object.assign(this.#runner, { isTransactionActive: false, transactionDepth: 0 });
  }

  async openDryRun(): Promise<DryRunConnection> {
    const runner = this.#dataSource.createQueryRunner("master");
    const send = runner.query.bind(runner) as Send;
    await send("START TRANSACTION READ ONLY");
    Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
    this.#stage = send;
    const close = async () => {
      await send("ROLLBACK").catch(() => undefined);
      await runner.release();
    };
    return { runner, send, executes: false, close };
  }

  /** An error would abort the transaction, so each read has a savepoint. */
  async readSafely(send: () => Promise<unknown>): Promise<ReadResult> {
    const stage = this.#stage!;
    await stage("SAVEPOINT retort_read");
    try {
      return { isRead: true, value: await send() };
    } catch (error) {
      await stage("ROLLBACK TO SAVEPOINT retort_read");
      if (sqlState(error) === READ_ONLY_TRANSACTION) return { isRead: false };
      throw error;
    }
  }

  wrapScript(inTransaction: boolean): StatementWrapper {
    return inTransaction ? { before: ["BEGIN"], after: ["COMMIT"] } : { before: [], after: [] };
  }

  canRunInTransaction(sql: string): boolean {
    return !OUTSIDE_TRANSACTION.test(sql) && statementKind(sql) !== "session";
  }

  isReadOnlyError(error: unknown): boolean {
    return sqlState(error) === READ_ONLY_TRANSACTION;
  }

  isAlreadyDone(error: unknown): boolean {
    return ALREADY_DONE.has(sqlState(error));
  }
}

function sqlState(error: unknown): string {
  return (error as { driverError?: { code?: string } }).driverError?.code ?? "";
}

/** The lock and the migrations need a connection each, even where the pool allows one only. */
function allowTwoConnections(dataSource: DataSource): void {
  const pool = (dataSource.driver as { master?: { options?: { max?: number } } }).master;
  if (pool?.options?.max !== undefined && pool.options.max < 2) pool.options.max = 2;
}

async function end(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
  await runner.release();
}
