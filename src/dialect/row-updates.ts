/** Rows of one table that one UPDATE sets to values of their own. Names are quoted. */
export interface RowUpdates {
  readonly table: string;
  readonly key: readonly KeyColumn[];
  readonly columns: readonly string[];
  /** Assignments that are the same for every row. */
  readonly assignments: readonly string[];
  readonly rows: readonly RowUpdate[];
}

export interface KeyColumn {
  readonly quoted: string;
  /** As TypeORM's driver names it. */
  readonly type: string;
}

export interface RowUpdate {
  readonly key: readonly unknown[];
  /** In the order of the columns. */
  readonly values: readonly unknown[];
}

/** A statement with its parameters. */
export interface Assembled {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}
