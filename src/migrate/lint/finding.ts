import type { RowCount } from "./row-queries";

/**
 * - `must-fail`: the existing rows do not allow it;
 * - `loses-rows`, `loses-values`: a table or a column is dropped with its rows or values;
 * - `deletes-rows`: rows are deleted by a statement;
 * - `rebuilds`: every row is rewritten;
 * - `locks`: writes to the table wait meanwhile.
 */
export type FindingKind = "must-fail" | "loses-rows" | "loses-values" | "deletes-rows" | "rebuilds" | "locks";

export interface Finding {
  readonly kind: FindingKind;
  readonly table: string;
  /** One sentence, with the number of rows. */
  readonly text: string;
  /** The number of rows that it concerns; undefined where they cannot be counted beforehand. */
  readonly rows: number | undefined;
  /** The statement that shows these rows. */
  readonly query?: string | undefined;
}

/** A finding with the statement that shows the rows; none where there are no such rows. */
export function findingWithQuery(
  { rows, query }: RowCount,
  describe: (rows: number) => Omit<Finding, "rows">,
): Finding[] {
  return finding(rows, (count) => ({ ...describe(count), query }));
}

/** A finding about a number of rows; none where there are none, or the number is not known. */
export function finding(rows: number | undefined, describe: (rows: number) => Omit<Finding, "rows">): Finding[] {
  return rows === undefined || rows === 0 ? [] : [{ ...describe(rows), rows }];
}
