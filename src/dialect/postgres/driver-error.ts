import type { DatabaseErrorKind, DriverErrorFacts, OffendingValue } from "../errors";

/** PostgreSQL's SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const KINDS: Record<string, DatabaseErrorKind> = {
  "23505": "unique",
  "23503": "foreign-key",
  "23502": "not-null",
  "23514": "check",
  "23P01": "unique",
  "22001": "too-long",
  "22003": "out-of-range",
  "22008": "out-of-range",
  "22007": "invalid-value",
  "22018": "invalid-value",
  "22021": "invalid-value",
  "22P02": "invalid-value",
  "22P03": "invalid-value",
  "22P05": "invalid-value",
  "22030": "invalid-value",
  "22032": "invalid-value",
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

/** Messages of pg about statements that it does not send, because the connection is lost already. */
const NOT_SENT = /not queryable|Client was closed|ECONNREFUSED/;

const LOST = /Connection terminated|not queryable|ECONNRESET|EPIPE|ECONNREFUSED|Client was closed/;

interface PostgresError {
  /** Of errors of the server. */
  severity?: string;
  code?: string;
  table?: string;
  column?: string;
  constraint?: string;
  detail?: string;
  message?: string;
  where?: string;
}

export function readDriverError(error: unknown): DriverErrorFacts {
  const { severity, code = "", table, column, constraint, detail = "", message = "" } = (error ?? {}) as PostgresError;
  const lost = code.startsWith("08") || LOST.test(`${code} ${message}`);
  const kind = KINDS[code] ?? (lost ? "connection-lost" : "other");
  return {
    kind,
    statusCode: severity === undefined ? undefined : code,
    notSent: NOT_SENT.test(message),
    table,
    // A violation names its columns only in the detail: Key (username)=(susan) already exists. The key of a row that is still referenced is
    // that of another table.
    column: column ?? (detail.includes("still referenced") ? undefined : /^Key \((.+?)\)=/.exec(detail)?.[1]),
    constraint,
    offending: offendingValue((error ?? {}) as PostgresError),
  };
}

/** The parameter that PostgreSQL could not read, by its number, its text, or what is wrong with it. */
function offendingValue({ where = "", message = "", detail = "" }: PostgresError): OffendingValue | undefined {
  const number = /parameter \$(\d+)/.exec(where)?.[1];
  if (number !== undefined) return { parameter: Number(number) - 1 };
  const length = /too long for type character(?: varying)?\((\d+)\)/.exec(message)?.[1];
  if (length !== undefined)
    return { matches: (value) => typeof value === "string" && [...value].length > Number(length) };
  const digits = /absolute value less than (10\^(\d+)|1)/.exec(detail);
  if (digits) return { matches: (value) => Math.abs(Number(value ?? 0)) >= 10 ** Number(digits[2] ?? 0) };
  if (message.includes("0x00")) return { matches: (value) => typeof value === "string" && value.includes("\0") };
  const text = /"(.*)"/s.exec(message)?.[1];
  return text === undefined ? undefined : { matches: (value) => value !== null && String(value) === text };
}
