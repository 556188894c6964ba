import { postgresColumnTypes } from "./column-types";
import type { Dialect } from "../dialect";
import { doubleQuoted, exactLiteral, hexadecimal, quotedText } from "../literals";
import { postgresQuoting } from "../schema/tokens";
import { PostgresConnection } from "./connection";
import { indexesOf, planLines, scans } from "./plan";
import { postgresPools } from "./pools";
import { updateRows } from "./update-rows";

const IF_LOCKED = { skip: " SKIP LOCKED", fail: " NOWAIT" } as const;

export const postgresDialect: Dialect = {
  displayName: "PostgreSQL",
  systemName: "postgresql",
  supportsTransactionalDdl: true,
  supportsInsertReturning: true,
  supportsUpdateReturning: true,
  supportsArrays: true,
  hasImplicitDefaults: false,
  supportsNullsOrder: true,
  nullsAreLargest: true,
  findsRowValuesByIndex: true,
  findsExpressionsByName: false,
  supportsRowLocks: true,
  parameterLimit: 65_535,
  statementLength: 1_000_000,
  columnTypes: postgresColumnTypes,
  quoting: postgresQuoting,
  literals: {
    boolean: (value) => String(value).toUpperCase(),
    bytes: (value) => `'\\x${hexadecimal(value)}'`,
    date: (value) => quotedText(value.toISOString()),
    text: quotedText,
    array: (elements) => `ARRAY[${elements.join(", ")}]`,
  },
  exactLiteral,
  arrayParameter: {
    // The driver would send a list of lists as a two-dimensional array.
    encode: (values) => (values.some(Array.isArray) ? undefined : values),
    render: (left, placeholder) => `${left} = ANY(${placeholder})`,
  },
  tupleIn: (left, tuples) => `${left} IN (${tuples.join(", ")})`,
  quote: doubleQuoted,
  numbersPlaceholders: true,
  placeholder: (position) => `$${position}`,
  limit(limit, offset) {
    return `${limit === undefined ? "" : ` LIMIT ${limit}`}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  // Tables that are joined by a LEFT JOIN cannot be locked.
  lockRows: ({ mode, ifLocked }, alias) =>
    ` FOR ${mode === "update" ? "UPDATE" : "SHARE"} OF ${alias}${ifLocked ? IF_LOCKED[ifLocked] : ""}`,
  caseInsensitiveLike: (left, right) => `${left} ILIKE ${right}`,
  concat: (left, right) => `${left} || ${right}`,
  textPlaceholder: (placeholder) => `${placeholder}::text`,
  charLength: "CHAR_LENGTH",
  now: (precision) => (typeof precision === "number" ? `CURRENT_TIMESTAMP(${precision})` : "CURRENT_TIMESTAMP"),
  jsonContains: (left, right) => `${left}::jsonb @> ${right}::jsonb`,
  deferredConstraints: {
    begin: "SET CONSTRAINTS ALL DEFERRED",
    onlyDeferrable: true,
    // IMMEDIATE would also check constraints that are INITIALLY DEFERRED.
    end: undefined,
  },
  isNotDistinct: (left, right) => `${left} IS NOT DISTINCT FROM ${right}`,
  keyIncrement: "SELECT 1",
  updateRows,
  defaultValues: "DEFAULT VALUES",
  onConflictUpdate: (conflict, sets) => ` ON CONFLICT (${conflict.join(", ")}) DO UPDATE SET ${sets.join(", ")}`,
  insertedValue: (column) => `excluded.${column}`,
  onConflictDoNothing: () => " ON CONFLICT DO NOTHING",
  beginTransaction: ({ isolation, readOnly }) => [
    [
      "START TRANSACTION",
      isolation && `ISOLATION LEVEL ${isolation}`,
      readOnly !== undefined && (readOnly ? "READ ONLY" : "READ WRITE"),
    ]
      .filter(Boolean)
      .join(" "),
  ],
  transactionAfter: (kind) => (kind === "connection-lost" || kind === "outcome-unknown" ? "ended" : "aborted"),
  explainPrefix: "EXPLAIN ",
  planLines,
  scans,
  indexesOf,
  internalTable: {
    id: "SERIAL PRIMARY KEY",
    word: "varchar",
    name: "varchar",
    text: "text",
    options: "",
  },
  deleteActions: `SELECT n.nspname, c.relname, CASE WHEN n.nspname = current_schema() THEN 1 ELSE 0 END, k.conname, a.attname,
      CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    WHERE k.contype = 'f'`,
  connect: (dataSource, observers, options) => new PostgresConnection(postgresDialect, dataSource, observers, options),
  pools: postgresPools,
};
