import { mysqlColumnTypes } from "./column-types";
import type { Dialect } from "../dialect";
import type { DatabaseErrorKind } from "../errors";
import { backtickQuoted, escapedText, hexadecimal, quotedText } from "../literals";
import { mysqlQuoting } from "../schema/tokens";
import { MysqlConnection } from "./connection";
import { indexesOf, planLines, scans } from "./plan";
import { mysqlPools } from "./pools";
import { updateRows } from "./update-rows";

/** The largest LIMIT; MySQL wants one before an OFFSET. https://dev.mysql.com/doc/refman/8.4/en/select.html */
const EVERY_ROW = "18446744073709551615";

const IF_LOCKED = { skip: " SKIP LOCKED", fail: " NOWAIT" } as const;

/** Errors with which InnoDB, or a cluster, rolls back the whole transaction. */
const ENDING: ReadonlySet<DatabaseErrorKind> = new Set([
  "deadlock",
  "serialization",
  "connection-lost",
  "outcome-unknown",
]);

/** MySQL. */
export const mysqlDialect: Dialect = {
  displayName: "MySQL",
  systemName: "mysql",
  supportsTransactionalDdl: false,
  supportsInsertReturning: false,
  supportsUpdateReturning: false,
  supportsArrays: false,
  hasImplicitDefaults: true,
  supportsNullsOrder: false,
  nullsAreLargest: false,
  findsRowValuesByIndex: false,
  findsExpressionsByName: true,
  supportsRowLocks: true,
  parameterLimit: 65_535,
  statementLength: 1_000_000,
  columnTypes: mysqlColumnTypes,
  quoting: mysqlQuoting,
  literals: {
    boolean: (value) => (value ? "1" : "0"),
    bytes: (value) => `X'${hexadecimal(value)}'`,
    // MySQL's dates have no time zone.
    date: (value) => quotedText(value.toISOString().replace("T", " ").replace("Z", "")),
    text: escapedText,
    array: undefined,
  },
  // The number of parameters has no limit, since mysql2 writes them into the statement.
  exactLiteral: () => undefined,
  // Not needed: mysql2 writes the parameters into the statement, so only the size of a packet limits a list.
  arrayParameter: undefined,
  tupleIn: (left, tuples) => `${left} IN (${tuples.join(", ")})`,
  quote: backtickQuoted,
  numbersPlaceholders: false,
  placeholder: () => "?",
  limit(limit, offset) {
    if (limit === undefined && !offset) return "";
    return ` LIMIT ${limit ?? EVERY_ROW}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  lockRows: ({ mode, ifLocked }) =>
    ` ${mode === "update" ? "FOR UPDATE" : ifLocked ? "FOR SHARE" : "LOCK IN SHARE MODE"}${ifLocked ? IF_LOCKED[ifLocked] : ""}`,
  caseInsensitiveLike: (left, right) => `LOWER(${left}) LIKE LOWER(${right})`,
  // || means OR.
  concat: (left, right) => `CONCAT(${left}, ${right})`,
  textPlaceholder: (placeholder) => placeholder,
  charLength: "CHAR_LENGTH",
  now: (precision) => `CURRENT_TIMESTAMP(${precision ?? 6})`,
  jsonContains: (left, right) => `JSON_CONTAINS(${left}, ${right})`,
  deferredConstraints: {
    begin: "SET FOREIGN_KEY_CHECKS = 0",
    onlyDeferrable: false,
    end: "SET FOREIGN_KEY_CHECKS = 1",
  },
  isNotDistinct: (left, right) => `${left} <=> ${right}`,
  keyIncrement: "SELECT @@auto_increment_increment",
  updateRows,
  defaultValues: "() VALUES ()",
  // Whatever key it is that exists.
  onConflictUpdate: (_, sets) => ` ON DUPLICATE KEY UPDATE ${sets.join(", ")}`,
  insertedValue: (column) => `VALUES(${column})`,
  onConflictDoNothing: (column) => ` ON DUPLICATE KEY UPDATE ${column} = ${column}`,
  beginTransaction({ isolation, readOnly }) {
    const access = readOnly === undefined ? "" : readOnly ? " READ ONLY" : " READ WRITE";
    const begin = `START TRANSACTION${access}`;
    return isolation === undefined ? [begin] : [`SET TRANSACTION ISOLATION LEVEL ${isolation}`, begin];
  },
  transactionAfter: (kind) => (ENDING.has(kind) ? "ended" : "open"),
  explainPrefix: "EXPLAIN ",
  planLines,
  scans,
  indexesOf,
  internalTable: {
    id: "int NOT NULL AUTO_INCREMENT PRIMARY KEY",
    word: "varchar(32)",
    name: "varchar(255)",
    text: "longtext",
    // Rows of an engine without transactions would outlive a rollback.
    options: " ENGINE=InnoDB",
  },
  // Of the current database only: information_schema opens every table of those that it is asked about.
  deleteActions: `SELECT k.TABLE_SCHEMA, k.TABLE_NAME, 1, k.CONSTRAINT_NAME, k.COLUMN_NAME, r.DELETE_RULE
    FROM information_schema.REFERENTIAL_CONSTRAINTS r
    JOIN information_schema.KEY_COLUMN_USAGE k ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA
      AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
    WHERE r.CONSTRAINT_SCHEMA = DATABASE() AND k.TABLE_SCHEMA = DATABASE()`,
  connect: (dataSource, observers, options) => new MysqlConnection(mysqlDialect, dataSource, observers, options),
  pools: mysqlPools,
};

/** MariaDB, from 10.5 on, which has INSERT … RETURNING. */
export const mariadbDialect: Dialect = {
  ...mysqlDialect,
  displayName: "MariaDB",
  systemName: "mariadb",
  supportsInsertReturning: true,
  // MariaDB has no FOR SHARE.
  lockRows: ({ mode, ifLocked }) =>
    ` ${mode === "update" ? "FOR UPDATE" : "LOCK IN SHARE MODE"}${ifLocked ? IF_LOCKED[ifLocked] : ""}`,
  connect: (dataSource, observers, options) => new MysqlConnection(mariadbDialect, dataSource, observers, options),
};
