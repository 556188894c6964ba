import type { IsolationLevel, TransactionOptions } from "../dialect/dialect";

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
   * The isolation level of its transactions; default: that of the DataSource (`isolationLevel`), or of the database. At
   * REPEATABLE READ and SERIALIZABLE the first statement begins the transaction, a read too.
   */
  isolation?: IsolationLevel;
  /**
   * How long a statement waits for a connection of the DataSource's pool, in milliseconds. Default 30,000. After it the statement
   * fails with `database/pool-timeout`, and the error says which sessions hold the connections.
   */
  poolTimeout?: number;
  /**
   * With TypeORM's `replication`, reads outside a transaction go to a replica, which may be behind. For this long after a commit of its
   * own, in seconds, the session reads from the master. Default 5 (`true`); 0 (`false`): never.
   */
  readYourWrites?: number | boolean;
  /**
   * What the session is called in events, figures of the pool and errors, such as `GET /users`. Default: `session` and a number;
   * `db.session` of the session of `connect`.
   */
  label?: string;
}

/** For how many seconds a session reads from the master what it has written, unless it is told otherwise. */
export const READ_YOUR_WRITES = 5;

/** What `session.begin` takes. */
export type BeginOptions = TransactionOptions;

/** What `session.transaction` takes. */
export interface RetryOptions extends BeginOptions {
  /** How often the function is run again after an error that is `retryable`. Default 0. */
  readonly retries?: number;
}

/** What `db.scope` takes. */
export interface ScopeOptions extends SessionOptions {
  /** Whether the scope has a session of its own inside another scope, too. Default false. */
  readonly fresh?: boolean;
}

export type CompleteOptions = Required<Omit<SessionOptions, "isolation">>;

/** The options of a session that was made with these; the others have their default. */
export function completed({ isolation: _, ...options }: SessionOptions): CompleteOptions {
  const { label = `session ${++sessions}` } = options;
  return {
    autoflush: true,
    expireOnCommit: true,
    lazyLoading: "batch",
    strict: true,
    poolTimeout: 30_000,
    readYourWrites: READ_YOUR_WRITES,
    ...options,
    label,
  };
}

/** Numbers the sessions that have no label. */
let sessions = 0;
