/** What a flush would send, in its order, and why in that order. */
export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** The statements of all steps, one after the other. */
  readonly statements: readonly PlannedStatement[];
}

/** Rows that a flush writes together. */
export interface PlannedStep {
  /**
   * `insert`, `update` and `delete` write rows of an entity; `link` and `unlink` rows of a join table; `detach` lets one of
   * two rows that point at each other, and are both deleted, go of the other; `park` gives a row another value for a moment,
   * where unique values are swapped, or where the key by which it points at a row to be deleted must not be NULL.
   * `tree` writes what stands besides the parents' keys for the places of nodes: a closure table, paths, a nested set.
   */
  readonly action: "insert" | "update" | "delete" | "detach" | "park" | "link" | "unlink" | "tree";
  /** The quoted table. */
  readonly table: string;
  /** The objects whose rows are written; for a join table those at its ends. */
  readonly rows: readonly object[];
  readonly statements: readonly PlannedStatement[];
  /** What the rows of this step wait for: why it is not earlier. */
  readonly waits: readonly PlannedWait[];
}

/** One statement as a flush would send it. */
export interface PlannedStatement {
  readonly sql: string;
  /** A value that the database or the flush is still to make is a `ValueToCome`. */
  readonly parameters: readonly unknown[];
}

/** One row's wait for another one's. */
export interface PlannedWait {
  readonly row: object;
  readonly for: object;
  /**
   * What makes it so: a foreign key of one of the two that points at the other, a value that only one row may have, or the
   * place of the other one, below which it stands in a tree.
   */
  readonly why: "foreign key" | "unique value" | "tree";
  /** The relation or column, `Post.author`. */
  readonly through: string;
  /** All of it in words: `<Post one> waits for <User susan> (foreign key Post.author)`. */
  readonly text: string;
}

export const EMPTY_PLAN: Plan = { steps: [], statements: [] };
