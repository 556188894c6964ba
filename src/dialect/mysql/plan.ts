import type { Dialect, PlanScan, Row } from "../dialect";

export function planLines(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    const { kind, table, type, key, count, extra } = stepOf(row);
    return [
      `${String(kind)} ${String(table)}: ${String(type)}`,
      typeof key === "string" && `by ${key}`,
      count !== null && `${Number(count)} rows`,
      extra,
    ]
      .filter(Boolean)
      .join(", ");
  });
}

export function scans(rows: readonly Row[]): PlanScan[] {
  return rows.flatMap((row) => {
    const { table, type } = stepOf(row);
    return type === "ALL" || type === "index" ? [{ table: String(table), isByIndex: type === "index" }] : [];
  });
}

/** MySQL has a column for partitions in front of the type and one for what is filtered behind the rows, which MariaDB has not. */
function stepOf(row: Row): Record<"kind" | "table" | "type" | "key" | "count" | "extra", unknown> {
  const [, kind, table, ...rest] = row;
  const [type, , key, , , count, ...last] = rest.length > 7 ? rest.slice(1) : rest;
  return { kind, table, type, key, count, extra: last.at(-1) };
}

export const indexesOf: Dialect["indexesOf"] = ({ database, name }) => ({
  sql: `SELECT i.INDEX_NAME, i.COLUMN_NAME, t.TABLE_ROWS FROM information_schema.TABLES t
    LEFT JOIN information_schema.STATISTICS i ON i.TABLE_SCHEMA = t.TABLE_SCHEMA AND i.TABLE_NAME = t.TABLE_NAME
    WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ? ORDER BY i.INDEX_NAME, i.SEQ_IN_INDEX`,
  parameters: [database ?? null, name],
});
