import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource, QueryRunner } from "typeorm";
import type { Connection, DatabaseListener, Dialect, Row, RunResult, RunResults } from "../dialect";
import { statementFailed, writeLockTimeout } from "../errors";
import { StatementLog } from "../observed";
import { complaintOf, isBusy } from "./complaint";
import { isMemory, writeQueueOf, type WriteQueue } from "./write-queue";

/** How long a writer waits for its turn when the DataSource's `timeout` does not say, milliseconds (better-sqlite3's default). */
const DEFAULT_TIMEOUT = 5_000;
/** Between two tries for a lock that another process holds, milliseconds. */
const RETRY_EVERY = 10;
/** Prepared statements kept; the least recently made goes first. */
const STATEMENT_CACHE = 200;

type Statement = BetterSqlite3.Statement<unknown[], Row>;

/** The parts of TypeORM's better-sqlite3 driver that are used here; `createDatabaseConnection` is protected there. */
interface Driver {
  databaseConnection: BetterSqlite3.Database;
  createDatabaseConnection(): Promise<BetterSqlite3.Database>;
  createQueryRunner(mode: "master"): QueryRunner;
  attachedDatabases: Record<string, { attachFilepathAbsolute: string; attachHandle: string }>;
  queryRunner: QueryRunner | undefined;
}

/**
 * A session's connection to SQLite. On a file it is the session's own, so that two sessions are isolated as on a
 * server; a database in memory has only the DataSource's connection, and writers take turns on it.
 */
export class SqliteConnection implements Connection {
  readonly dialect: Dialect;
  readonly #dataSource: DataSource;
  readonly #listener: DatabaseListener;
  readonly #log: StatementLog;
  readonly #database: string;
  readonly #timeout: number;
  readonly #statements = new Map<string, Statement>();
  #handle!: BetterSqlite3.Database;
  #queue!: WriteQueue;
  #queryRunner!: QueryRunner;
  #ownsHandle = false;
  #begun = false;
  isOpen = false;

  constructor(dialect: Dialect, dataSource: DataSource, listener: DatabaseListener) {
    this.dialect = dialect;
    this.#dataSource = dataSource;
    this.#listener = listener;
    this.#log = new StatementLog(dataSource, listener);
    const options = dataSource.options as { database: string; timeout?: number };
    this.#database = isMemory(options.database) ? options.database : path.resolve(options.database);
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
  }

  get queryRunner(): QueryRunner {
    return this.#queryRunner;
  }

  get inTransaction(): boolean {
    return this.#begun;
  }

  async open(): Promise<void> {
    if (this.isOpen) return;
    const driver = this.#dataSource.driver as unknown as Driver;
    if (isMemory(this.#database)) {
      this.#handle = driver.databaseConnection;
      this.#queryRunner = driver.createQueryRunner("master");
    } else {
      this.#handle = await driver.createDatabaseConnection();
      this.#ownsHandle = true;
      // Locks are waited for here, between tries, where the event loop goes on; SQLite's own waiting would stop it.
      this.#handle.pragma("busy_timeout = 0");
      for (const { attachFilepathAbsolute, attachHandle } of Object.values(driver.attachedDatabases))
        this.#handle.prepare(`ATTACH ? AS "${attachHandle}"`).run(attachFilepathAbsolute);
      this.#queryRunner = this.#ownQueryRunner(driver);
    }
    this.#queue = writeQueueOf(this.#database, this.#handle);
    this.isOpen = true;
  }

  /** A driver that is TypeORM's in everything but the connection, so that its query runner works in our transaction. */
  #ownQueryRunner(driver: Driver): QueryRunner {
    const own = Object.create(driver, {
      databaseConnection: { value: this.#handle, writable: true },
      queryRunner: { value: undefined, writable: true },
    }) as Driver;
    return own.createQueryRunner("master");
  }

  rows(sql: string, parameters: readonly unknown[] = []): Row[] | Promise<Row[]> {
    return this.#send(sql, parameters, (statement) => {
      if (statement.reader) return statement.all(parameters as unknown[]);
      statement.run(parameters as unknown[]);
      return [];
    });
  }

  run(sql: string, parameters: readonly unknown[] = []): RunResult | Promise<RunResult> {
    return this.#send(sql, parameters, (statement) => {
      if (statement.reader) return { changes: statement.all(parameters as unknown[]).length, lastId: undefined };
      const { changes, lastInsertRowid } = statement.run(parameters as unknown[]);
      return { changes, lastId: lastInsertRowid };
    });
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): RunResults {
    const started = this.#log.sending(sql, batches[0] ?? [], this.#queryRunner);
    const changes = new Array<number>(batches.length);
    const lastIds = new Array<number | bigint>(batches.length);
    let position = 0;
    try {
      const statement = this.#prepare(sql);
      for (; position < batches.length; position++) {
        const result = statement.run(batches[position] as unknown[]);
        changes[position] = result.changes;
        lastIds[position] = result.lastInsertRowid;
      }
    } catch (error) {
      const parameters = batches[position] ?? [];
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(complaintOf(error), error, sql, parameters);
    }
    this.#log.sent(sql, batches[0] ?? [], batches.length, started, this.#queryRunner);
    return { changes, lastIds };
  }

  async *stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    let count = 0;
    // A cursor keeps its connection busy: better-sqlite3 allows no other statement while one is open. So the cursor
    // has a connection of its own where there can be one, unless it must see this session's open transaction.
    const handle = this.#ownsHandle && !this.#begun ? await this.#secondHandle() : this.#handle;
    try {
      if (handle === this.#handle) {
        const all = handle.prepare<unknown[], Row>(sql).raw().all(parameters as unknown[]);
        for (; count < all.length; count += portion) yield all.slice(count, count + portion);
        return;
      }
      let rows: Row[] = [];
      for (const row of handle.prepare<unknown[], Row>(sql).raw().iterate(parameters as unknown[])) {
        rows.push(row);
        count++;
        if (rows.length === portion) {
          yield rows;
          rows = [];
        }
      }
      if (rows.length > 0) yield rows;
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(complaintOf(error), error, sql, parameters);
    } finally {
      if (handle !== this.#handle) handle.close();
      this.#log.sent(sql, parameters, count, started, this.#queryRunner);
    }
  }

  async #secondHandle(): Promise<BetterSqlite3.Database> {
    return (this.#dataSource.driver as unknown as Driver).createDatabaseConnection();
  }

  /**
   * BEGIN IMMEDIATE: the write lock is taken at once, so a writer that has read never fails with a stale snapshot.
   * Sessions of this process queue for it; the lock of another process is tried again in between.
   */
  async begin(): Promise<void> {
    if (!(await this.#queue.enter(this, this.#timeout)))
      throw writeLockTimeout(this.#database, this.#timeout / 1000, "another session of this process");
    try {
      const sent = this.#send("BEGIN IMMEDIATE", [], (statement) => statement.run());
      if (sent instanceof Promise) await sent;
    } catch (error) {
      this.#queue.leave(this);
      throw error;
    }
    this.#begun = true;
    this.#listener({ type: "begin" });
  }

  async commit(): Promise<void> {
    const sent = this.#send("COMMIT", [], (statement) => statement.run());
    if (sent instanceof Promise) await sent;
    this.#end();
    this.#listener({ type: "commit" });
  }

  async rollback(): Promise<void> {
    try {
      // Some errors (a full disk, an interrupt) have rolled back already.
      if (this.#handle.inTransaction) {
        const sent = this.#send("ROLLBACK", [], (statement) => statement.run());
        if (sent instanceof Promise) await sent;
      }
    } finally {
      this.#end();
    }
    this.#listener({ type: "rollback" });
  }

  #end(): void {
    this.#begun = false;
    this.#queue.leave(this);
  }

  savepoint(name: string): unknown {
    return this.run(`SAVEPOINT ${this.dialect.quote(name)}`);
  }

  releaseSavepoint(name: string): unknown {
    return this.run(`RELEASE SAVEPOINT ${this.dialect.quote(name)}`);
  }

  rollbackToSavepoint(name: string): unknown {
    return this.run(`ROLLBACK TO SAVEPOINT ${this.dialect.quote(name)}`);
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    if (this.#begun) await this.rollback();
    this.#statements.clear();
    if (this.#ownsHandle) this.#handle.close();
    this.isOpen = false;
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement) return statement;
    statement = this.#handle.prepare<unknown[], Row>(sql);
    if (statement.reader) statement.raw(true);
    if (this.#statements.size >= STATEMENT_CACHE)
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    this.#statements.set(sql, statement);
    return statement;
  }

  #send<T>(sql: string, parameters: readonly unknown[], send: (statement: Statement) => T): T | Promise<T> {
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    try {
      const result = send(this.#prepare(sql));
      this.#log.sent(sql, parameters, countOf(result), started, this.#queryRunner);
      return result;
    } catch (error) {
      if (isBusy(error)) return this.#sendWhenFree(sql, parameters, send, started);
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(complaintOf(error), error, sql, parameters);
    }
  }

  /** Tries again, without blocking the process, until another process lets go of the lock or the timeout is over. */
  async #sendWhenFree<T>(
    sql: string,
    parameters: readonly unknown[],
    send: (statement: Statement) => T,
    started: number,
  ): Promise<T> {
    while (performance.now() - started < this.#timeout) {
      await sleep(RETRY_EVERY);
      try {
        const result = send(this.#prepare(sql));
        this.#log.sent(sql, parameters, countOf(result), started, this.#queryRunner);
        return result;
      } catch (error) {
        if (isBusy(error)) continue;
        this.#log.failed(sql, parameters, error, started, this.#queryRunner);
        throw statementFailed(complaintOf(error), error, sql, parameters);
      }
    }
    const error = writeLockTimeout(this.#database, this.#timeout / 1000, undefined);
    this.#log.failed(sql, parameters, error, started, this.#queryRunner);
    throw error;
  }
}

function countOf(result: unknown): number {
  if (Array.isArray(result)) return result.length;
  return (result as RunResult | undefined)?.changes ?? 0;
}
