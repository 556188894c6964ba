import type { DatabaseErrorKind, DriverErrorFacts } from "../errors";

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const KINDS: Record<string, DatabaseErrorKind> = {
  ER_DUP_ENTRY: "unique",
  ER_NO_REFERENCED_ROW_2: "foreign-key",
  ER_ROW_IS_REFERENCED_2: "foreign-key",
  ER_BAD_NULL_ERROR: "not-null",
  ER_NO_DEFAULT_FOR_FIELD: "not-null",
  ER_CHECK_CONSTRAINT_VIOLATED: "check",
  ER_DUP_ENTRY_WITH_KEY_NAME: "unique",
  ER_DATA_TOO_LONG: "too-long",
  ER_WARN_DATA_OUT_OF_RANGE: "out-of-range",
  ER_DATA_OUT_OF_RANGE: "out-of-range",
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: "invalid-value",
  ER_TRUNCATED_WRONG_VALUE: "invalid-value",
  ER_INVALID_JSON_TEXT: "invalid-value",
  WARN_DATA_TRUNCATED: "invalid-value",
  ER_LOCK_DEADLOCK: "deadlock",
  ER_LOCK_WAIT_TIMEOUT: "locked",
  ER_CHECKREAD: "serialization",
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: "read-only",
  ER_OPTION_PREVENTS_STATEMENT: "read-only",
  ER_QUERY_INTERRUPTED: "cancelled",
  ER_QUERY_TIMEOUT: "cancelled",
  ER_NO_SUCH_TABLE: "missing-table",
  ER_BAD_FIELD_ERROR: "missing-column",
  PROTOCOL_CONNECTION_LOST: "connection-lost",
  ECONNRESET: "connection-lost",
  ECONNREFUSED: "connection-lost",
  EPIPE: "connection-lost",
  ER_CON_COUNT_ERROR: "connection-lost",
  // Galera: a node that is not part of the cluster refuses statements, and one that leaves it cannot tell what became of a commit.
  ER_UNKNOWN_COM_ERROR: "connection-lost",
  ER_ERROR_DURING_COMMIT: "outcome-unknown",
};

/** MariaDB's own errors by number: the driver maps them to MySQL's names, which mean something else. */
const MARIADB_KINDS: Record<number, DatabaseErrorKind> = {
  // max_statement_time: https://mariadb.com/docs/server/reference/error-codes
  1969: "cancelled",
};

interface MysqlError {
  code?: string;
  errno?: number;
  /** Of errors of the server. */
  sqlState?: string;
  sqlMessage?: string;
  message?: string;
}

export function readDriverError(error: unknown): DriverErrorFacts {
  const { code = "", errno = 0, sqlState, sqlMessage = "", message = "" } = (error ?? {}) as MysqlError;
  const lost = /closed state|Connection lost/i.test(message);
  const check = /^CONSTRAINT `([^`]+)` failed for `[^`]+`\.`([^`]+)`/.exec(sqlMessage);
  const path = /column `[^`]+`\.`([^`]+)`\.`([^`]+)`/.exec(sqlMessage);
  const column = /column '([^']+)'|Field '([^']+)'/i.exec(sqlMessage);
  const duplicate = /^Duplicate entry '(.*)' for key/s.exec(sqlMessage)?.[1];
  return {
    statusCode: sqlState === undefined ? undefined : String(errno),
    // mysql2 does not send a statement over a connection that is lost already.
    notSent: /closed state/i.test(message) || code === "ECONNREFUSED",
    kind: check ? "check" : (MARIADB_KINDS[errno] ?? KINDS[code] ?? (lost ? "connection-lost" : "other")),
    table:
      check?.[2] ??
      path?.[1] ??
      /`\w+`\.`(\w+)`, CONSTRAINT/.exec(sqlMessage)?.[1] ??
      /Table '(?:\w+\.)?(\w+)'/.exec(sqlMessage)?.[1],
    column: path?.[2] ?? column?.[1] ?? column?.[2] ?? /FOREIGN KEY \(([^)]+)\)/.exec(sqlMessage)?.[1],
    // An index that the entities do not know is traced back by the value.
    offending:
      duplicate === undefined ? undefined : { matches: (value) => value !== null && String(value) === duplicate },
    constraint: check?.[1] ?? /for key '([^']+)'/.exec(sqlMessage)?.[1] ?? /CONSTRAINT `([^`]+)`/.exec(sqlMessage)?.[1],
  };
}
