import type { Dialect } from "../dialect";
import { PostgresConnection } from "./connection";

export const postgres: Dialect = {
  name: "postgres",
  parameterLimit: 65_535,
  generatedKeys: "returning",
  returning: true,
  arrayParameter: {
    encode: (values) => values,
    render: (left, placeholder) => `${left} = ANY(${placeholder})`,
  },
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  placeholder: (position) => `$${position}`,
  limit(limit, offset) {
    return `${limit === undefined ? "" : ` LIMIT ${limit}`}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  caseInsensitiveLike: (left, right) => `${left} ILIKE ${right}`,
  notDistinct: (left, right) => `${left} IS NOT DISTINCT FROM ${right}`,
  insertDefaults: "DEFAULT VALUES",
  explain: "EXPLAIN ",
  connect: (dataSource, listener) => new PostgresConnection(postgres, dataSource, listener),
};
