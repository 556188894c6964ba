import type { DataSource } from "typeorm";
import { ExitCode, messageOf, RetortError } from "../errors";
import { asTypeorms } from "../typeorm/error-classes";

/** Why a statement failed, with the same kinds for every database. */
export type DatabaseErrorKind =
  | "unique"
  | "foreign-key"
  | "not-null"
  | "check"
  | "too-long"
  | "out-of-range"
  | "invalid-value"
  | "serialization"
  | "deadlock"
  | "locked"
  | "connection-lost"
  | "outcome-unknown"
  | "read-only"
  | "cancelled"
  | "missing-table"
  | "missing-column"
  | "not-a-database"
  | "other";

/** What a dialect reads from its driver's error. */
export interface DriverErrorFacts {
  kind: DatabaseErrorKind;
  /** Whether the statement was not sent: the connection was lost before. */
  notSent?: boolean | undefined;
  /** The database's own code; undefined where the error is not the database's. */
  statusCode?: string | undefined;
  table?: string | undefined;
  column?: string | undefined;
  constraint?: string | undefined;
  /** Which parameters the database may mean, where it names no column. */
  offending?: OffendingValue | undefined;
  entity?: string | undefined;
  property?: string | undefined;
}

/** A parameter by its place, counted from 0, or by what is known of its value. */
export interface OffendingValue {
  readonly parameter?: number;
  matches?(parameter: unknown): boolean;
}

const RETRYABLE: ReadonlySet<DatabaseErrorKind> = new Set(["serialization", "deadlock", "locked", "connection-lost"]);

const HINTS: Partial<Record<DatabaseErrorKind, string>> = {
  serialization: "another transaction changed the same rows: roll back and try the same work again",
  deadlock: "two transactions waited for each other: roll back and try the same work again",
  locked: "another connection is writing: try again, or give it more time",
  "connection-lost": "roll back, and try the same work again",
  "outcome-unknown":
    "roll back, then read whether the changes are stored before you repeat them: repeated, they may be done twice",
  "missing-table": "retort migrate status",
  "missing-column": "retort migrate status",
};

/** A statement that failed, and what is known of it. */
export interface FailedStatement {
  readonly facts: DriverErrorFacts;
  /** The driver's error. */
  readonly error: unknown;
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly dataSource: DataSource;
}

/**
 * A statement that the database refused. It is a `QueryFailedError` of TypeORM too, for code that was written for its `save`: with `query`,
 * `parameters`, `driverError`, and what else the driver's error has (`detail`, `errno`). `code` is Retort's; the driver's is
 * `driverError.code`.
 */
export class DatabaseError extends RetortError {
  /** Why it failed; the kinds are the same on every database. */
  readonly kind: DatabaseErrorKind;
  /** The statement that failed. */
  readonly sql: string;
  /** Its parameters. */
  readonly parameters: readonly unknown[];
  /** The table, where the database names it. */
  readonly table: string | undefined;
  /** The column, where the database names it. */
  readonly column: string | undefined;
  /** The violated constraint, where the database names it. */
  readonly constraint: string | undefined;
  /** The entity whose value the database refused, where that is known. */
  readonly entity: string | undefined;
  /** The property; several with commas between them where a constraint concerns several, or where it may be any of them. */
  readonly property: string | undefined;
  /** The driver's own error. */
  readonly driverError: unknown;
  /** @internal Whether the statement was not sent: the connection was lost before. */
  readonly notSent: boolean;
  readonly #failed: FailedStatement;

  /** @internal */
  constructor(failed: FailedStatement, message: string, hint = HINTS[failed.facts.kind]) {
    const { facts, error, sql, parameters, dataSource } = failed;
    super(`database/${facts.kind}`, message, {
      cause: error,
      retryable: RETRYABLE.has(facts.kind),
      ...(hint !== undefined && { hint }),
    });
    this.name = "DatabaseError";
    this.kind = facts.kind;
    this.sql = sql;
    this.parameters = parameters;
    this.table = facts.table;
    this.column = facts.column;
    this.constraint = facts.constraint;
    this.entity = facts.entity;
    this.property = facts.property;
    this.driverError = error;
    this.notSent = facts.notSent ?? false;
    this.#failed = failed;
    asTypeorms(this, "QueryFailedError", dataSource);
    for (const [name, value] of Object.entries(Object(error) as Record<string, unknown>))
      // They are not printed with the error, which has said what matters.
      if (!(name in this)) Object.defineProperty(this, name, { value, configurable: true, writable: true });
  }

  /** The statement that failed, under TypeORM's name. */
  get query(): string {
    return this.sql;
  }

  /** @internal The same failed statement, where it means something else to the session. */
  as(kind: DatabaseErrorKind, message: string, hint?: string): DatabaseError {
    return new DatabaseError({ ...this.#failed, facts: { kind } }, message, hint);
  }
}

/** @param isOutsideTransaction whether nothing was lost with a lost connection */
export function statementFailed(failed: FailedStatement, isOutsideTransaction = false): RetortError {
  const { facts, error } = failed;
  if (error instanceof RetortError) return error;
  const isLost = facts.kind === "connection-lost";
  const message = isLost ? `the connection to the database is lost: ${messageOf(error)}` : placed(facts, error);
  const hint =
    isLost && isOutsideTransaction ? "nothing was lost with it: try again, once the server answers" : undefined;
  return new DatabaseError(failed, message, hint);
}

/** @param users which sessions hold connections */
export function poolTimeout(seconds: number, users: string): RetortError {
  return new RetortError("database/pool-timeout", `no connection of the pool was free within ${seconds} s: ${users}`, {
    hint: "commit(), rollback() or close() a session when its work is done, or raise poolSize of the DataSource",
    retryable: true,
  });
}

/** `User.username: duplicate key …` */
function placed({ entity, property }: DriverErrorFacts, error: unknown): string {
  if (entity === undefined) return messageOf(error);
  const places =
    property === undefined
      ? entity
      : property
          .split(", ")
          .map((name) => `${entity}.${name}`)
          .join(", ");
  return `${places}: ${messageOf(error)}`;
}

/** @param error the error of a COMMIT that was sent and not answered */
export function commitUnanswered(error: DatabaseError): DatabaseError {
  return error.as(
    "outcome-unknown",
    `the outcome of the commit is unknown: it was sent, and its answer was lost (${error.message})`,
  );
}

export function cannotCancel(reason: string): RetortError {
  return new RetortError("database/cannot-cancel", `the running statement cannot be cancelled: ${reason}`, {
    hint: "it runs on in the server until it is done; end it there, or set a limit (statement_timeout, max_statement_time)",
  });
}

export function streamEnded(cause: unknown): RetortError {
  return new RetortError(
    "database/stream-ended",
    "the stream ended with its transaction, as it does behind a transaction pooler",
    {
      hint: "read to the end before the commit, or begin the stream outside a transaction",
      cause,
    },
  );
}

export function noTransactionToJoin(): RetortError {
  return new RetortError("session/no-transaction", "the query runner of this session has no open transaction to join", {
    hint: "await queryRunner.startTransaction() first, or make the session of the DataSource",
  });
}

export function joinedTransaction(): RetortError {
  return new RetortError(
    "session/joined",
    "the session joins a transaction of the application, which has begun with an isolation level already",
    { hint: "queryRunner.startTransaction(isolation) sets it" },
  );
}

export function sandboxLost(error: DatabaseError): DatabaseError {
  return error.as(error.kind, error.message, "the sandbox was restarted; its earlier changes are lost");
}

export function lockedByOwnSession(sql: string, error: unknown, dataSource: DataSource): DatabaseError {
  return new DatabaseError(
    { facts: { kind: "locked" }, error, sql, parameters: [], dataSource },
    "a session of this process is writing to the database, and its transaction holds the lock",
    "commit() or rollback() the session first, or run the statement in it: session.execute(…)",
  );
}

export function readOnlyTransaction(
  sql: string,
  parameters: readonly unknown[],
  dataSource: DataSource,
): DatabaseError {
  return new DatabaseError(
    { facts: { kind: "read-only" }, error: undefined, sql, parameters, dataSource },
    "the transaction is read only",
  );
}

export function writeLockTimeout(
  file: string,
  seconds: number,
  holder: string | undefined,
  dataSource: DataSource,
): DatabaseError {
  return new DatabaseError(
    { facts: { kind: "locked" }, error: undefined, sql: "BEGIN IMMEDIATE", parameters: [], dataSource },
    `${holder ?? "another process"} has been writing to ${file} for ${seconds} s`,
  );
}

/** TypeORM 0.3 prefers the package mysql where both are installed. */
export function mysqlPackage(): RetortError {
  return new RetortError("dialect/mysql-package", 'the driver "mysql" is not supported (supported: "mysql2")', {
    hint: 'npm install mysql2, and write connectorPackage: "mysql2" in the options of the DataSource',
    exitCode: 2,
  });
}

/** Of a driver that only TypeORM 0.3 has. */
const INSTEAD: Readonly<Record<string, string>> = {
  sqlite: 'write type: "better-sqlite3", which opens the same file  (npm install better-sqlite3)',
};

export function unsupportedDatabase(type: string): RetortError {
  return new RetortError("dialect/unsupported", `type "${type}" is not supported`, {
    hint: INSTEAD[type] ?? 'use type: "better-sqlite3", "postgres", "mysql" or "mariadb"',
    exitCode: 2,
  });
}

/** Writes cannot be forbidden on such a connection. */
export function clientCannotBeGuarded(client: string): RetortError {
  return new RetortError("dialect/not-read-only", `${client} cannot be made read-only`, {
    hint: "use the driver's JavaScript client, or a database user that may only read",
  });
}

export function entityInAttachedFile(database: string): RetortError {
  return new RetortError(
    "migrate/attached-file",
    `an entity is in another SQLite file, ${database}, which is attached: migrations change the main file only`,
    {
      hint: `give the entities of ${database} a DataSource of their own, or set synchronize: false on them`,
      exitCode: ExitCode.usage,
    },
  );
}
