import fs from "node:fs";
import path from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource, QueryRunner } from "typeorm";
import { driverErrorOf } from "../../../errors";
import { isBusy } from "../../../dialect/sqlite/driver-error";
import { cannotWrite, lockTimeout } from "../../errors";
import type { Send } from "../../history/send";
import { kindOf } from "../../history/statement";
import type { DanglingRows, LockWait, MigrationDatabase, RunLock, Stage, Surroundings } from "./contract";

/** Between two tries for a lock that another process holds, milliseconds. */
const RETRY_EVERY = 25;

/** The parts of TypeORM's better-sqlite3 driver that are used here. */
interface Driver {
  readonly databaseConnection: BetterSqlite3.Database;
  readonly sqlite: typeof BetterSqlite3;
  readonly queryRunner: QueryRunner | undefined;
}

/** Tables with fewer rows than this are copied at once. */
const LARGE_TABLE = 200_000;
/** Into so many parts a large table is divided. */
const PARTS = 100;

interface RowidRange {
  /** What the row's number is called. */
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** Databases up to here are copied with their rows when something is to be tried, in bytes. */
const COPIED_WHOLE = 64 * 1024 * 1024;

/** What TypeORM's query runner knows of its transaction. */
interface TransactionState {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/** SQLite: schema changes are part of transactions, foreign keys are switched off around them, and the lock is a file. */
export class SqliteMigrations implements MigrationDatabase {
  readonly send: Send;
  readonly #dataSource: DataSource;
  readonly #runner: QueryRunner;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.#runner = runner;
    this.send = runner.query.bind(runner) as Send;
  }

  async lock(wait: LockWait): Promise<RunLock> {
    const file = this.#file();
    return file === undefined ? NO_LOCK : lockFile(`${file}-retort-lock`, this.#driver.sqlite, wait);
  }

  /**
   * Foreign keys are switched off here because inside a transaction the pragma does nothing, and with them on, dropping
   * a table in the course of a rebuild deletes the rows of its children.
   */
  prepare(): Promise<() => Promise<void>> {
    const handle = this.#driver.databaseConnection;
    const foreignKeys = handle.pragma("foreign_keys", { simple: true });
    handle.pragma("foreign_keys = OFF");
    const restore = () => {
      handle.pragma("legacy_alter_table = OFF");
      handle.pragma(`foreign_keys = ${Number(foreignKeys)}`);
      return Promise.resolve();
    };
    return Promise.resolve(restore);
  }

  /** The write lock is taken before anything is read: a transaction that read first could not be sure of it. */
  async begin(wait: LockWait): Promise<void> {
    await this.#whenFree(wait, () => this.send("BEGIN IMMEDIATE"));
    // TypeORM has to know, so that a migration's own transaction becomes a savepoint in this one.
    Object.assign(this.#runner, { isTransactionActive: true, transactionDepth: 1 } satisfies TransactionState);
  }

  async commit(wait: LockWait): Promise<void> {
    // A migration may have ended the transaction by itself.
    if (this.#driver.databaseConnection.inTransaction) await this.#whenFree(wait, () => this.send("COMMIT"));
    this.#forgetTransaction();
  }

  async rollback(): Promise<void> {
    // Some errors (a full disk) have rolled back already.
    if (this.#driver.databaseConnection.inTransaction) await this.send("ROLLBACK").catch(() => undefined);
    this.#forgetTransaction();
  }

  #forgetTransaction(): void {
    Object.assign(this.#runner, { isTransactionActive: false, transactionDepth: 0 } satisfies TransactionState);
  }

  async danglingRows(): Promise<DanglingRows> {
    const check = `SELECT "table" AS child, "parent", count(*) AS "rows" FROM pragma_foreign_key_check GROUP BY 1, 2`;
    try {
      const rows = (await this.send(check)) as unknown as { child: string; parent: string; rows: number }[];
      return new Map(rows.map(({ child, parent, rows }) => [`"${child}" pointing at no row of "${parent}"`, rows]));
    } catch (error) {
      // A key that refers to columns without a unique index: SQLite says so only here.
      return new Map([[(error as Error).message, 1]]);
    }
  }

  /**
   * A copy in memory takes the place of the driver's connection, so that a migration's managers and repositories find it
   * as well. Of a large database only the schema is copied.
   */
  openStage(): Promise<Stage> {
    const driver = this.#driver;
    const { databaseConnection: original, queryRunner } = driver;
    const copy = copyInMemory(original, driver.sqlite);
    copy.pragma("foreign_keys = OFF");
    Object.assign(driver, { databaseConnection: copy, queryRunner: undefined });
    const close = () => {
      Object.assign(driver, { databaseConnection: original, queryRunner });
      copy.close();
      return Promise.resolve();
    };
    const runner = this.#dataSource.createQueryRunner("master");
    return Promise.resolve({ runner, send: runner.query.bind(runner) as Send, executes: true, close });
  }

  frame(inTransaction: boolean): Surroundings {
    const [begin, commit] = inTransaction ? [["BEGIN IMMEDIATE"], ["COMMIT"]] : [[], []];
    return { before: ["PRAGMA foreign_keys = OFF", ...begin], after: [...commit, "PRAGMA foreign_keys = ON"] };
  }

  /**
   * TypeORM's generator rebuilds a table by way of `temporary_…` and back. SQLite would let the keys of other tables
   * follow these renames (so that they point at nothing once the temporary table is dropped), and would refuse them
   * where a view looks at the table.
   */
  around(sql: string): Surroundings | undefined {
    const renamed = /^\s*alter\s+table\s+("[^"]+"|\S+)\s+rename\s+to\s+("[^"]+"|\S+?)\s*;?\s*$/i.exec(sql);
    if (!renamed) return undefined;
    const [from, to] = [renamed[1]!, renamed[2]!].map((name) => name.replaceAll('"', "").split(".").at(-1)!);
    if (from !== `temporary_${to}` && to !== `temporary_${from}`) return undefined;
    return { before: ["PRAGMA legacy_alter_table = ON"], after: ["PRAGMA legacy_alter_table = OFF"] };
  }

  async copyInParts(sql: string): Promise<((tell: (share: number) => void) => Promise<unknown>) | undefined> {
    // Only what copies row by row may be divided: not a SELECT that counts, sorts or chooses.
    const copied = /^\s*insert\s+into\s+[^;]*\bselect\b[^;]*\bfrom\s+("[^"]+"|\w+)\s*;?\s*$/i.exec(sql)?.[1];
    const source = copied?.replaceAll('"', "");
    if (
      !source ||
      (!/^(retort_rebuilt_|temporary_)/.test(source) &&
        !/select\s+("[^"]+"|\w+)(\s*,\s*("[^"]+"|\w+))*\s+from/i.test(sql))
    )
      return undefined;
    const range = await this.#rowidRange(source);
    if (!range || range.last - range.first < LARGE_TABLE) return undefined;
    return (tell) => this.#copyByRowid(sql.replace(/\s*;?\s*$/, ""), range, tell);
  }

  async #rowidRange(table: string): Promise<RowidRange | undefined> {
    const columns = (await this.send(`PRAGMA table_info("${table}")`)).map(({ name }) => String(name).toLowerCase());
    // The row's number goes by three names, and a column may have taken one of them.
    const name = ["rowid", "_rowid_", "oid"].find((one) => !columns.includes(one));
    const rows = await this.send(`SELECT min(${name}) AS "first", max(${name}) AS "last" FROM "${table}"`).catch(
      () => [],
    );
    const { first, last } = rows[0] ?? {};
    return name && typeof first === "number" && typeof last === "number" ? { name, first, last } : undefined;
  }

  async #copyByRowid(sql: string, { name, first, last }: RowidRange, tell: (share: number) => void): Promise<unknown> {
    const part = Math.ceil((last - first + 1) / PARTS);
    let result: unknown;
    for (let from = first; from <= last; from += part) {
      result = await this.send(`${sql} WHERE ${name} >= ? AND ${name} < ?`, [from, from + part]);
      tell(Math.min(1, (from + part - first) / (last - first + 1)));
      // Lets a bar be drawn, and Ctrl-C be heard.
      await setImmediate();
    }
    return result;
  }

  fitsTransaction(sql: string): boolean {
    return !/^\s*(vacuum|attach|detach)\b/i.test(sql) && kindOf(sql) !== "session";
  }

  isReadOnly(error: unknown): boolean {
    const { code } = driverErrorOf(error) as { code?: string };
    return code?.startsWith("SQLITE_READONLY") ?? false;
  }

  isDoneAlready(error: unknown): boolean {
    return /already exists|duplicate column name|no such (table|index|column|view|trigger)/.test(String(error));
  }

  get #driver(): Driver {
    return this.#dataSource.driver as unknown as Driver;
  }

  /** Undefined for a database in memory, which no other process sees. */
  #file(): string | undefined {
    const { name, memory } = this.#driver.databaseConnection;
    return memory || name === "" || name.startsWith(":memory:") ? undefined : path.resolve(name);
  }

  /**
   * Tries until another process lets go, without stopping this process's event loop as SQLite's own waiting would.
   */
  async #whenFree(wait: LockWait, work: () => Promise<unknown>): Promise<void> {
    const handle = this.#driver.databaseConnection;
    const busyTimeout = Number(handle.pragma("busy_timeout", { simple: true }));
    handle.pragma("busy_timeout = 0");
    const deadline = performance.now() + wait.timeout;
    try {
      for (let tries = 0; ; tries++) {
        try {
          await work();
          return;
        } catch (error) {
          if (this.isReadOnly(error)) throw cannotWrite(error);
          if (!isBusy(driverErrorOf(error))) throw error;
          if (performance.now() >= deadline)
            throw lockTimeout(wait.timeout, "another process has been writing to the database");
        }
        if (tries === 0) wait.waiting();
        await sleep(RETRY_EVERY);
      }
    } finally {
      handle.pragma(`busy_timeout = ${busyTimeout}`);
    }
  }
}

function copyInMemory(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const pages = Number(original.pragma("page_count", { simple: true }));
  if (pages === 0) return new sqlite(":memory:");
  const size = pages * Number(original.pragma("page_size", { simple: true }));
  return size <= COPIED_WHOLE ? wholeCopy(original, sqlite) : schemaCopy(original, sqlite);
}

function wholeCopy(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const bytes = original.serialize();
  // A database in memory has no write-ahead log; the header must not ask for one. https://sqlite.org/fileformat2.html
  bytes[18] = bytes[19] = 1;
  return new sqlite(bytes);
}

function schemaCopy(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const copy = new sqlite(":memory:");
  const statements = original
    .prepare<[], { sql: string }>(
      `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
       ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid`,
    )
    .all();
  for (const { sql } of statements) copy.exec(sql);
  return copy;
}

const NO_LOCK: RunLock = { isHeld: () => Promise.resolve(true), release: () => Promise.resolve() };

/**
 * Holds an SQLite lock on a file of its own beside the database. The operating system lets go of it when the process
 * ends, however it ends; the file that a killed process leaves holds nobody up. It is removed by whoever holds it, and
 * whoever waited for a file that was removed meanwhile waits for its successor.
 */
async function lockFile(file: string, sqlite: typeof BetterSqlite3, wait: LockWait): Promise<RunLock> {
  const deadline = performance.now() + wait.timeout;
  let told = false;
  for (;;) {
    const handle = orCannotWrite(() => tryLock(file, sqlite));
    if (handle) return heldLock(file, handle);
    if (performance.now() >= deadline)
      throw lockTimeout(wait.timeout, "another run of migrations has been holding the lock");
    if (!told) wait.waiting();
    told = true;
    await sleep(RETRY_EVERY);
  }
}

function tryLock(file: string, sqlite: typeof BetterSqlite3): BetterSqlite3.Database | undefined {
  // Closing a file that this process has locked would let go of the lock, so only a new one is opened by hand.
  if (!fs.existsSync(file)) fs.closeSync(fs.openSync(file, "a"));
  const before = inode(file);
  const handle = new sqlite(file, { timeout: 0 });
  try {
    // The same file before opening and after locking: then the lock is on the file that others see.
    handle.exec("BEGIN EXCLUSIVE");
    if (before !== undefined && inode(file) === before) return handle;
  } catch (error) {
    if (!isBusy(error)) {
      handle.close();
      throw error;
    }
  }
  handle.close();
  return undefined;
}

function orCannotWrite<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw cannotWrite(error);
  }
}

function heldLock(file: string, handle: BetterSqlite3.Database): RunLock {
  return {
    isHeld: () => Promise.resolve(handle.inTransaction),
    release: () => {
      fs.rmSync(file, { force: true });
      handle.close();
      return Promise.resolve();
    },
  };
}

function inode(file: string): bigint | undefined {
  return fs.statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}
