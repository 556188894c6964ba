import type { ColumnModel, EntityModel } from "../metadata/model";

/** What a statement uses the columns of one table for. */
export interface TableUsage {
  readonly model: EntityModel;
  /** Columns in WHERE and in the conditions of joins. */
  readonly filtered: Set<ColumnModel>;
  /** Columns in ORDER BY. */
  readonly sorted: Set<ColumnModel>;
}

/** The columns that a statement finds and sorts its rows by, by the alias of their table. */
export class ColumnUsage {
  readonly #tables = new Map<string, TableUsage>();

  /** @param alias as it is quoted */
  add(alias: string, column: ColumnModel, use: "filtered" | "sorted"): void {
    let table = this.#tables.get(alias);
    if (!table) this.#tables.set(alias, (table = { model: column.model, filtered: new Set(), sorted: new Set() }));
    table[use].add(column);
  }

  /** @param alias as it is quoted */
  of(alias: string): TableUsage | undefined {
    return this.#tables.get(alias);
  }
}
