import type { Dialect } from "../dialect";
import { SqliteConnection } from "./connection";

export const sqlite: Dialect = {
  name: "sqlite",
  parameterLimit: 32_766,
  generatedKeys: "last-id",
  returning: true,
  arrayParameter: {
    encode: (values) => JSON.stringify(values),
    render: (left, placeholder) => `${left} IN (SELECT value FROM json_each(${placeholder}))`,
  },
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: () => "?",
  limit(limit, offset) {
    if (limit === undefined && !offset) return "";
    // OFFSET does not stand alone in SQLite.
    return ` LIMIT ${limit ?? -1}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  // LIKE does not mind the case of ASCII letters here.
  caseInsensitiveLike: (left, right) => `${left} LIKE ${right}`,
  notDistinct: (left, right) => `${left} IS ${right}`,
  insertDefaults: "DEFAULT VALUES",
  explain: "EXPLAIN QUERY PLAN ",
  connect: (dataSource, listener) => new SqliteConnection(sqlite, dataSource, listener),
};
