import type { Dialect } from "../dialect";
import { MysqlConnection } from "./connection";

/** The largest LIMIT; MySQL wants one before an OFFSET. https://dev.mysql.com/doc/refman/8.4/en/select.html */
const EVERY_ROW = "18446744073709551615";

/** MySQL and MariaDB. */
export const mysql: Dialect = {
  name: "mysql",
  parameterLimit: 65_535,
  generatedKeys: "consecutive",
  returning: false,
  // mysql2 writes the parameters into the text, so a list has no limit but the size of a packet.
  arrayParameter: undefined,
  tupleIn: (left, tuples) => `${left} IN (${tuples.join(", ")})`,
  quote: (identifier) => `\`${identifier.replaceAll("`", "``")}\``,
  placeholder: () => "?",
  limit(limit, offset) {
    if (limit === undefined && !offset) return "";
    return ` LIMIT ${limit ?? EVERY_ROW}${offset ? ` OFFSET ${offset}` : ""}`;
  },
  caseInsensitiveLike: (left, right) => `LOWER(${left}) LIKE LOWER(${right})`,
  // Nor is there a limit to go around.
  exactLiteral: () => undefined,
  // || means OR here.
  concat: (left, right) => `CONCAT(${left}, ${right})`,
  charLength: "CHAR_LENGTH",
  now: (precision) => `CURRENT_TIMESTAMP(${precision ?? 6})`,
  jsonContains: (left, right) => `JSON_CONTAINS(${left}, ${right})`,
  supportsArrays: false,
  deferredConstraints: {
    begin: "SET FOREIGN_KEY_CHECKS = 0",
    onlyDeferrable: false,
    end: "SET FOREIGN_KEY_CHECKS = 1",
  },
  isNotDistinct: (left, right) => `${left} <=> ${right}`,
  defaultValues: "() VALUES ()",
  onConflictDoNothing: (column) => ` ON DUPLICATE KEY UPDATE ${column} = ${column}`,
  explainPrefix: "EXPLAIN ",
  planLines: (rows) =>
    rows.map(([, kind, table, type, , key, , , count, extra]) =>
      [
        `${String(kind)} ${String(table)}: ${String(type)}`,
        key && `by ${String(key)}`,
        count !== null && `${Number(count)} rows`,
        extra,
      ]
        .filter(Boolean)
        .join(", "),
    ),
  connect: (dataSource, listener) => new MysqlConnection(mysql, dataSource, listener),
};
