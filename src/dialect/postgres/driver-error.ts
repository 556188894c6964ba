import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

/** PostgreSQL's SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const KINDS: Record<string, DatabaseErrorKind> = {
  "23505": "unique",
  "23503": "foreign-key",
  "23502": "not-null",
  "23514": "check",
  "40001": "serialization",
  "40P01": "deadlock",
  "55P03": "locked",
  "25006": "read-only",
  "57014": "cancelled",
  "42P01": "missing-table",
  "42703": "missing-column",
  "57P01": "connection-lost",
  "57P02": "connection-lost",
  "57P03": "connection-lost",
};

const LOST = /Connection terminated|not queryable|ECONNRESET|EPIPE|ECONNREFUSED|Client was closed/;

interface PostgresError {
  code?: string;
  table?: string;
  column?: string;
  constraint?: string;
  detail?: string;
  message?: string;
}

export function readDriverError(error: unknown): DriverErrorFacts {
  const { code = "", table, column, constraint, detail, message = "" } = (error ?? {}) as PostgresError;
  const lost = code.startsWith("08") || LOST.test(`${code} ${message}`);
  return {
    kind: KINDS[code] ?? (lost ? "connection-lost" : "other"),
    table,
    // A unique violation names its columns only in the detail: Key (username)=(susan) already exists.
    column: column ?? /^Key \(([^)]+)\)=/.exec(detail ?? "")?.[1],
    constraint,
  };
}
