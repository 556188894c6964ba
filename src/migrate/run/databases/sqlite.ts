import path from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import type { DataSource, QueryRunner } from "typeorm";
import { driverErrorOf } from "../../../errors";
import { isBusy } from "../../../dialect/sqlite/driver-error";
import { cannotWrite, lockTimeout } from "../../errors";
import type { Send } from "../../history/send";
import { statementKind } from "../../history/statement";
import type {
  DanglingRows,
  LockWait,
  MigrationDatabase,
  RunLock,
  DryRunConnection,
  StatementWrapper,
} from "./contract";
import { copyInMemory } from "./sqlite-copy";
import { IN_MEMORY_LOCK, RETRY_EVERY, lockFile } from "./sqlite-lock";

/** The parts of TypeORM's better-sqlite3 driver that are used here. */
interface Driver {
  readonly databaseConnection: BetterSqlite3.Database;
  readonly sqlite: typeof BetterSqlite3;
  readonly queryRunner: QueryRunner | undefined;
}

/** Tables with fewer rows than this are copied at once. */
const LARGE_TABLE = 200_000;
/** A large table is copied in this many batches. */
const BATCHES = 100;

interface RowidRange {
  /** The name by which the rowid can be read. */
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** The transaction state of TypeORM's query runner. */
interface TransactionState {
  isTransactionActive: boolean;
  transactionDepth: number;
}

/** SQLite: schema changes are part of transactions, foreign keys are switched off around them, and the lock is a file. */
export class SqliteMigrations implements MigrationDatabase {
  readonly send: Send;
  readonly hasLease = false;
  readonly #dataSource: DataSource;
  readonly #runner: QueryRunner;

  constructor(dataSource: DataSource, runner: QueryRunner) {
    this.#dataSource = dataSource;
    this.#runner = runner;
    this.send = runner.query.bind(runner) as Send;
  }

  async lock(wait: LockWait): Promise<RunLock> {
    const file = this.#file();
    return file === undefined ? IN_MEMORY_LOCK : lockFile(`${file}-retort-lock`, this.#driver.sqlite, wait);
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

  /** Takes the write lock before anything is read: a transaction that read first might not get it. */
  async begin(wait: LockWait): Promise<void> {
    await this.#whenFree(wait, () => this.send("BEGIN IMMEDIATE"));
    // With this state in TypeORM, a migration's own transaction becomes a savepoint in this one.
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
   * A copy in memory replaces the driver's connection, so that a migration's managers and repositories use it
   * as well. Of a large database only the schema is copied.
   */
  openDryRun(): Promise<DryRunConnection> {
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

  wrapScript(inTransaction: boolean): StatementWrapper {
    const [begin, commit] = inTransaction ? [["BEGIN IMMEDIATE"], ["COMMIT"]] : [[], []];
    return { before: ["PRAGMA foreign_keys = OFF", ...begin], after: [...commit, "PRAGMA foreign_keys = ON"] };
  }

  /**
   * TypeORM's generator rebuilds a table by way of `temporary_…` and back. SQLite would let the keys of other tables
   * follow these renames (so that they point at nothing once the temporary table is dropped), and would refuse them
   * where a view looks at the table.
   */
  wrapStatement(sql: string): StatementWrapper | undefined {
    const renamed = /^\s*alter\s+table\s+("[^"]+"|\S+)\s+rename\s+to\s+("[^"]+"|\S+?)\s*;?\s*$/i.exec(sql);
    if (!renamed) return undefined;
    const [from, to] = [renamed[1]!, renamed[2]!].map((name) => name.replaceAll('"', "").split(".").at(-1)!);
    if (from !== `temporary_${to}` && to !== `temporary_${from}`) return undefined;
    return { before: ["PRAGMA legacy_alter_table = ON"], after: ["PRAGMA legacy_alter_table = OFF"] };
  }

  async copyInBatches(sql: string): Promise<((onProgress: (share: number) => void) => Promise<unknown>) | undefined> {
    // Only a statement that copies row by row can be split: not a SELECT that aggregates, sorts or filters.
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
    return (onProgress) => this.#copyByRowid(sql.replace(/\s*;?\s*$/, ""), range, onProgress);
  }

  async #rowidRange(table: string): Promise<RowidRange | undefined> {
    const columns = (await this.send(`PRAGMA table_info("${table}")`)).map(({ name }) => String(name).toLowerCase());
    // The rowid has three names, and a column may have taken one of them.
    const name = ["rowid", "_rowid_", "oid"].find((one) => !columns.includes(one));
    const rows = await this.send(`SELECT min(${name}) AS "first", max(${name}) AS "last" FROM "${table}"`).catch(
      () => [],
    );
    const { first, last } = rows[0] ?? {};
    return name && typeof first === "number" && typeof last === "number" ? { name, first, last } : undefined;
  }

  async #copyByRowid(
    sql: string,
    { name, first, last }: RowidRange,
    onProgress: (share: number) => void,
  ): Promise<unknown> {
    const part = Math.ceil((last - first + 1) / BATCHES);
    let result: unknown;
    for (let from = first; from <= last; from += part) {
      result = await this.send(`${sql} WHERE ${name} >= ? AND ${name} < ?`, [from, from + part]);
      onProgress(Math.min(1, (from + part - first) / (last - first + 1)));
      // Lets the event loop draw the progress bar and handle Ctrl-C.
      await setImmediate();
    }
    return result;
  }

  canRunInTransaction(sql: string): boolean {
    return !/^\s*(vacuum|attach|detach)\b/i.test(sql) && statementKind(sql) !== "session";
  }

  /** `begin` waits for the lock of the whole database; after that there is none to wait for. */
  isLockTimeout(): boolean {
    return false;
  }

  isReadOnlyError(error: unknown): boolean {
    const { code } = driverErrorOf(error) as { code?: string };
    return code?.startsWith("SQLITE_READONLY") ?? false;
  }

  isAlreadyDone(error: unknown): boolean {
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
   * Retries until no other process holds the lock. SQLite's own busy timeout would block the event loop.
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
          if (this.isReadOnlyError(error)) throw cannotWrite(error);
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
