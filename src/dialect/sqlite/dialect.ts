import { sqliteColumnTypes } from "./column-types";
import type { Dialect } from "../dialect";
import { doubleQuoted, exactLiteral, hexadecimal, quotedText } from "../literals";
import { sqliteQuoting } from "../schema/tokens";
import { SqliteConnection } from "./connection";
import { indexesOf, planLines, scans } from "./plan";

export const sqliteDialect: Dialect = {
  displayName: "SQLite",
  systemName: "sqlite",
  supportsTransactionalDdl: true,
  supportsInsertReturning: true,
  supportsUpdateReturning: true,
  supportsArrays: false,
  hasImplicitDefaults: false,
  supportsNullsOrder: true,
  nullsAreLargest: false,
  findsRowValuesByIndex: true,
  findsExpressionsByName: false,
  supportsRowLocks: false,
  parameterLimit: 32_766,
  statementLength: Infinity,
  columnTypes: sqliteColumnTypes,
  quoting: sqliteQuoting,
  literals: {
    boolean: (value) => (value ? "1" : "0"),
    bytes: (value) => `X'${hexadecimal(value)}'`,
    date: (value) => quotedText(value.toISOString()),
    text: quotedText,
    array: undefined,
  },
  exactLiteral,
  arrayParameter: {
    encode: jsonList,
    render: (left, placeholder) => `${left} IN (SELECT value FROM json_each(${placeholder}))`,
  },
  // Row values are compared with a table only. https://sqlite.org/rowvalue.html
  tupleIn: (left, tuples) => `${left} IN (VALUES ${tuples.join(", ")})`,
  quote: doubleQuoted,
  numbersPlaceholders: false,
  placeholder: () => "?",
  limit(limit, offset) {
    if (limit === undefined && !offset) return "";
    // SQLite has no OFFSET without LIMIT.
    return ` LIMIT ${limit ?? -1}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  // LIKE ignores the case of ASCII letters.
  caseInsensitiveLike: (left, right) => `${left} LIKE ${right}`,
  lockRows: () => "",
  concat: (left, right) => `${left} || ${right}`,
  textPlaceholder: (placeholder) => placeholder,
  charLength: "LENGTH",
  now: () => "CURRENT_TIMESTAMP",
  jsonContains: undefined,
  deferredConstraints: {
    begin: "PRAGMA defer_foreign_keys = ON",
    onlyDeferrable: false,
    // OFF would skip the check of the rows written so far.
    end: undefined,
  },
  isNotDistinct: (left, right) => `${left} IS ${right}`,
  keyIncrement: "SELECT 1",
  updateRows: undefined,
  defaultValues: "DEFAULT VALUES",
  onConflictUpdate: (conflict, sets) => ` ON CONFLICT (${conflict.join(", ")}) DO UPDATE SET ${sets.join(", ")}`,
  insertedValue: (column) => `excluded.${column}`,
  onConflictDoNothing: () => " ON CONFLICT DO NOTHING",
  // No isolation level is needed: transactions are serializable. IMMEDIATE takes the write lock at once, so a transaction
  // that has read never fails with a stale snapshot when it writes.
  beginTransaction: ({ readOnly }) => [readOnly ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE"],
  // The connection itself tells whether SQLite has rolled the transaction back.
  transactionAfter: () => "open",
  explainPrefix: "EXPLAIN QUERY PLAN ",
  planLines,
  scans,
  indexesOf,
  internalTable: {
    id: "integer PRIMARY KEY",
    word: "varchar",
    name: "varchar",
    text: "text",
    options: "",
  },
  deleteActions: `SELECT 'main', "object"."name", 1, "key"."id", "key"."from", "key"."on_delete"
    FROM "sqlite_master" "object" JOIN pragma_foreign_key_list("object"."name") "key" WHERE "object"."type" = 'table'`,
  connect: (dataSource, observers, options) => new SqliteConnection(sqliteDialect, dataSource, observers, options),
  pools: () => [],
};

/** Numbers and texts: SQLite compares no other JSON values as it compares its own. */
function jsonList(values: readonly unknown[]): string | undefined {
  const texts: string[] = [];
  for (const value of values) {
    if (typeof value === "bigint") texts.push(String(value));
    else if (typeof value === "number" && Number.isFinite(value)) texts.push(String(value));
    // SQLite ends a text from JSON at its first NUL.
    else if (typeof value === "string" && !value.includes("\0")) texts.push(JSON.stringify(value));
    else return undefined;
  }
  return `[${texts.join(",")}]`;
}
