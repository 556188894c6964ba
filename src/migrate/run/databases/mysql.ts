import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { historyTableName } from "../../history/history";
import { lockTimeout } from "../../errors";
import type { Send } from "../../history/send";
import { kindOf } from "../../history/statement";
import type { LockWait, MigrationDatabase, ReadAnswer, RunLock, Stage, Surroundings } from "./contract";

/** Between two tries for the lock, milliseconds. */
const RETRY_EVERY = 50;

/**
 * Error numbers of "it is there already" and "it is not there (any more)".
 * https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const DONE_ALREADY = new Set([
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

/**
 * MySQL and MariaDB: a schema change commits by itself, with everything before it, so that a transaction around a
 * migration would promise what it cannot keep. GET_LOCK survives those commits and goes with its connection.
 */
export class MysqlMigrations implements MigrationDatabase {
  readonly send: Send;
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.send = runner.query.bind(runner) as Send;
  }

  /**
   * On the connection that the migrations run on: when their client dies, the server lets go of the lock after it has
   * ended the statement that was under way, and not before.
   */
  async lock(wait: LockWait): Promise<RunLock> {
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

  /** Locks are the whole server's: the name says which database's history is meant, in 64 characters at most. */
  async #lockName(): Promise<string> {
    const rows = await this.send("SELECT DATABASE() AS name");
    const place = `${String(rows[0]?.["name"])} ${historyTableName(this.#dataSource)}`;
    return `retort ${createHash("sha256").update(place).digest("hex").slice(0, 40)}`;
  }

  /** Nothing to prepare: a migration that wants FOREIGN_KEY_CHECKS off says so. What it says ends with the run. */
  async prepare(): Promise<() => Promise<void>> {
    const rows = await this.send("SELECT @@SESSION.foreign_key_checks AS checks");
    const checks = Number(rows[0]?.["checks"]);
    return async () => {
      await this.send(`SET SESSION foreign_key_checks = ${checks}`).catch(() => undefined);
    };
  }

  async begin(): Promise<void> {
    await this.send("START TRANSACTION");
  }

  async commit(): Promise<void> {
    await this.send("COMMIT");
  }

  async rollback(): Promise<void> {
    await this.send("ROLLBACK").catch(() => undefined);
  }

  async openStage(): Promise<Stage> {
    const runner = this.#dataSource.createQueryRunner("master");
    const send = runner.query.bind(runner) as Send;
    await send("START TRANSACTION READ ONLY");
    const close = async () => {
      await send("ROLLBACK").catch(() => undefined);
      await runner.release();
    };
    return { runner, send, executes: false, close };
  }

  async readSafely(send: () => Promise<unknown>): Promise<ReadAnswer> {
    try {
      return { isRead: true, value: await send() };
    } catch (error) {
      if (errorNumber(error) === READ_ONLY_TRANSACTION) return { isRead: false };
      throw error;
    }
  }

  /** A transaction would promise what a schema change does not keep. */
  frame(): Surroundings {
    return { before: [], after: [] };
  }

  fitsTransaction(sql: string): boolean {
    return kindOf(sql) === "rows";
  }

  isReadOnly(error: unknown): boolean {
    return READ_ONLY.has(errorNumber(error));
  }

  isDoneAlready(error: unknown): boolean {
    return DONE_ALREADY.has(errorNumber(error));
  }
}

function errorNumber(error: unknown): number {
  return (error as { driverError?: { errno?: number } }).driverError?.errno ?? 0;
}
