import type { Dialect, PlanScan, Row } from "../dialect";

const NAME = String.raw`("(?:[^"]|"")+"|[^\s".]+)`;
/** `Seq Scan on public."user" u  (cost=…`, `Index Scan using user_pkey on "user"  (cost=…`. */
const SCAN = new RegExp(
  String.raw`(Seq Scan|Index (?:Only )?Scan(?: Backward)? using ${NAME}) on (?:${NAME}\.)?${NAME}(?: ${NAME})? {2}\(`,
);

export const planLines = (rows: readonly Row[]): string[] => rows.map((row) => String(row[0]));

/** Details of a step are the lines below it that begin no other step. */
export function scans(rows: readonly Row[]): PlanScan[] {
  const steps: { line: string; details: string[] }[] = [];
  for (const line of planLines(rows)) {
    if (steps.length === 0 || /^\s*->/.test(line)) steps.push({ line, details: [] });
    else steps.at(-1)!.details.push(line.trim());
  }
  return steps.flatMap(({ line, details }) => {
    const found = SCAN.exec(line);
    if (!found) return [];
    const isByIndex = found[1] !== "Seq Scan";
    if (isByIndex && details.some((detail) => detail.startsWith("Index Cond:"))) return [];
    return [{ table: unquoted(found[5] ?? found[4]!), isByIndex }];
  });
}

/** Where the table was never analyzed, its size tells. */
export const indexesOf: Dialect["indexesOf"] = ({ quoted }) => ({
  sql: `SELECT i.indexrelid::regclass::text, a.attname,
      CASE WHEN c.reltuples >= 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 100 END
    FROM pg_class c
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
    LEFT JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) ON true
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE c.oid = to_regclass($1) ORDER BY 1, k.place`,
  parameters: [quoted],
});

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
