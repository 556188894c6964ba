import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource, QueryRunner } from "typeorm";
import type {
  Connection,
  ConnectionOptions,
  Dialect,
  QueryResult,
  Row,
  RunResult,
  TransactionOptions,
} from "../dialect";
import type { RetortError } from "../../errors";
import { located } from "../error-place";
import { readOnlyTransaction, statementFailed, writeLockTimeout } from "../errors";
import type { DatabaseAddress } from "../events";
import type { Observers } from "../observers";
import { StatementObserver, type Failure, type SentStatement } from "../statement-observer";
import { transactionStep } from "../transaction";
import { areWritesAllowed } from "../write-permission";
import { readDriverError, isBusy } from "./driver-error";
import { lockHolder } from "./lock-holder";
import { refuseOtherWriters, type TypeormDriver } from "./own-lock";
import type { ReadAnswer } from "./read-process";
import { stoppableReadsOf, type StoppableReads } from "./stoppable-reads";
import { isMemory, writeMutexOf, type WriteMutex } from "./write-mutex";

/** How long a writer waits where the DataSource sets no `timeout`, in milliseconds (better-sqlite3's default). */
const DEFAULT_TIMEOUT = 5_000;
/** Pause before the next try for a lock that another process holds, in milliseconds. */
const RETRY_EVERY = 10;
/** How many prepared statements are kept; the oldest is dropped first. */
const STATEMENT_CACHE = 200;

/** Rows that another process has read. */
type ElsewhereRead = Exclude<ReadAnswer, { readonly failed: string }>;

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
 * A session's connection to SQLite. On a file the session has a connection of its own, so that sessions are isolated
 * as on a server; a database in memory has only the DataSource's connection, on which writers are serialized.
 */
export class SqliteConnection implements Connection {
  readonly dialect: Dialect;
  readonly #dataSource: DataSource;
  readonly #observers: Observers;
  readonly #label: string;
  readonly #observer: StatementObserver;
  readonly #database: string;
  readonly #timeout: number;
  readonly #statements = new Map<string, Statement>();
  #handle!: BetterSqlite3.Database;
  #mutex!: WriteMutex;
  #queryRunner!: QueryRunner;
  /** A query runner of the application, whose connection and transaction are used. */
  readonly #joined: QueryRunner | undefined;
  #ownsHandle = false;
  #begun = false;
  #readOnly = false;
  #isForOne = false;
  /** Lets TypeORM's own connection wait for locks again. */
  #allowOthers: (() => void) | undefined;
  isOpen = false;
  #opening: Promise<void> | undefined;

  constructor(dialect: Dialect, dataSource: DataSource, observers: Observers, options: ConnectionOptions) {
    this.dialect = dialect;
    this.#dataSource = dataSource;
    this.#observers = observers;
    this.#label = options.label;
    this.#observer = new StatementObserver(dataSource, observers, options.label);
    this.#joined = options.queryRunner;
    const { database, timeout } = dataSource.options as { database: string; timeout?: number };
    this.#database = isMemory(database) ? database : path.resolve(database);
    this.#timeout = timeout ?? DEFAULT_TIMEOUT;
  }

  get queryRunner(): QueryRunner {
    return this.#queryRunner;
  }

  get inTransaction(): boolean {
    return this.#joined ? this.#joined.isTransactionActive : this.#begun;
  }

  /** Statements at the same time open one connection. */
  async open(): Promise<void> {
    if (!this.isOpen) await (this.#opening ??= this.#open().finally(() => (this.#opening = undefined)));
  }

  async #open(): Promise<void> {
    const driver = this.#dataSource.driver as unknown as Driver;
    if (this.#joined) {
      this.#handle = driver.databaseConnection;
      this.#queryRunner = this.#joined;
    } else if (isMemory(this.#database)) {
      this.#handle = driver.databaseConnection;
      this.#queryRunner = this.#dataSource.createQueryRunner("master");
    } else {
      this.#handle = await driver.createDatabaseConnection();
      this.#ownsHandle = true;
      // This class waits for locks itself, with timers: SQLite's own waiting would block the event loop.
      this.#handle.pragma("busy_timeout = 0");
      for (const { attachFilepathAbsolute, attachHandle } of Object.values(driver.attachedDatabases))
        this.#handle.prepare(`ATTACH ? AS "${attachHandle}"`).run(attachFilepathAbsolute);
      this.#queryRunner = this.#ownQueryRunner(driver);
    }
    this.#mutex = writeMutexOf(this.#database, this.#handle);
    this.isOpen = true;
  }

  /** TypeORM's driver with our connection, so that its query runner takes part in our transaction. */
  #ownQueryRunner(driver: Driver): QueryRunner {
    const own = Object.create(driver, {
      databaseConnection: { value: this.#handle, writable: true },
      queryRunner: { value: undefined, writable: true },
    }) as Driver;
    const queryRunner = own.createQueryRunner("master");
    // As DataSource.createQueryRunner does: what listeners save through `event.manager` uses this connection.
    return Object.assign(queryRunner, { manager: this.#dataSource.createEntityManager(queryRunner) });
  }

  hold<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  rows(sql: string, parameters: readonly unknown[] = []): Row[] | Promise<Row[]> {
    const reads = this.#stoppable(sql, parameters);
    const read = (statement: Statement): Row[] => {
      if (statement.reader) return statement.all(parameters as unknown[]);
      statement.run(parameters as unknown[]);
      return [];
    };
    return reads
      ? this.#sendElsewhere(reads, sql, parameters, ({ rows }) => [...rows], read)
      : this.#send(sql, parameters, read);
  }

  query(sql: string, parameters: readonly unknown[] = []): QueryResult | Promise<QueryResult> {
    const reads = this.#stoppable(sql, parameters);
    const query = (statement: Statement): QueryResult => {
      if (!statement.reader) {
        const { changes } = statement.run(parameters as unknown[]);
        return { columns: [], rows: [], changes };
      }
      const rows = statement.all(parameters as unknown[]);
      const columns = statement.columns().map(({ name }) => name);
      return { columns, rows, changes: statement.readonly ? 0 : rows.length };
    };
    const resultOf = ({ rows, columns }: ElsewhereRead): QueryResult => ({ rows: [...rows], columns, changes: 0 });
    return reads ? this.#sendElsewhere(reads, sql, parameters, resultOf, query) : this.#send(sql, parameters, query);
  }

  run(sql: string, parameters: readonly unknown[] = []): RunResult | Promise<RunResult> {
    return this.#send(sql, parameters, (statement) => {
      if (statement.reader) return { changes: statement.all(parameters as unknown[]).length, lastId: undefined };
      const { changes, lastInsertRowid } = statement.run(parameters as unknown[]);
      return { changes, lastId: lastInsertRowid };
    });
  }

  runMany(sql: string, batches: readonly (readonly unknown[])[]): number[] {
    const sent = this.#sending(sql, batches[0] ?? [], batches.length > 1 ? batches.length : undefined);
    const changes = new Array<number>(batches.length);
    let position = 0;
    try {
      const statement = this.#writable(this.#prepare(sql), sql, batches[0] ?? []);
      for (; position < batches.length; position++)
        changes[position] = statement.run(batches[position] as unknown[]).changes;
    } catch (error) {
      throw this.#failed({ ...sent, parameters: batches[position] ?? [] }, error);
    }
    this.#observer.sent(sent, batches.length);
    return changes;
  }

  async *stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncGenerator<Row[], void> {
    const batches = this.#canReadWhileWriting()
      ? this.#streamFromCursor(sql, parameters, batchSize)
      : this.#streamFromCopy(sql, parameters, batchSize);
    yield* this.#observer.stream(this.#sending(sql, parameters), batches, (error) =>
      this.#failureOf(error, sql, parameters),
    );
  }

  /**
   * Whether a second connection can read while this one writes: in WAL mode it can. Otherwise its lock would block
   * our own commit until the stream ends, which waits for us. A read-only connection never commits.
   */
  #canReadWhileWriting(): boolean {
    if (!this.#ownsHandle || this.#begun) return false;
    if (this.#handle.pragma("journal_mode", { simple: true }) === "wal") return true;
    return this.#handle.readonly || this.#handle.pragma("query_only", { simple: true }) === 1;
  }

  /** A cursor keeps its connection busy, so it uses a connection of its own. */
  async *#streamFromCursor(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    const handle = await (this.#dataSource.driver as unknown as Driver).createDatabaseConnection();
    try {
      let rows: Row[] = [];
      for (const row of handle
        .prepare<unknown[], Row>(sql)
        .raw()
        .iterate(parameters as unknown[])) {
        rows.push(row);
        if (rows.length < batchSize) continue;
        yield rows;
        rows = [];
      }
      if (rows.length > 0) yield rows;
    } finally {
      handle.close();
    }
  }

  /** Copies the rows to a temporary table, so that later writes neither wait for the stream nor show in it. */
  async *#streamFromCopy(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<Row[]> {
    const table = `temp.retort_stream_${++streams}`;
    await this.#retryWhileBusy(() =>
      this.#handle.prepare(`CREATE TEMP TABLE ${table} AS ${sql}`).run(parameters as unknown[]),
    );
    try {
      const read = this.#handle
        .prepare<[number, number], Row>(`SELECT * FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`)
        .raw();
      for (let last = 0; ; last += batchSize) {
        const rows = read.all(last, batchSize);
        if (rows.length === 0) return;
        yield rows;
      }
    } finally {
      // A rollback has dropped the table already.
      if (this.#handle.open) this.#handle.exec(`DROP TABLE IF EXISTS ${table}`);
    }
  }

  /** Sessions of this process wait for the mutex; the lock of another process is retried. */
  async begin(options: TransactionOptions): Promise<void> {
    // A reader on a connection of its own waits for nobody.
    const readOnly = options.readOnly === true;
    if (!(readOnly && this.#ownsHandle) && !(await this.#mutex.acquire(this, this.#timeout)))
      throw this.#lockTimeout("another session of this process");
    try {
      // In a sandbox over a database in memory, whose one connection refuses writes otherwise.
      if (areWritesAllowed()) this.#handle.pragma("query_only = OFF");
      await transactionStep(this.#queryRunner, "Start", async () => {
        for (const statement of this.dialect.beginTransaction(options)) await this.run(statement);
        // A subscriber that throws afterwards leaves it open, to be rolled back.
        this.#begun = true;
        this.#readOnly = readOnly;
        this.#isForOne = readOnly && options.isForOne === true;
        if (this.#ownsHandle && !readOnly)
          this.#allowOthers = refuseOtherWriters(this.#dataSource.driver as unknown as TypeormDriver);
      });
    } catch (error) {
      if (!this.#begun) this.#mutex.release(this);
      throw error;
    }
    this.#notify("begin");
  }

  async commit(): Promise<void> {
    await transactionStep(this.#queryRunner, "Commit", () => this.#send("COMMIT", [], (statement) => statement.run()));
    this.#end();
    this.#notify("commit");
  }

  async rollback(): Promise<void> {
    try {
      await transactionStep(this.#queryRunner, "Rollback", () =>
        // SQLite has rolled back already after some errors (a full disk, an interrupt).
        this.#handle.inTransaction ? this.#send("ROLLBACK", [], (statement) => statement.run()) : undefined,
      );
    } finally {
      this.#end();
    }
    this.#notify("rollback");
  }

  #notify(type: "begin" | "commit" | "rollback"): void {
    if (this.#observers.areThere) this.#observers.notify({ type, session: this.#label });
  }

  #end(): void {
    this.#begun = false;
    this.#readOnly = false;
    this.#isForOne = false;
    this.#allowOthers?.();
    this.#allowOthers = undefined;
    this.#mutex.release(this);
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
    await this.#opening?.catch(() => undefined);
    // A BEGIN that waited for a lock may have been answered after the end of the session.
    if (this.#begun) await this.rollback();
    if (!this.isOpen) return;
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

  /** SQLite has no transactions that are read only, but it tells which statements write. */
  #writable(statement: Statement, sql: string, parameters: readonly unknown[]): Statement {
    if (this.#readOnly && !statement.readonly) throw readOnlyTransaction(sql, parameters, this.#dataSource);
    return statement;
  }

  /** Where a read runs that somebody may want to end; undefined: here. */
  #stoppable(sql: string, parameters: readonly unknown[]): StoppableReads | undefined {
    const reads = this.#ownsHandle ? stoppableReadsOf(this.#dataSource) : undefined;
    reads?.prepared(sql);
    if (!reads || (this.#begun && !this.#isForOne)) return undefined;
    try {
      const { reader, readonly } = this.#prepare(sql);
      return reader && readonly && reads.mayTakeLong(this.#handle, sql, parameters) ? reads : undefined;
    } catch {
      // Sending it gives the error.
      return undefined;
    }
  }

  /** Reads in another process; what that one cannot do is done here. */
  async #sendElsewhere<T>(
    reads: StoppableReads,
    sql: string,
    parameters: readonly unknown[],
    resultOf: (answer: ElsewhereRead) => T,
    send: (statement: Statement) => T,
  ): Promise<T> {
    const sent = this.#sending(sql, parameters);
    try {
      const answer = await reads.read({ sql, parameters });
      const result = "failed" in answer ? send(this.#prepare(sql)) : resultOf(answer);
      this.#observer.sent(sent, countOf(result));
      return result;
    } catch (error) {
      if (isBusy(error)) return this.#sendWhenFree(sent, send);
      throw this.#failed(sent, error);
    }
  }

  #send<T>(sql: string, parameters: readonly unknown[], send: (statement: Statement) => T): T | Promise<T> {
    const sent = this.#sending(sql, parameters);
    try {
      const statement = this.#writable(this.#prepare(sql), sql, parameters);
      const reads = stoppableReadsOf(this.#dataSource);
      const result = reads ? reads.watched(() => send(statement)) : send(statement);
      this.#observer.sent(sent, countOf(result));
      return result;
    } catch (error) {
      if (isBusy(error)) return this.#sendWhenFree(sent, send);
      throw this.#failed(sent, error);
    }
  }

  async #sendWhenFree<T>(sent: SentStatement, send: (statement: Statement) => T): Promise<T> {
    try {
      await sleep(RETRY_EVERY);
      const result = await this.#retryWhileBusy(() => send(this.#prepare(sent.sql)), sent.started);
      this.#observer.sent(sent, countOf(result));
      return result;
    } catch (error) {
      throw this.#failed(sent, error);
    }
  }

  #sending(sql: string, parameters: readonly unknown[], batchSize?: number): SentStatement {
    return this.#observer.sending(sql, parameters, this.#queryRunner, this.#address, batchSize);
  }

  readonly #address = (): DatabaseAddress => {
    const namespace = this.#database;
    return { system: this.dialect.systemName, namespace, address: undefined, port: undefined };
  };

  #failed(sent: SentStatement, error: unknown): RetortError {
    const failure = this.#failureOf(error, sent.sql, sent.parameters);
    this.#observer.failed(sent, error, failure);
    return failure.error;
  }

  #failureOf(error: unknown, sql: string, parameters: readonly unknown[]): Failure {
    const dataSource = this.#dataSource;
    const facts = located(readDriverError(error), dataSource, sql, parameters);
    return { error: statementFailed({ facts, error, sql, parameters, dataSource }), statusCode: facts.statusCode };
  }

  #lockTimeout(holder: string | undefined): RetortError {
    return writeLockTimeout(this.#database, this.#timeout / 1000, holder, this.#dataSource);
  }

  /** Retries, without blocking the event loop, until another process releases the lock or the timeout is over. */
  async #retryWhileBusy<T>(work: () => T, started = performance.now()): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() - started >= this.#timeout) throw this.#lockTimeout(lockHolder(this.#database));
      }
      await sleep(RETRY_EVERY);
    }
  }
}

/** Numbers the temporary tables: sessions on a database in memory share one connection. */
let streams = 0;

function countOf(result: unknown): number {
  if (Array.isArray(result)) return result.length;
  const { changes, rows } = (result ?? {}) as { changes?: number; rows?: readonly Row[] };
  return rows?.length || (changes ?? 0);
}
