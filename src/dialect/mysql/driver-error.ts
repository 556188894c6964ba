import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const KINDS: Record<string, DatabaseErrorKind> = {
  ER_DUP_ENTRY: "unique",
  ER_NO_REFERENCED_ROW_2: "foreign-key",
  ER_ROW_IS_REFERENCED_2: "foreign-key",
  ER_BAD_NULL_ERROR: "not-null",
  ER_NO_DEFAULT_FOR_FIELD: "not-null",
  ER_CHECK_CONSTRAINT_VIOLATED: "check",
  ER_LOCK_DEADLOCK: "deadlock",
  ER_LOCK_WAIT_TIMEOUT: "locked",
  ER_CHECKREAD: "serialization",
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: "read-only",
  ER_OPTION_PREVENTS_STATEMENT: "read-only",
  ER_QUERY_INTERRUPTED: "cancelled",
  ER_NO_SUCH_TABLE: "missing-table",
  ER_BAD_FIELD_ERROR: "missing-column",
  PROTOCOL_CONNECTION_LOST: "connection-lost",
  ECONNRESET: "connection-lost",
  ECONNREFUSED: "connection-lost",
  EPIPE: "connection-lost",
  ER_CON_COUNT_ERROR: "connection-lost",
};

interface MysqlError {
  code?: string;
  sqlMessage?: string;
  message?: string;
}

export function readDriverError(error: unknown): DriverErrorFacts {
  const { code = "", sqlMessage = "", message = "" } = (error ?? {}) as MysqlError;
  const lost = /closed state|Connection lost/i.test(message);
  // The driver maps MariaDB's own error numbers to MySQL's names, which mean something else.
  const check = /^CONSTRAINT `([^`]+)` failed for `[^`]+`\.`([^`]+)`/.exec(sqlMessage);
  const place = /Column '([^']+)'|Field '([^']+)'/.exec(sqlMessage);
  return {
    kind: check ? "check" : (KINDS[code] ?? (lost ? "connection-lost" : "other")),
    table:
      check?.[2] ??
      /`\w+`\.`(\w+)`, CONSTRAINT/.exec(sqlMessage)?.[1] ??
      /Table '(?:\w+\.)?(\w+)'/.exec(sqlMessage)?.[1],
    column: place?.[1] ?? place?.[2],
    constraint: check?.[1] ?? /for key '([^']+)'/.exec(sqlMessage)?.[1] ?? /CONSTRAINT `([^`]+)`/.exec(sqlMessage)?.[1],
  };
}
