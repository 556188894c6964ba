import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource, QueryRunner } from "typeorm";
import type { Connection, DatabaseListener, Dialect, Row, RunResult } from "../dialect";
import { statementFailed, writeLockTimeout } from "../errors";
import { StatementObserver } from "../statement-observer";
import { transactionStep } from "../transaction";
import { readDriverError, isBusy } from "./driver-error";
import { lockHolder } from "./lock-holder";
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
  readonly #log: StatementObserver;
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
    this.#log = new StatementObserver(dataSource, listener);
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
      this.#queryRunner = this.#dataSource.createQueryRunner("master");
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
    const queryRunner = own.createQueryRunner("master");
    // As DataSource.createQueryRunner does it: what listeners save through `event.manager` goes over this connection.
    return Object.assign(queryRunner, { manager: this.#dataSource.createEntityManager(queryRunner) });
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

  runMany(sql: string, batches: readonly (readonly unknown[])[]): number[] {
    const started = this.#log.sending(sql, batches[0] ?? [], this.#queryRunner);
    const changes = new Array<number>(batches.length);
    let position = 0;
    try {
      const statement = this.#prepare(sql);
      for (; position < batches.length; position++)
        changes[position] = statement.run(batches[position] as unknown[]).changes;
    } catch (error) {
      const parameters = batches[position] ?? [];
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(readDriverError(error), error, sql, parameters);
    }
    this.#log.sent(sql, batches[0] ?? [], batches.length, started, this.#queryRunner);
    return changes;
  }

  async *stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const started = this.#log.sending(sql, parameters, this.#queryRunner);
    let count = 0;
    try {
      const rows = this.#readsBesideWriters()
        ? this.#iterated(sql, parameters, portion)
        : this.#copied(sql, parameters, portion);
      for await (const some of rows) {
        count += some.length;
        yield some;
      }
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(readDriverError(error), error, sql, parameters);
    }
    this.#log.sent(sql, parameters, count, started, this.#queryRunner);
  }

  /**
   * Whether a second connection can read while this one writes: in WAL mode it can. Otherwise its lock would make our own
   * commit wait for the end of the stream, which waits for us. A connection that cannot write has no such trouble.
   */
  #readsBesideWriters(): boolean {
    if (!this.#ownsHandle || this.#begun) return false;
    if (this.#handle.pragma("journal_mode", { simple: true }) === "wal") return true;
    return this.#handle.readonly || this.#handle.pragma("query_only", { simple: true }) === 1;
  }

  /** A cursor keeps its connection busy, so it has one of its own. */
  async *#iterated(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const handle = await (this.#dataSource.driver as unknown as Driver).createDatabaseConnection();
    try {
      let rows: Row[] = [];
      for (const row of handle
        .prepare<unknown[], Row>(sql)
        .raw()
        .iterate(parameters as unknown[])) {
        rows.push(row);
        if (rows.length < portion) continue;
        yield rows;
        rows = [];
      }
      if (rows.length > 0) yield rows;
    } finally {
      handle.close();
    }
  }

  /** The rows as they are now, kept apart on disk: whatever is written in the course of the stream, it neither waits nor is seen. */
  async *#copied(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]> {
    const table = `temp.retort_stream_${++streams}`;
    await this.#retried(() =>
      this.#handle.prepare(`CREATE TEMP TABLE ${table} AS ${sql}`).run(parameters as unknown[]),
    );
    try {
      const read = this.#handle
        .prepare<[number, number], Row>(`SELECT * FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`)
        .raw();
      for (let last = 0; ; last += portion) {
        const rows = read.all(last, portion);
        if (rows.length === 0) return;
        yield rows;
      }
    } finally {
      // A rollback has taken it away already.
      if (this.#handle.open) this.#handle.exec(`DROP TABLE IF EXISTS ${table}`);
    }
  }

  /**
   * BEGIN IMMEDIATE: the write lock is taken at once, so a writer that has read never fails with a stale snapshot.
   * Sessions of this process queue for it; the lock of another process is tried again in between.
   */
  async begin(): Promise<void> {
    if (!(await this.#queue.enter(this, this.#timeout)))
      throw writeLockTimeout(this.#database, this.#timeout / 1000, "another session of this process");
    try {
      await transactionStep(this.#queryRunner, "Start", async () => {
        for (const statement of this.dialect.beginTransaction({})) await this.run(statement);
      });
    } catch (error) {
      this.#queue.leave(this);
      throw error;
    }
    this.#begun = true;
    this.#listener({ type: "begin" });
  }

  async commit(): Promise<void> {
    await transactionStep(this.#queryRunner, "Commit", () => this.#send("COMMIT", [], (statement) => statement.run()));
    this.#end();
    this.#listener({ type: "commit" });
  }

  async rollback(): Promise<void> {
    try {
      await transactionStep(this.#queryRunner, "Rollback", () =>
        // Some errors (a full disk, an interrupt) have rolled back already.
        this.#handle.inTransaction ? this.#send("ROLLBACK", [], (statement) => statement.run()) : undefined,
      );
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
      throw statementFailed(readDriverError(error), error, sql, parameters);
    }
  }

  async #sendWhenFree<T>(
    sql: string,
    parameters: readonly unknown[],
    send: (statement: Statement) => T,
    started: number,
  ): Promise<T> {
    try {
      await sleep(RETRY_EVERY);
      const result = await this.#retried(() => send(this.#prepare(sql)), started);
      this.#log.sent(sql, parameters, countOf(result), started, this.#queryRunner);
      return result;
    } catch (error) {
      this.#log.failed(sql, parameters, error, started, this.#queryRunner);
      throw statementFailed(readDriverError(error), error, sql, parameters);
    }
  }

  /** Tries again, without blocking the process, until another process lets go of the lock or the timeout is over. */
  async #retried<T>(work: () => T, started = performance.now()): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() - started >= this.#timeout)
          throw writeLockTimeout(this.#database, this.#timeout / 1000, lockHolder(this.#database));
      }
      await sleep(RETRY_EVERY);
    }
  }
}

/** Temporary tables are their connection's, and a database in memory has one connection for everybody. */
let streams = 0;

function countOf(result: unknown): number {
  if (Array.isArray(result)) return result.length;
  return (result as RunResult | undefined)?.changes ?? 0;
}
