import type { Dialect } from "../dialect";
import { exactLiteral } from "../literal";
import { PostgresConnection } from "./connection";

export const postgres: Dialect = {
  name: "postgres",
  parameterLimit: 65_535,
  generatedKeys: "returning",
  returning: true,
  arrayParameter: {
    // A list of lists would be an array of two dimensions.
    encode: (values) => (values.some(Array.isArray) ? undefined : values),
    render: (left, placeholder) => `${left} = ANY(${placeholder})`,
  },
  tupleIn: (left, tuples) => `${left} IN (${tuples.join(", ")})`,
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: (position) => `$${position}`,
  limit(limit, offset) {
    return `${limit === undefined ? "" : ` LIMIT ${limit}`}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  caseInsensitiveLike: (left, right) => `${left} ILIKE ${right}`,
  exactLiteral: exactLiteral,
  concat: (left, right) => `${left} || ${right}`,
  charLength: "CHAR_LENGTH",
  now: (precision) => (typeof precision === "number" ? `CURRENT_TIMESTAMP(${precision})` : "CURRENT_TIMESTAMP"),
  jsonContains: (left, right) => `${left}::jsonb @> ${right}::jsonb`,
  supportsArrays: true,
  deferredConstraints: {
    begin: "SET CONSTRAINTS ALL DEFERRED",
    onlyDeferrable: true,
    // IMMEDIATE would look at those that are INITIALLY DEFERRED too.
    end: undefined,
  },
  isNotDistinct: (left, right) => `${left} IS NOT DISTINCT FROM ${right}`,
  defaultValues: "DEFAULT VALUES",
  onConflictDoNothing: () => " ON CONFLICT DO NOTHING",
  explainPrefix: "EXPLAIN ",
  planLines: (rows) => rows.map((row) => String(row[0])),
  connect: (dataSource, listener) => new PostgresConnection(postgres, dataSource, listener),
};
