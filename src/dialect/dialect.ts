import type { DataSource, QueryRunner } from "typeorm";
import type { DatabaseType } from "./database-type";

/** A value, or the promise of one: the embedded database answers at once, a server later. */
export type MaybePromise<T> = T | Promise<T>;

/** Rows come as arrays in the order of the selected columns: half the cost of objects. */
export type Row = unknown[];

export interface RunResult {
  /** Rows that the statement touched. */
  changes: number;
  /** The generated key of the (first) row an INSERT made, where the database tells it. */
  lastId: number | bigint | undefined;
}

/** What happens on a connection; the shell's receipt and `.echo`, and tests that count statements, listen to it. */
export type DatabaseEvent =
  | {
      type: "statement";
      sql: string;
      parameters: readonly unknown[];
      milliseconds: number;
      /** Rows read, or rows touched by a statement that reads none. */
      rows: number;
      error?: unknown;
    }
  | { type: "flush"; inserted: number; updated: number; deleted: number }
  | { type: "begin" | "commit" | "rollback" }
  /** A connection to a server was lost while nothing was open on it, and another one was taken. */
  | { type: "reconnect" };

/** Hears what is sent, as `db.observe` takes it. */
export type DatabaseListener = (event: DatabaseEvent) => void;

/** How the keys that the database makes are learnt after an INSERT. */
export type GeneratedKeys =
  /** `INSERT … RETURNING`, many rows a statement (SQLite, PostgreSQL). */
  | "returning"
  /** Many rows a statement get consecutive keys, the first of which the driver tells (MySQL, MariaDB). */
  | "consecutive";

/** What makes a database look at foreign keys later. */
export interface DeferredConstraints {
  readonly begin: string;
  /** Whether that concerns only those that are declared DEFERRABLE. */
  readonly onlyDeferrable: boolean;
  /**
   * What ends it, where the database never looks at what was written in between, so that as little as possible may be;
   * undefined where it looks when the transaction ends.
   */
  readonly end: string | undefined;
}

/** What a database must provide for the session and the query. Ask it for a capability, not for its name. */
export interface Dialect {
  readonly name: DatabaseType;
  /** The most parameters that one statement can carry. */
  readonly parameterLimit: number;
  readonly generatedKeys: GeneratedKeys;
  /** Whether an INSERT, UPDATE or DELETE can give rows back. */
  readonly returning: boolean;
  /**
   * How `column IN (list)` travels as one parameter, so that a list of any length is one statement; undefined where the
   * database cannot. `encode` gives undefined for a list that holds what cannot travel so.
   */
  readonly arrayParameter:
    { encode(values: readonly unknown[]): unknown; render(left: string, placeholder: string): string } | undefined;
  /** How `(a, b) IN (tuples)` is written: keys of several columns, any number of them. */
  tupleIn(left: string, tuples: readonly string[]): string;
  /** A value as it is written in SQL, for statements with more values than parameters; undefined where it cannot be written. */
  exactLiteral(value: unknown): string | undefined;
  /** Two texts as one. */
  concat(left: string, right: string): string;
  /** The function that counts the letters of a text. */
  readonly charLength: string;
  /** The time of the transaction, with so many digits of a second (where the database needs to be told). */
  now(precision: number | null | undefined): string;
  /** How two JSON documents are compared by containment; undefined where the database cannot. */
  readonly jsonContains: ((left: string, right: string) => string) | undefined;
  /** Whether columns can be lists. */
  readonly supportsArrays: boolean;
  /** How foreign keys are looked at later than at the end of each statement. */
  readonly deferredConstraints: DeferredConstraints;
  quote(identifier: string): string;
  /** The placeholder of the nth parameter, counted from 1. */
  placeholder(position: number): string;
  /** A LIMIT/OFFSET clause; empty when there is neither. */
  limit(limit: number | undefined, offset: number | undefined): string;
  /** A comparison by LIKE that does not mind case. */
  caseInsensitiveLike(left: string, right: string): string;
  /** `expression IS NOT DISTINCT FROM expression` in this database's words. */
  isNotDistinct(left: string, right: string): string;
  /** The values of an INSERT that names no column. */
  readonly defaultValues: string;
  /** What makes an INSERT do nothing where its row is there already; `column` is any quoted one of its key. */
  onConflictDoNothing(column: string): string;
  /** The words that stand before a statement to see the plan the database makes for it. */
  readonly explainPrefix: string;
  /** That plan as lines; a step that feeds another one stands below it, indented. */
  planLines(rows: readonly Row[]): string[];
  /** A new connection for one session; nothing is opened before its first statement. */
  connect(dataSource: DataSource, listener: DatabaseListener): Connection;
}

/** One connection to the database, in the hands of one session. */
export interface Connection {
  readonly dialect: Dialect;
  /** Opens what is not open yet. The other methods want it to have been awaited once. */
  open(): MaybePromise<void>;
  readonly isOpen: boolean;
  /** TypeORM's query runner on this very connection: what subscribers get, and what sees the open transaction. */
  readonly queryRunner: QueryRunner;
  /** Sends a statement that reads rows. */
  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]>;
  /** Sends a statement for what it does. */
  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult>;
  /** Sends one statement many times with other parameters; the rows that each run touched. */
  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]>;
  /**
   * Reads rows in portions, holding no more than a portion in memory. What is sent in the meantime, writes and commits too,
   * neither waits for the stream nor is seen by it. The columns of the statement have names, each its own.
   */
  stream(sql: string, parameters: readonly unknown[], portion: number): AsyncIterable<Row[]>;
  /** Begins a transaction that will write. */
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  savepoint(name: string): MaybePromise<unknown>;
  releaseSavepoint(name: string): MaybePromise<unknown>;
  rollbackToSavepoint(name: string): MaybePromise<unknown>;
  readonly inTransaction: boolean;
  close(): Promise<void>;
}

/** What is needed of a connection to write rows. */
export type Statements = Pick<Connection, "dialect" | "rows" | "run" | "runMany">;
