import type { QueryRunner } from "typeorm";
import type { Send } from "../../history/send";

/** How long to wait for a lock, and what to call then. */
export interface LockWait {
  /** Milliseconds. */
  readonly timeout: number;
  /** Called once, when the lock is not free at once. */
  waiting(): void;
}

/** Held by the one process that may run migrations on the database. */
export interface RunLock {
  /** Whether it is still held; a lock ends with its connection, a lease when it is not renewed. */
  isHeld(): Promise<boolean>;
  /**
   * Called right before each statement of a migration: throws when another run may have the lock. Absent where that
   * cannot be while the migration's connection lives.
   */
  confirm?(): Promise<void>;
  release(): Promise<void>;
}

/** Dangling foreign keys: a description of each, and the number of rows. */
export type DanglingRows = ReadonlyMap<string, number>;

/** Statements to be sent before and after others. */
export interface StatementWrapper {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A connection on which migrations run without changing the database. */
export interface DryRunConnection {
  /** The query runner to hand to a migration. */
  readonly runner: QueryRunner;
  /** Sends a statement that is not intercepted. */
  readonly send: Send;
  /** Whether it is a copy, on which every statement may run. Otherwise only reads may be sent. */
  readonly executes: boolean;
  close(): Promise<void>;
}

/** The result of a read; `isRead` is false where the statement would have written. */
export type ReadResult = { readonly isRead: true; readonly value: unknown } | { readonly isRead: false };

/** What a database must provide for migrations to run on it. Everything happens on the one connection of a query runner. */
export interface MigrationDatabase {
  /** Sends a statement that is not intercepted. */
  readonly send: Send;
  /** Waits for the lock; throws `lockTimeout`. The lock ends with the process, however that ends. */
  lock(wait: LockWait): Promise<RunLock>;
  /**
   * Prepares the connection for migrations; resolves to a function that restores it.
   * @param ddlLockTimeout how long a statement waits for a lock that others hold, in milliseconds
   */
  prepare(ddlLockTimeout: number): Promise<() => Promise<void>>;
  begin(wait: LockWait): Promise<void>;
  /** Fails when the lock was lost in the meantime, where that can be known. */
  commit(wait: LockWait): Promise<void>;
  /**
   * Whether the lock can be lost while the connection lives. Then only a commit proves that it was held, and every
   * change of the log must be part of one.
   */
  readonly hasLease: boolean;
  /** Rolls back the open transaction. Never throws: a lost connection has rolled back by itself. */
  rollback(): Promise<void>;
  /** Finds dangling foreign keys before a commit; absent where the database checks them itself. */
  danglingRows?(): Promise<DanglingRows>;
  /**
   * For a statement that copies a large table into another: runs it in batches and reports the progress
   * (from 0 to 1). Undefined for other statements and for small tables.
   */
  copyInBatches?(sql: string): Promise<((onProgress: (share: number) => void) => Promise<unknown>) | undefined>;
  /** Opens a connection on which the statements of migrations are recorded. */
  openDryRun(): Promise<DryRunConnection>;
  /** Sends a statement that should only read so that it cannot write; absent where the dry run has a copy. */
  readSafely?(send: () => Promise<unknown>): Promise<ReadResult>;
  /** The statements around a script that is run by hand. */
  wrapScript(inTransaction: boolean): StatementWrapper;
  /** The statements that a statement needs around it to have its intended effect. */
  wrapStatement?(sql: string): StatementWrapper | undefined;
  /** Whether the statement can be part of a transaction, instead of committing by itself. */
  canRunInTransaction(sql: string): boolean;
  /** Whether the error says that a lock was not free in time. */
  isLockTimeout(error: unknown): boolean;
  /**
   * Who has the locks that the statement which runs now waits for, as text; undefined where nobody has, or the server
   * does not say it. Absent where one process at a time can write.
   */
  lockHolders?(): Promise<string | undefined>;
  /** Whether the error says that the database is read-only. */
  isReadOnlyError(error: unknown): boolean;
  /** Whether the error says that the statement's effect exists already. */
  isAlreadyDone(error: unknown): boolean;
}
