import { type FailureKind, failureKind } from "../../schema/failure";
import { driverErrorOf, messageOf } from "../../../errors";
import { isMissingObject, isConstraintViolation } from "../../schema/driver-errors";
import type { SchemaDialect } from "../../schema/dialect";
import { readDriverError } from "../driver-error";
import type { Column, Table } from "../../schema/model";
import { quotedText } from "../../literals";
import { mentions, normalized, unwrapped } from "../../schema/tokens";
import { entityInAttachedFile } from "../../errors";
import { quote } from "./create";
import { declared } from "./declared-column";
import { plan, renamed } from "./plan";
import { matchesExactly, readSchema, storedTable } from "./read";
import { sqliteScratch } from "./scratch";

/** The schema side of SQLite. */
export const sqliteSchema: SchemaDialect = {
  ignoresCaseOfTables: true,
  quote,
  literal: quotedText,
  path: ({ name }) => quote(name),
  entities: {
    // SQLite's schemas are attached files, which migrations do not change: entities are in the main one.
    schemaOf: (dataSource, { database }) => {
      if (database && database !== dataSource.options.database) throw entityInAttachedFile(database);
      return undefined;
    },
    column(_dataSource, column, base) {
      const values = column.enum && !column.isArray ? column.enum.map(String) : undefined;
      // SQLite keeps no comments, and has no character sets and no ON UPDATE for columns.
      return { ...base, values, comment: undefined, charset: undefined, onUpdate: undefined };
    },
    declared,
    supportsDeferrable: true,
    supportsExclusions: false,
    supportsNamedPrimaryKeys: false,
    keepsAutoIncrement: true,
  },
  sameName: (a, b) => a.toLowerCase() === b.toLowerCase(),
  sameExpression: (a, b) => normalized(unwrapped(a)) === normalized(unwrapped(b)),
  mentions: (expression, name) => mentions(expression, name),
  sameType,
  sameAction: (a, b) => a === b,
  canCollate: () => true,
  renamed,
  read: readSchema,
  viewColumns: async (runner, { name }) =>
    (await runner.query(`PRAGMA table_xinfo(${quote(name)})`)) as Awaited<ReturnType<SchemaDialect["viewColumns"]>>,
  matchesExactly,
  storedTable,
  scratch: sqliteScratch,
  plan,
  count: ({ name }, condition) =>
    `SELECT COUNT(*) AS "rows" FROM ${quote(name)}${condition ? ` WHERE ${condition}` : ""}`,
  isDataError: (error) => isConstraintViolation(readDriverError(driverErrorOf(error))),
  failureOf,
  isMissingObjectError: (error) => isMissingObject(readDriverError(driverErrorOf(error))),
  asText: (expression) => expression,
  untracked: async (runner) => {
    // Triggers and views are rewritten by a rename, and tried by the proof.
    const tables = (await runner.query(
      `SELECT "name", "sql" FROM "sqlite_master" WHERE "sql" LIKE 'CREATE VIRTUAL TABLE%'`,
    )) as { name: string; sql: string }[];
    return tables.map(({ name, sql }) => ({ name: `virtual table "${name}"`, text: sql }));
  },
  changedValues: async (runner, table, before, after) => {
    const condition = lossy(before, after);
    if (condition === undefined) return { rows: 0, refused: 0 };
    const sql = `SELECT COUNT(*) AS "rows" FROM ${quote(table.name)} WHERE ${condition}`;
    const [{ rows }] = (await runner.query(sql)) as [{ rows: number }];
    return { rows, refused: 0, condition };
  },
};

/** SQLite says most of it in words only. */
function failureOf(error: unknown): FailureKind {
  const cause = driverErrorOf(error);
  const message = messageOf(cause);
  if (/^error in (view|trigger)|foreign key mismatch|cannot drop column/i.test(message)) return "dependents";
  const kind = failureKind(readDriverError(cause), { SQLITE_FULL: "space", SQLITE_IOERR: "space" });
  if (kind !== "other") return kind;
  if (/already exists|duplicate column name/i.test(message)) return "exists";
  if (/no such (table|column|index|view|trigger|function|collation)/i.test(message)) return "missing";
  return /object name reserved/i.test(message) ? "name" : "other";
}

function sameType(a: string, b: string, table: Table): boolean {
  const plain = (type: string) => normalized(type);
  // A STRICT table has six type names only, of which one stands for the entity's.
  return plain(a) === plain(b) || (table.strict === true && affinity(a) === affinity(b));
}

/** SQLite's type affinity. https://sqlite.org/datatype3.html */
export function affinity(type: string): "INTEGER" | "TEXT" | "BLOB" | "REAL" | "NUMERIC" {
  if (/int/i.test(type)) return "INTEGER";
  if (/char|clob|text/i.test(type)) return "TEXT";
  if (/blob/i.test(type) || type === "") return "BLOB";
  if (/real|floa|doub/i.test(type)) return "REAL";
  return "NUMERIC";
}

/**
 * Copying into a column of another affinity turns `'007'` into 7, and 0.1 + 0.2 into '0.3': the rows that converting
 * back does not restore.
 */
function lossy(before: Column, after: Column): string | undefined {
  const [from, to] = [affinity(before.type), affinity(after.type)];
  if (from === to || to === "BLOB" || before.generated) return undefined;
  const column = quote(before.name);
  if (to === "TEXT") return `typeof(${column}) = 'real' AND CAST(CAST(${column} AS TEXT) AS REAL) <> ${column}`;
  return `typeof(${column}) = 'text' AND CAST(CAST(${column} AS NUMERIC) AS TEXT) <> ${column} AND ${column} GLOB '*[0-9]*' AND ${column} NOT GLOB '*[^0-9.eE+-]*'`;
}
