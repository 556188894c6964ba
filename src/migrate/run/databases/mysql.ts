import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { historyTableName } from "../../history/history";
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
    allowTwoConnections(this.#dataSource);
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
   * A migration may switch FOREIGN_KEY_CHECKS off; the setting is restored after the run. What the last holder of a lease has
   * written at another node is there before anything is read.
   */
  async prepare(): Promise<() => Promise<void>> {
    const names = ["foreign_key_checks", ...(this.#lease ? ["wsrep_sync_wait"] : [])];
    const [before] = await this.send(`SELECT ${names.map((name) => `@@SESSION.${name} AS ${name}`).join(", ")}`);
    if (this.#lease) await this.send("SET SESSION wsrep_sync_wait = 7");
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

  isReadOnlyError(error: unknown): boolean {
    return READ_ONLY.has(errorNumber(error));
  }

  isAlreadyDone(error: unknown): boolean {
    return ALREADY_DONE.has(errorNumber(error));
  }
}

/** The lease and the migrations need a connection each, even where the pool allows one only. */
function allowTwoConnections(dataSource: DataSource): void {
  const pool = (dataSource.driver as { pool?: { config?: { connectionLimit?: number } } }).pool;
  if (pool?.config?.connectionLimit !== undefined && pool.config.connectionLimit < 2) pool.config.connectionLimit = 2;
}

function errorNumber(error: unknown): number {
  return (error as { driverError?: { errno?: number } }).driverError?.errno ?? 0;
}
