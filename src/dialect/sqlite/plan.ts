import { LARGE_TABLE, type Dialect, type PlanScan, type Row } from "../dialect";

/** A row has the step's number, its parent's, an unused number and a description. */
export function planLines(rows: readonly Row[]): string[] {
  const depths = new Map<unknown, number>();
  return rows.map(([id, parent, , detail]) => {
    const depth = (depths.get(parent) ?? -1) + 1;
    depths.set(id, depth);
    return "  ".repeat(depth) + String(detail);
  });
}

/** `SCAN user`, `SCAN user USING INDEX …`; before SQLite 3.36 `SCAN TABLE user AS u`. */
export function scans(rows: readonly Row[]): PlanScan[] {
  return rows.flatMap((row) => {
    const found = /^SCAN (?:TABLE )?(?:.+ AS )?(.+?)( USING .*)?$/.exec(String(row[3]));
    return found ? [{ table: found[1]!, isByIndex: found[2] !== undefined }] : [];
  });
}

/** SQLite keeps no number of rows. */
export const indexesOf: Dialect["indexesOf"] = ({ quoted, name }) => ({
  sql: `SELECT i.name, c.name, t.count FROM (SELECT COUNT(*) AS count FROM (SELECT 1 FROM ${quoted} LIMIT ${LARGE_TABLE})) t
    LEFT JOIN pragma_index_list(?) i ON i.partial = 0 LEFT JOIN pragma_index_info(i.name) c ORDER BY i.name, c.seqno`,
  parameters: [name],
});
