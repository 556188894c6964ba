/** How a session behaves, as `new Session` and `connect` take it. */
export interface SessionOptions {
  /** Whether a query first flushes what was changed before it. Default true. */
  autoflush?: boolean;
  /** Whether a commit expires all objects, so that the next query that returns them reads them again. Default true. */
  expireOnCommit?: boolean;
  /**
   * What happens when a relation is read that is not loaded: `"batch"` loads it for all objects of the same query, `"one"`
   * for the one object, `"raise"` throws. Default `"batch"`.
   */
  lazyLoading?: "batch" | "one" | "raise";
  /**
   * Whether a flush refuses values that the database would change: too long for their column, out of its range, rounded,
   * cut. Without it the database decides; SQLite stores nearly anything. Default true.
   */
  strict?: boolean;
  /**
   * How long a statement waits for a connection of the DataSource's pool, in milliseconds. Default 30,000. After it the statement
   * fails with `database/pool-timeout`, and the error says which sessions hold the connections.
   */
  poolTimeout?: number;
}

/** The options of a session that was made with these; the others have their default. */
export function completed(options: SessionOptions): Required<SessionOptions> {
  return {
    autoflush: true,
    expireOnCommit: true,
    lazyLoading: "batch",
    strict: true,
    poolTimeout: 30_000,
    ...options,
  };
}
