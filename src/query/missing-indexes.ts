import { LARGE_TABLE, type Dialect, type Row } from "../dialect/dialect";
import type { ColumnModel, EntityModel } from "../metadata/model";
import type { ColumnUsage, TableUsage } from "./column-usage";
import type { Statement } from "./selection";

type Send = (statement: Statement) => Promise<Row[]>;

/**
 * Says of each large table that a plan reads as a whole which column of a condition, or of the order, has no index.
 *
 * @param isLimited whether the first rows of the order are enough
 * @param send reads the rows of a statement
 */
export async function missingIndexes(
  plan: readonly Row[],
  usage: ColumnUsage,
  isLimited: boolean,
  dialect: Dialect,
  send: Send,
): Promise<string[]> {
  const remarks: string[] = [];
  for (const { table, isByIndex } of dialect.scans(plan)) {
    const used = usage.of(dialect.quote(table));
    // Without a condition all rows are asked for, and a sort of all of them needs no index.
    if (!used || (used.filtered.size === 0 && (isByIndex || !isLimited))) continue;
    const { rows, indexes } = await indexesOf(used.model, dialect, send);
    const remark = rows < LARGE_TABLE ? undefined : remarkOn(used, indexes);
    if (!remark) continue;
    const count = rows > LARGE_TABLE ? `about ${Math.round(rows)}` : `${rows} or more`;
    remarks.push(`${remark}: the plan reads all rows of ${used.model.metadata.tableName}, ${count}`);
  }
  return [...new Set(remarks)];
}

/** About how many rows a table has, and the columns of each index. */
async function indexesOf(
  model: EntityModel,
  dialect: Dialect,
  send: Send,
): Promise<{ rows: number; indexes: readonly (readonly string[])[] }> {
  const { tableName, database } = model.metadata;
  const found = await send(dialect.indexesOf({ quoted: model.table, database, name: tableName }));
  const indexes = new Map<unknown, string[]>();
  for (const [index, column] of found)
    if (index !== null) indexes.set(index, [...(indexes.get(index) ?? []), String(column)]);
  // SQLite lists no index for a key that is the number of the row.
  const key = model.primary.map(({ column }) => column);
  return { rows: Number(found[0]?.[2] ?? 0), indexes: [...indexes.values(), key] };
}

function remarkOn({ filtered, sorted }: TableUsage, indexes: readonly (readonly string[])[]): string | undefined {
  if (filtered.size === 0) {
    const [first] = sorted;
    return first && !indexes.some(([column]) => column === first.column) ? missing([...sorted]) : undefined;
  }
  const names = [...filtered].map(({ column }) => column);
  const usable = new Set(indexes.filter(([first]) => names.includes(first!)).flat());
  const without = [...filtered].filter(({ column }) => !usable.has(column));
  if (without.length > 0) return missing(without);
  return `no use of the index on ${labels([...filtered])}, since the condition changes the value or meets too many rows`;
}

function missing(columns: readonly ColumnModel[]): string {
  return `no index on ${labels(columns)}`;
}

function labels(columns: readonly ColumnModel[]): string {
  return columns.map(({ label }) => label).join(", ");
}
