import { messageOf, RetortError } from "../errors";

/** What the database objected to, told apart in the same words for every database. */
export type DatabaseErrorKind =
  | "unique"
  | "foreign-key"
  | "not-null"
  | "check"
  | "serialization"
  | "deadlock"
  | "locked"
  | "connection-lost"
  | "read-only"
  | "cancelled"
  | "missing-table"
  | "missing-column"
  | "not-a-database"
  | "other";

/** What a dialect reads out of its driver's error. */
export interface DriverErrorFacts {
  kind: DatabaseErrorKind;
  table?: string | undefined;
  column?: string | undefined;
  constraint?: string | undefined;
}

const RETRYABLE: ReadonlySet<DatabaseErrorKind> = new Set(["serialization", "deadlock", "locked", "connection-lost"]);

const HINTS: Partial<Record<DatabaseErrorKind, string>> = {
  serialization: "another transaction changed the same rows: roll back and try the same work again",
  deadlock: "two transactions waited for each other: roll back and try the same work again",
  locked: "another connection is writing: try again, or give it more time",
  "connection-lost": "roll back, and try the same work again",
  "missing-table": "retort migrate status",
  "missing-column": "retort migrate status",
};

/** A statement that the database refused. */
export class DatabaseError extends RetortError {
  /** What kind of complaint it is, the same on every database. */
  readonly kind: DatabaseErrorKind;
  /** The statement that failed. */
  readonly sql: string;
  /** Its parameters. */
  readonly parameters: readonly unknown[];
  /** The table it is about, as far as the database says. */
  readonly table: string | undefined;
  /** The column it is about, as far as the database says. */
  readonly column: string | undefined;
  /** The constraint that refused it, as far as the database says. */
  readonly constraint: string | undefined;
  /** The driver's own error. */
  readonly driverError: unknown;

  constructor(
    complaint: DriverErrorFacts,
    message: string,
    sql: string,
    parameters: readonly unknown[],
    cause: unknown,
    hint = HINTS[complaint.kind],
  ) {
    super(`database/${complaint.kind}`, message, {
      cause,
      retryable: RETRYABLE.has(complaint.kind),
      ...(hint !== undefined && { hint }),
    });
    this.name = "DatabaseError";
    this.kind = complaint.kind;
    this.sql = sql;
    this.parameters = parameters;
    this.table = complaint.table;
    this.column = complaint.column;
    this.constraint = complaint.constraint;
    this.driverError = cause;
  }
}

/** @param isAlone whether the statement belonged to no transaction, so that nothing was lost with its connection */
export function statementFailed(
  complaint: DriverErrorFacts,
  error: unknown,
  sql: string,
  parameters: readonly unknown[],
  isAlone = false,
): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const isLost = complaint.kind === "connection-lost";
  const message = isLost ? `the connection to the database is lost: ${messageOf(error)}` : messageOf(error);
  const hint = isLost && isAlone ? "nothing was lost with it: try again, once the server answers" : undefined;
  return new DatabaseError(complaint, message, sql, parameters, error, hint);
}

export function sandboxLost({ kind, message, sql, parameters, driverError }: DatabaseError): DatabaseError {
  const hint = "the sandbox begins anew: what was written in it is gone";
  return new DatabaseError({ kind }, message, sql, parameters, driverError, hint);
}

export function writeLockTimeout(file: string, seconds: number, holder: string | undefined): DatabaseError {
  const who = holder ?? "another process";
  return new DatabaseError(
    { kind: "locked" },
    `${who} has been writing to ${file} for ${seconds} s`,
    "BEGIN IMMEDIATE",
    [],
    undefined,
  );
}

export function unsupportedDatabase(type: string): RetortError {
  return new RetortError("dialect/unsupported", `Retort does not speak "${type}"`, {
    hint: 'use type: "better-sqlite3", "postgres", "mysql" or "mariadb"',
    exitCode: 2,
  });
}
