import type { DataSource, QueryRunner } from "typeorm";
import type { ColumnTypes } from "./column-types";
import type { DatabaseErrorKind } from "./errors";
import type { Literals } from "./literals";
import type { Observers } from "./observers";
import type { PoolCounts } from "./pool-counts";
import type { Assembled, RowUpdates } from "./row-updates";
import type { Quoting } from "./schema/tokens";

/** A value, or a promise of one: SQLite answers at once, a server later. */
export type MaybePromise<T> = T | Promise<T>;

/** Rows are arrays in the order of the selected columns, which cost half of what objects do. */
export type Row = unknown[];

export interface RunResult {
  /** Rows that the statement inserted, updated or deleted. */
  changes: number;
  /** The generated key of the first row of an INSERT, where the driver returns it. */
  lastId: number | bigint | undefined;
}

/** The result of a statement that is not known to read or to write. */
export interface QueryResult {
  /** The names of the columns of its rows. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Rows that it inserted, updated or deleted; of a statement that only reads 0. */
  readonly changes: number;
}

/** How the check of foreign keys is put off beyond the end of a statement. */
export interface DeferredConstraints {
  readonly begin: string;
  /** Whether that concerns only those that are declared DEFERRABLE. */
  readonly onlyDeferrable: boolean;
  /**
   * The statement that ends it, where the database never checks what was written in between, so that as little as
   * possible should be; undefined where it checks when the transaction ends.
   */
  readonly end: string | undefined;
}

/** The isolation levels of the SQL standard. */
export type IsolationLevel = "READ UNCOMMITTED" | "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE";

/** What a transaction is begun with. Where an option is absent, the database's default holds. */
export interface TransactionOptions {
  /** What the transaction sees of others. SQLite's transactions are serializable, whatever is asked for. */
  readonly isolation?: IsolationLevel | undefined;
  /** Whether the database refuses writes in the transaction. */
  readonly readOnly?: boolean | undefined;
  /** @internal Whether it is there for one statement, which needs no view of the rows in common with another one. */
  readonly isForOne?: boolean | undefined;
}

/** How a SELECT locks its rows. */
export interface RowLock {
  readonly mode: "update" | "share";
  /** What happens with rows that another transaction has locked; undefined: the statement waits. */
  readonly ifLocked: "skip" | "fail" | undefined;
}

/** A table that a query plan reads as a whole. */
export interface PlanScan {
  /** Its alias in the statement, or its name, unquoted. */
  readonly table: string;
  /** Whether that is in the order of an index. */
  readonly isByIndex: boolean;
}

/** The names of a table. */
export interface TablePath {
  /** With its database or schema, where the entity names one, quoted. */
  readonly quoted: string;
  readonly database: string | undefined;
  readonly name: string;
}

/** From this number of rows on, reading a whole table is worth a remark. */
export const LARGE_TABLE = 10_000;

/** Column types of the tables that Retort keeps for itself. */
export interface InternalTable {
  /** The type of `id`, which numbers the rows in the order they were inserted. */
  readonly id: string;
  /** A word of ours, up to 32 characters. */
  readonly word: string;
  /** The name of a migration. */
  readonly name: string;
  /** Any number of characters. */
  readonly text: string;
  /** What follows the columns; with a space before it. */
  readonly options: string;
}

/**
 * What a database must provide for the session, the query and the migrations. It has no name to compare: code above this
 * layer asks for a capability.
 */
export interface Dialect {
  /** The database's name in messages. */
  readonly displayName: string;
  /** Its name in OpenTelemetry's conventions (`db.system.name`). */
  readonly systemName: string;

  // Capabilities

  /** Whether a rollback takes back changes of the schema. */
  readonly supportsTransactionalDdl: boolean;
  /**
   * Whether INSERT … RETURNING gives the generated values. Without it the keys of one INSERT have a fixed distance
   * (`keyIncrement`) and the driver returns the first; other generated values are read afterwards.
   */
  readonly supportsInsertReturning: boolean;
  readonly supportsUpdateReturning: boolean;
  /** Whether columns can be lists. */
  readonly supportsArrays: boolean;
  /** Whether ADD COLUMN … NOT NULL without a default fills existing rows with the type's zero value. */
  readonly hasImplicitDefaults: boolean;
  /** Whether ORDER BY takes NULLS FIRST and NULLS LAST. */
  readonly supportsNullsOrder: boolean;
  /** Whether NULL sorts as if it were larger than every value; else as if it were smaller. */
  readonly nullsAreLargest: boolean;
  /** Whether `(a, b) > (1, 2)` is answered by an index on both columns. */
  readonly findsRowValuesByIndex: boolean;
  /** Whether HAVING and ORDER BY find an expression of SELECT or GROUP BY by its name only, and not by its text. */
  readonly findsExpressionsByName: boolean;
  /** The most parameters that one statement can have. */
  readonly parameterLimit: number;
  /** How long a statement for many rows may be, in characters of its values: less than the packet that a server accepts. */
  readonly statementLength: number;
  readonly columnTypes: ColumnTypes;

  /**
   * Whether rows can be locked by a SELECT. Without it the transaction that `forUpdate()` begins locks the whole database.
   */
  readonly supportsRowLocks: boolean;

  // Lexical rules

  readonly quoting: Quoting;
  quote(identifier: string): string;
  readonly literals: Literals;
  /**
   * A value in SQL, for statements with more values than parameters; undefined where it cannot be written without loss, or
   * where the number of parameters has no limit.
   */
  exactLiteral(value: unknown): string | undefined;
  /** Whether placeholders have numbers (`$1`) or stand for the parameters one after the other (`?`). */
  readonly numbersPlaceholders: boolean;
  /** The placeholder of the nth parameter, counted from 1. */
  placeholder(position: number): string;

  // Expressions

  /**
   * How `column IN (list)` is sent as one parameter, so that a list of any length is one statement; undefined where the
   * database cannot. `encode` returns undefined for a list with values that cannot be sent this way.
   */
  readonly arrayParameter:
    { encode(values: readonly unknown[]): unknown; render(left: string, placeholder: string): string } | undefined;
  /** `(a, b) IN (tuples)`, for keys of several columns. */
  tupleIn(left: string, tuples: readonly string[]): string;
  concat(left: string, right: string): string;
  /** The placeholder of a text where the database would not infer that it is one. */
  textPlaceholder(placeholder: string): string;
  /** The function that counts the characters of a text. */
  readonly charLength: string;
  /** The time of the transaction. @param precision digits of a second, where the column declares them */
  now(precision: number | null | undefined): string;
  /** Whether the JSON document on the left contains the one on the right; undefined where the database cannot compare them. */
  readonly jsonContains: ((left: string, right: string) => string) | undefined;
  caseInsensitiveLike(left: string, right: string): string;
  /** `left IS NOT DISTINCT FROM right`. */
  isNotDistinct(left: string, right: string): string;

  // Clauses and statements

  /** A LIMIT/OFFSET clause; empty when there is neither. */
  limit(limit: number | undefined, offset: number | undefined): string;
  /** The clause that locks the rows of a SELECT. @param alias the quoted alias of the table whose rows are locked */
  lockRows(lock: RowLock, alias: string): string;
  /** The statement that reads the distance between two generated keys of one INSERT; unused where RETURNING gives them. */
  readonly keyIncrement: string;
  /**
   * The UPDATE of many rows, for a server, where each statement costs a round trip; it returns undefined for a key that it cannot compare
   * exactly. Undefined where a prepared statement that is run for each row is faster.
   */
  readonly updateRows: ((updates: RowUpdates) => Assembled | undefined) | undefined;
  /** The values of an INSERT that names no column. */
  readonly defaultValues: string;
  /** The clause that makes an INSERT do nothing where the row exists; `column` is any quoted column of its key. */
  onConflictDoNothing(column: string): string;
  /** The clause that updates the row that exists; `conflict` are the quoted columns of its key, `sets` assignments. */
  onConflictUpdate(conflict: readonly string[], sets: readonly string[]): string;
  /** The value of a quoted column that the INSERT has for the row, in `sets`. */
  insertedValue(column: string): string;
  readonly deferredConstraints: DeferredConstraints;
  /** The statements that begin a transaction. */
  beginTransaction(options: TransactionOptions): readonly string[];
  /**
   * What an error of a statement means for its transaction: it goes on; it goes on from a savepoint; or the server has rolled it
   * back, savepoints included.
   */
  transactionAfter(kind: DatabaseErrorKind): "open" | "aborted" | "ended";
  /** What precedes a statement to get its query plan. */
  readonly explainPrefix: string;
  /** The query plan as lines; the steps that feed a step stand below it, indented. */
  planLines(rows: readonly Row[]): string[];
  /** The tables that a query plan reads as a whole. */
  scans(rows: readonly Row[]): readonly PlanScan[];
  /**
   * The statement that reads the indexes of a table: for each column of an index its name, the column, and about how many rows the table
   * has; one row without names where it has no index. Where the database has no such figure, rows are counted up to `LARGE_TABLE`.
   */
  indexesOf(table: TablePath): { readonly sql: string; readonly parameters: readonly unknown[] };
  readonly internalTable: InternalTable;
  /**
   * The statement that reads what the database does with the rows of each foreign key when the row that they refer to is deleted: schema,
   * table, 1 where it is the current schema, name of the constraint, column, action (`CASCADE`, `NO ACTION` …).
   */
  readonly deleteActions: string;

  /** A new connection for one session; nothing is opened before its first statement. */
  connect(dataSource: DataSource, observers: Observers, options: ConnectionOptions): Connection;
  /** The pools of a DataSource as they are now; none where each session has a connection of its own. */
  pools(dataSource: DataSource): readonly PoolCounts[];
}

/** How a session's connection behaves. */
export interface ConnectionOptions {
  /** What the session is called in events, figures of the pool, and errors. */
  readonly label: string;
  /** How long a statement waits for a connection of the pool, in milliseconds. */
  readonly poolTimeout: number;
  /**
   * For how long after a commit of its own a session reads from the master, in milliseconds, where the DataSource has replicas. Before
   * and after that it reads from a replica, except in a transaction.
   */
  readonly readYourWrites: number;
  /** @internal Whether it reads from the replicas of a DataSource with `replication`. */
  readonly isReplica?: boolean | undefined;
  /** A query runner of the application, whose connection and transaction are used and never ended. */
  readonly queryRunner?: QueryRunner | undefined;
}

/** A session's connection to the database. On a server it holds one of the pool only while something needs it. */
export interface Connection {
  readonly dialect: Dialect;
  /** Opens the connection unless it is open. Await it once before calling any other method. */
  open(): MaybePromise<void>;
  readonly isOpen: boolean;
  /** TypeORM's query runner on this connection, in a transaction and inside `hold`: subscribers receive it. */
  readonly queryRunner: QueryRunner;
  /** Runs work whose statements, those sent by `queryRunner` too, need the same connection. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /** Sends a statement and returns its rows. */
  rows(sql: string, parameters?: readonly unknown[]): MaybePromise<Row[]>;
  /** Sends any statement and returns its rows and what it changed. */
  query(sql: string, parameters?: readonly unknown[]): MaybePromise<QueryResult>;
  /** Sends a statement and returns what it changed. */
  run(sql: string, parameters?: readonly unknown[]): MaybePromise<RunResult>;
  /** Sends one statement once for each batch of parameters; returns the number of rows that each changed. */
  runMany(sql: string, batches: readonly (readonly unknown[])[]): MaybePromise<number[]>;
  /**
   * Reads rows in batches, with one batch in memory at a time. Statements sent in the meantime, writes and commits
   * included, neither wait for the stream nor show in it. The columns of the statement must have distinct names.
   */
  stream(sql: string, parameters: readonly unknown[], batchSize: number): AsyncGenerator<Row[], void>;
  begin(options: TransactionOptions): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  savepoint(name: string): MaybePromise<unknown>;
  releaseSavepoint(name: string): MaybePromise<unknown>;
  rollbackToSavepoint(name: string): MaybePromise<unknown>;
  readonly inTransaction: boolean;
  close(): MaybePromise<void>;
}

/** The part of a connection that writing rows needs. */
export interface Statements extends Pick<Connection, "dialect" | "rows" | "run" | "runMany"> {
  /** Whether statements are recorded and not sent, so that no row can be looked for. */
  readonly isRecording?: boolean;
}
