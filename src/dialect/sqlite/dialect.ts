import type { Dialect, Row } from "../dialect";
import { exactLiteral } from "../literal";
import { SqliteConnection } from "./connection";

export const sqlite: Dialect = {
  name: "sqlite",
  parameterLimit: 32_766,
  generatedKeys: "returning",
  returning: true,
  arrayParameter: {
    encode: jsonList,
    render: (left, placeholder) => `${left} IN (SELECT value FROM json_each(${placeholder}))`,
  },
  // Row values are compared with a table only. https://sqlite.org/rowvalue.html
  tupleIn: (left, tuples) => `${left} IN (VALUES ${tuples.join(", ")})`,
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: () => "?",
  limit(limit, offset) {
    if (limit === undefined && !offset) return "";
    // OFFSET does not stand alone in SQLite.
    return ` LIMIT ${limit ?? -1}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  // LIKE does not mind the case of ASCII letters here.
  caseInsensitiveLike: (left, right) => `${left} LIKE ${right}`,
  exactLiteral: exactLiteral,
  concat: (left, right) => `${left} || ${right}`,
  charLength: "LENGTH",
  now: () => "CURRENT_TIMESTAMP",
  jsonContains: undefined,
  supportsArrays: false,
  deferredConstraints: {
    begin: "PRAGMA defer_foreign_keys = ON",
    onlyDeferrable: false,
    // OFF would make SQLite forget what it has to look at.
    end: undefined,
  },
  isNotDistinct: (left, right) => `${left} IS ${right}`,
  defaultValues: "DEFAULT VALUES",
  onConflictDoNothing: () => " ON CONFLICT DO NOTHING",
  explainPrefix: "EXPLAIN QUERY PLAN ",
  // id, parent, a number that is not used, and the words.
  planLines,
  connect: (dataSource, listener) => new SqliteConnection(sqlite, dataSource, listener),
};

/** Rows of a step's number, the number of the step above it, something unused, and what it does. */
function planLines(rows: readonly Row[]): string[] {
  const depths = new Map<unknown, number>();
  return rows.map(([id, parent, , detail]) => {
    const depth = (depths.get(parent) ?? -1) + 1;
    depths.set(id, depth);
    return "  ".repeat(depth) + String(detail);
  });
}

/** Numbers and texts; JSON has no other values that SQLite would compare as its own. */
function jsonList(values: readonly unknown[]): string | undefined {
  const texts: string[] = [];
  for (const value of values) {
    if (typeof value === "bigint") texts.push(String(value));
    else if (typeof value === "number" && Number.isFinite(value)) texts.push(String(value));
    // A text ends at its first NUL when SQLite reads it out of JSON.
    else if (typeof value === "string" && !value.includes("\0")) texts.push(JSON.stringify(value));
    else return undefined;
  }
  return `[${texts.join(",")}]`;
}
