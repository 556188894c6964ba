import type { QueryRunner } from "typeorm";

/** A change of a table with rows, as its statement has it. Names are as written, without quotes. */
export type TableChange =
  /** @property definition what follows the column's name */
  | { readonly kind: "addColumn"; readonly column: string; readonly definition: string }
  | { readonly kind: "changeType"; readonly column: string; readonly type: string; readonly using?: string | undefined }
  /** MySQL's MODIFY and CHANGE, which name the whole column. */
  | { readonly kind: "redefine"; readonly column: string; readonly definition: string }
  | { readonly kind: "setNotNull"; readonly column: string }
  | { readonly kind: "foreignKey"; readonly parent: string }
  | { readonly kind: "check" }
  | { readonly kind: "unique" }
  | { readonly kind: "primaryKey" }
  /** @property isSpecial a full-text or spatial index */
  | { readonly kind: "index"; readonly isSpecial: boolean }
  | { readonly kind: "rewriteTable" }
  | { readonly kind: "updateAll" };

/** What a change costs those who use the table meanwhile. */
export interface ChangeCost {
  /** Whether every row is written anew; otherwise it is only read, or indexed. */
  readonly rewrites: boolean;
  /** What happens, after the name of the table and its size: `is read whole while …`, with the way round it. */
  readonly text: string;
}

export interface TableSize {
  /** From the catalog: an estimate. */
  readonly rows: number;
  /** With indexes. */
  readonly bytes: number;
}

/** What changes of tables cost in a database whose tables others use meanwhile. */
export interface ChangeCosts {
  /** @param table its quoted path. Undefined where there is no such table. Counts no rows of a large one. */
  size(runner: QueryRunner, table: string): Promise<TableSize | undefined>;
  /** Undefined for a change that is done in a moment, whatever the size. */
  costOf(runner: QueryRunner, table: string, change: TableChange): Promise<ChangeCost | undefined>;
}

/** Up to this many rows are counted where the catalog has no number yet. */
const COUNTED = 100_000;

/** The number of rows in the catalog; of a table that was never analyzed, rows are counted up to a limit. */
export async function rowsOf(runner: QueryRunner, table: string, estimate: number): Promise<number> {
  if (estimate > 0) return estimate;
  const [row] = (await runner.query(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} LIMIT ${COUNTED + 1}) AS first_rows`,
  )) as { n: unknown }[];
  return Number(row?.n);
}
