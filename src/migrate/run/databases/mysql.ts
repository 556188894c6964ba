import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { historyTableName } from "../../history/history";
import { holdersText, holderText, type LockHolder } from "./lock-holders";
import { leaseLost, lockTimeout } from "../../errors";
import { EXPIRY, Lease, type LeaseRules, type Sender } from "./lease";
import type { Send } from "../../history/send";
import { statementKind } from "../../history/statement";
import type { LockWait, MigrationDatabase, ReadResult, RunLock, DryRunConnection, StatementWrapper } from "./contract";

/** Time between two tries for the lock, in milliseconds. */
const RETRY_EVERY = 50;

/**
 * Error numbers for an object that already exists, or does not exist (any more).
 * https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const ALREADY_DONE = new Set([
  1007, // database exists
  1008, // database does not exist
  1050, // table exists
  1051, // unknown table
  1054, // unknown column
  1060, // duplicate column
  1061, // duplicate key name
  1068, // two primary keys
  1091, // cannot drop what is not there
  1146, // table does not exist
  1176, // key does not exist
  1304, // routine exists
  1305, // routine does not exist
  1359, // trigger exists
  1360, // trigger does not exist
  1826, // duplicate foreign key name
  3822, // duplicate check
]);

const READ_ONLY_TRANSACTION = 1792;

const LOCK_WAIT_TIMEOUT = 1205;

/** Who has the metadata lock that a connection waits for. */
const METADATA_LOCKS = `SELECT CONCAT(has.OBJECT_SCHEMA, '.', has.OBJECT_NAME) AS object, owner.PROCESSLIST_ID AS id,
    owner.PROCESSLIST_USER AS user, owner.PROCESSLIST_HOST AS program, owner.PROCESSLIST_COMMAND AS state,
    owner.PROCESSLIST_INFO AS query, owner.PROCESSLIST_TIME AS seconds
  FROM performance_schema.metadata_locks waits
  JOIN performance_schema.threads waiter ON waiter.THREAD_ID = waits.OWNER_THREAD_ID AND waiter.PROCESSLIST_ID = ?
  JOIN performance_schema.metadata_locks has ON has.OBJECT_SCHEMA = waits.OBJECT_SCHEMA
    AND has.OBJECT_NAME = waits.OBJECT_NAME AND has.LOCK_STATUS = 'GRANTED'
  JOIN performance_schema.threads owner ON owner.THREAD_ID = has.OWNER_THREAD_ID AND owner.PROCESSLIST_ID <> ?
  WHERE waits.LOCK_STATUS = 'PENDING'`;

/** The oldest open transactions of the database, besides a connection's own. */
const OPEN_TRANSACTIONS = `SELECT p.ID AS id, p.USER AS user, p.HOST AS program, p.COMMAND AS state, p.INFO AS query,
    TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS seconds
  FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.ID = t.trx_mysql_thread_id
  WHERE p.ID <> ? AND p.ID <> ? AND p.DB = DATABASE() ORDER BY t.trx_started LIMIT 3`;

interface MysqlHolder extends LockHolder {
  readonly object: string | null;
}

/** The server was started with --read-only, or is read-only for another reason. */
const READ_ONLY = new Set([1290, READ_ONLY_TRANSACTION, 1836]);

/** Deadlock: on a cluster also a commit that another node's write was ordered before. */
const CONFLICT = 1213;

/** A row, or a table, that another run creates at the same time. */
const DUPLICATE = new Set([1050, 1062]);

const LEASE = {
  time: "datetime(6)",
  now: "UTC_TIMESTAMP(6)",
  age: (column: string) => `TIMESTAMPDIFF(MICROSECOND, ${column}, UTC_TIMESTAMP(6)) / 1000`,
  // Each node of a cluster has a clock of its own.
  clockTolerance: 60_000,
  isConflict: (error: unknown) => errorNumber(error) === CONFLICT,
  isDuplicate: (error: unknown) => DUPLICATE.has(errorNumber(error)),
  exclusively: (work: () => Promise<boolean>) => work(),
} satisfies LeaseRules;

/**
 * MySQL and MariaDB: a schema change commits by itself, with everything before it, so that a transaction around a
 * migration could not be rolled back. GET_LOCK survives those commits and ends with its connection; on a Galera cluster it
 * is one node's, and the lock is a lease.
 */
export class MysqlMigrations implements MigrationDatabase {
  readonly send: Send;
  readonly #dataSource: DataSource;
  /** What a migration sends through the runner is intercepted; this is not. */
  readonly #sender: Sender;
  #lease: Lease | undefined;
  /** The number of the migrations' connection. */
  #connection: number | undefined;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.#sender = { query: runner.query.bind(runner) };
    this.send = this.#sender.query as Send;
  }

  /**
   * On the connection that the migrations run on: when the client dies, the server releases the lock after it has
   * ended the running statement, and not before.
   */
  async lock(wait: LockWait): Promise<RunLock> {
    if (await this.#isClustered()) return this.#takeLease(wait);
    const name = await this.#lockName();
    const deadline = performance.now() + wait.timeout;
    for (let tries = 0; ; tries++) {
      const rows = await this.send("SELECT GET_LOCK(?, 0) AS taken", [name]);
      if (Number(rows[0]?.["taken"]) === 1) break;
      if (performance.now() >= deadline)
        throw lockTimeout(wait.timeout, "another run of migrations has been holding the lock");
      if (tries === 0) wait.waiting();
      await sleep(RETRY_EVERY);
    }
    const isHeld = async () => {
      const check = this.send("SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS held", [name]);
      const rows = await check.catch(() => []);
      return Number(rows[0]?.["held"]) === 1;
    };
    const release = async () => {
      await this.send("SELECT RELEASE_LOCK(?)", [name]).catch(() => undefined);
    };
    return { isHeld, release };
  }

  get hasLease(): boolean {
    return this.#lease !== undefined;
  }

  async #isClustered(): Promise<boolean> {
    const rows = await this.send("SHOW VARIABLES LIKE 'wsrep_on'");
    return String(rows[0]?.["Value"]).toUpperCase() === "ON";
  }

  async #takeLease(wait: LockWait): Promise<RunLock> {
    allowThreeConnections(this.#dataSource);
    const runner = this.#dataSource.createQueryRunner("master");
    const [own] = await this.send("SELECT CONNECTION_ID() AS id");
    // The lease is given back after the statement that runs, not before.
    const interrupt = async () => void (await runner.query(`KILL ${Number(own?.["id"])}`));
    this.#lease = await Lease.take(runner, this.#dataSource, { ...LEASE, interrupt }, wait);
    return this.#lease;
  }

  /** Locks belong to the whole server: the name contains a hash of the database and its history, in at most 64 characters. */
  async #lockName(): Promise<string> {
    const rows = await this.send("SELECT DATABASE() AS name");
    const place = `${String(rows[0]?.["name"])} ${historyTableName(this.#dataSource)}`;
    return `retort ${createHash("sha256").update(place).digest("hex").slice(0, 40)}`;
  }

  /**
   * The connection is the run's own, and gets its settings back: how long a statement waits for a lock, and FOREIGN_KEY_CHECKS, which
   * a migration may switch off. What the last holder of a lease has
   * written at another node is there before anything is read.
   */
  async prepare(ddlLockTimeout: number): Promise<() => Promise<void>> {
    const seconds = Math.max(1, Math.ceil(ddlLockTimeout / 1000));
    const settings = {
      lock_wait_timeout: seconds,
      innodb_lock_wait_timeout: seconds,
      ...(this.#lease && { wsrep_sync_wait: 7 }),
    };
    const names = ["foreign_key_checks", ...Object.keys(settings)];
    const values = names.map((name) => `@@SESSION.${name} AS ${name}`).join(", ");
    const [before] = await this.send(`SELECT CONNECTION_ID() AS id, ${values}`);
    this.#connection = Number(before?.["id"]);
    for (const [name, value] of Object.entries(settings)) await this.send(`SET SESSION ${name} = ${value}`);
    return async () => {
      for (const name of names)
        await this.send(`SET SESSION ${name} = ${Number(before?.[name])}`).catch(() => undefined);
    };
  }

  async begin(): Promise<void> {
    await this.send("START TRANSACTION");
  }

  async commit(): Promise<void> {
    await this.#lease?.fence(this.#sender);
    try {
      await this.send("COMMIT");
    } catch (error) {
      // Another node's write was ordered before: of the lease, or of the migration's own rows.
      if (this.#lease && errorNumber(error) === CONFLICT && !(await this.#lease.isHeld())) throw leaseLost(EXPIRY);
      throw error;
    }
  }

  async rollback(): Promise<void> {
    await this.send("ROLLBACK").catch(() => undefined);
  }

  async openDryRun(): Promise<DryRunConnection> {
    const runner = this.#dataSource.createQueryRunner("master");
    const send = runner.query.bind(runner) as Send;
    await send("START TRANSACTION READ ONLY");
    const close = async () => {
      await send("ROLLBACK").catch(() => undefined);
      await runner.release();
    };
    return { runner, send, executes: false, close };
  }

  async readSafely(send: () => Promise<unknown>): Promise<ReadResult> {
    try {
      return { isRead: true, value: await send() };
    } catch (error) {
      if (errorNumber(error) === READ_ONLY_TRANSACTION) return { isRead: false };
      throw error;
    }
  }

  /** No transaction: a schema change would commit it. */
  wrapScript(): StatementWrapper {
    return { before: [], after: [] };
  }

  canRunInTransaction(sql: string): boolean {
    return statementKind(sql) === "rows";
  }

  isLockTimeout(error: unknown): boolean {
    return errorNumber(error) === LOCK_WAIT_TIMEOUT;
  }

  /** Who has a metadata lock is only known with the performance schema; else the open transactions are named. */
  async lockHolders(): Promise<string | undefined> {
    allowThreeConnections(this.#dataSource);
    const runner = this.#dataSource.createQueryRunner("master");
    const ask = (query: string) => runner.query(query, [this.#connection, this.#connection]) as Promise<MysqlHolder[]>;
    try {
      const known = await ask(METADATA_LOCKS).catch((): MysqlHolder[] => []);
      if (known.length > 0) return holdersText(known[0]!.object, known);
      const open = await ask(OPEN_TRANSACTIONS);
      return open.length === 0 ? undefined : `open transactions: ${open.map(holderText).join(" and ")}`;
    } finally {
      await runner.release();
    }
  }

  isReadOnlyError(error: unknown): boolean {
    return READ_ONLY.has(errorNumber(error));
  }

  isAlreadyDone(error: unknown): boolean {
    return ALREADY_DONE.has(errorNumber(error));
  }
}

/** The lease, the migrations and the question who has a lock need a connection each, even where the pool allows one only. */
function allowThreeConnections(dataSource: DataSource): void {
  const pool = (dataSource.driver as { pool?: { config?: { connectionLimit?: number } } }).pool;
  if (pool?.config?.connectionLimit !== undefined && pool.config.connectionLimit < 3) pool.config.connectionLimit = 3;
}

function errorNumber(error: unknown): number {
  return (error as { driverError?: { errno?: number } }).driverError?.errno ?? 0;
}
