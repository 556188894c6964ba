import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { historyTableName } from "../../history/history";
import { lockTimeout } from "../../errors";
import { DDL_LOCK_TIMEOUT } from "../context";
import { holdersText, type LockHolder } from "./lock-holders";
import { Lease, liveLease, type LeaseRules, type Sender } from "./lease";
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

const LOCK_NOT_AVAILABLE = "55P03";

/** The processes that the process $1 waits for, and the table that it wants. */
const LOCK_HOLDERS = `SELECT a.pid AS id, a.usename AS "user", a.application_name AS program, a.state, a.query,
    EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start)::int AS seconds,
    (SELECT min(w.relation::regclass::text) FROM pg_locks w WHERE w.pid = $1 AND w.relation IS NOT NULL AND NOT w.granted) AS object
  FROM unnest(pg_blocking_pids($1)) AS blocking(pid) JOIN pg_stat_activity a ON a.pid = blocking.pid`;

interface PostgresHolder extends LockHolder {
  readonly object: string | null;
}

/** Statements that PostgreSQL runs outside transactions only. */
const OUTSIDE_TRANSACTION =
  /^\s*(vacuum|create\s+(unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\s+.*concurrently|(create|drop)\s+(database|tablespace)|alter\s+system|alter\s+type\s+\S+\s+add\s+value|refresh\s+materialized\s+view\s+concurrently|alter\s+table\s+.*\bdetach\s+partition\s+.*concurrently)/i;

/** Codes of objects and rows that another run creates at the same time. */
const DUPLICATE = new Set(["23505", "42P07", "42710"]);

const LEASE = {
  time: "timestamptz",
  now: "clock_timestamp()",
  age: (column: string) => `EXTRACT(EPOCH FROM clock_timestamp() - ${column}) * 1000`,
  clockTolerance: 0,
  isConflict: (error: unknown) => sqlState(error) === "40001",
  isDuplicate: (error: unknown) => DUPLICATE.has(sqlState(error)),
} satisfies Partial<LeaseRules>;

/**
 * PostgreSQL: schema changes are part of transactions, and the lock is an advisory one. Behind a pooler, where a waiting run
 * would keep a server connection from the one that works, it is a lease.
 */
export class PostgresMigrations implements MigrationDatabase {
  readonly send: Send;
  #lease: Lease | undefined;
  /** How long a statement waits for a lock, in milliseconds. */
  #lockTimeout = DDL_LOCK_TIMEOUT;
  /** The server's process that has the open transaction, or had the last one. */
  #process: number | undefined;
  readonly #dataSource: DataSource;
  readonly #runner: QueryRunner;
  /** What a migration sends through the runner is intercepted; this is not. */
  readonly #sender: Sender;
  #stage: Send | undefined;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.#runner = runner;
    this.#sender = { query: runner.query.bind(runner) };
    this.send = this.#sender.query as Send;
  }

  /**
   * The lock is held by a transaction on a connection of its own. A session lock could stay behind when a pooler hands
   * the server connection to another client. Polling, unlike waiting in the server, holds no snapshot that would make
   * CREATE INDEX CONCURRENTLY wait.
   */
  async lock(wait: LockWait): Promise<RunLock> {
    allowThreeConnections(this.#dataSource);
    const runner = this.#dataSource.createQueryRunner("master");
    if (await isPooled(runner)) return this.#takeLease(runner, wait);
    try {
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

  get hasLease(): boolean {
    return this.#lease !== undefined;
  }

  /** A run behind the pooler takes its lease under the advisory lock, and has that lock while a migration is open. */
  async #takeLease(runner: QueryRunner, wait: LockWait): Promise<RunLock> {
    const exclusively = async (work: () => Promise<boolean>) => {
      await runner.startTransaction("READ COMMITTED");
      try {
        const isTaken = (await this.#tryAdvisoryLock(runner)) && (await work());
        await runner.commitTransaction();
        return isTaken;
      } catch (error) {
        await runner.rollbackTransaction().catch(() => undefined);
        throw error;
      }
    };
    // The transaction has the row of the lease locked, so that it is ended first.
    const interrupt = async () => {
      if (this.#runner.isTransactionActive) await runner.query("SELECT pg_terminate_backend($1)", [this.#process]);
    };
    this.#lease = await Lease.take(runner, this.#dataSource, { ...LEASE, exclusively, interrupt }, wait);
    return this.#lease;
  }

  async #acquire(runner: QueryRunner, wait: LockWait): Promise<void> {
    const deadline = performance.now() + wait.timeout;
    for (let tries = 0; ; tries++) {
      if (!runner.isTransactionActive) {
        await runner.startTransaction("READ COMMITTED");
        await runner.query("SET LOCAL idle_in_transaction_session_timeout = 0").catch(() => undefined);
      }
      let holder = "";
      if (await this.#tryAdvisoryLock(runner)) {
        const leased = await liveLease(this.#runner, this.#dataSource, { ...LEASE, exclusively: (work) => work() });
        if (leased === undefined) return;
        holder = ` (${leased})`;
        // The holder of the lease needs this lock for its migrations.
        await runner.rollbackTransaction();
      }
      if (performance.now() >= deadline)
        throw lockTimeout(wait.timeout, `another run of migrations${holder} has been holding the lock`);
      if (tries === 0) wait.waiting();
      await sleep(RETRY_EVERY);
    }
  }

  async #tryAdvisoryLock(runner: Sender): Promise<boolean> {
    const rows = (await runner.query("SELECT pg_try_advisory_xact_lock($1) AS taken", [this.#key()])) as {
      taken: boolean;
    }[];
    return rows[0]?.taken !== false;
  }

  /** Advisory locks belong to one database; the table's name distinguishes its histories. */
  #key(): string {
    const { schema } = this.#dataSource.options as { schema?: string };
    const name = `retort migrate ${schema ?? ""} ${historyTableName(this.#dataSource)}`;
    return createHash("sha256").update(name).digest().readBigInt64BE().toString();
  }

  /** Nothing to prepare: the server checks foreign keys, deferred ones at the commit. */
  prepare(ddlLockTimeout: number): Promise<() => Promise<void>> {
    this.#lockTimeout = Math.max(1, Math.round(ddlLockTimeout));
    return Promise.resolve(() => Promise.resolve());
  }

  async begin(wait: LockWait): Promise<void> {
    await this.#start();
    if (this.#lease) await this.#fence(this.#lease, wait);
  }

  async #start(): Promise<void> {
    await this.send("START TRANSACTION");
    // Behind a pooler, a setting of the session would be another client's.
    const [own] = await this.send(
      `SELECT pg_backend_pid() AS pid, set_config('lock_timeout', '${this.#lockTimeout}', true)`,
    );
    this.#process = Number(own?.["pid"]);
    // With this state in TypeORM, a migration's own transaction becomes a savepoint in this one.
    Object.assign(this.#runner, { isTransactionActive: true, transactionDepth: 1 });
  }

  /** With the advisory lock, no other run can take the lease before the transaction ends. */
  async #fence(lease: Lease, wait: LockWait): Promise<void> {
    await lease.pause();
    const deadline = performance.now() + wait.timeout;
    while (!(await this.#tryAdvisoryLock(this.#sender))) {
      if (performance.now() >= deadline)
        throw lockTimeout(wait.timeout, "another run of migrations has been looking for the lock");
      await this.rollback();
      await sleep(RETRY_EVERY);
      await lease.pause();
      await this.#start();
    }
    await lease.fence(this.#sender);
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
    this.#lease?.resume();
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

  /**
   * VACUUM FULL and the like lock a table outside a transaction. What is done CONCURRENTLY keeps nobody waiting, and may wait
   * itself: ended by a limit, it would leave an index that is not valid.
   */
  wrapStatement(sql: string): StatementWrapper | undefined {
    if (this.#lease || !OUTSIDE_TRANSACTION.test(sql) || /\bconcurrently\b/i.test(sql)) return undefined;
    return { before: [`SET lock_timeout = ${this.#lockTimeout}`], after: ["RESET lock_timeout"] };
  }

  isLockTimeout(error: unknown): boolean {
    return sqlState(error) === LOCK_NOT_AVAILABLE;
  }

  async lockHolders(): Promise<string | undefined> {
    const runner = this.#dataSource.createQueryRunner("master");
    try {
      const rows = (await runner.query(LOCK_HOLDERS, [this.#process])) as PostgresHolder[];
      return rows.length === 0 ? undefined : holdersText(rows[0]!.object, rows);
    } finally {
      await runner.release();
    }
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

/** The lock, the migrations and the question who has a lock need a connection each, even where the pool allows one only. */
function allowThreeConnections(dataSource: DataSource): void {
  const pool = (dataSource.driver as { master?: { options?: { max?: number } } }).master;
  if (pool?.options?.max !== undefined && pool.options.max < 3) pool.options.max = 3;
}

/** Whether the server knows the connection by another number than the client: there is a pooler in between. */
async function isPooled(runner: QueryRunner): Promise<boolean> {
  const { processID } = (await runner.connect()) as { processID?: number };
  const [row] = (await runner.query("SELECT pg_backend_pid() AS pid")) as { pid: number }[];
  return typeof processID === "number" && processID !== Number(row?.pid);
}

async function end(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
  await runner.release();
}
