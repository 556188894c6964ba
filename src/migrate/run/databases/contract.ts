import type { QueryRunner } from "typeorm";
import type { Send } from "../../history/send";

/** How long a lock is waited for, and who is told that it is. */
export interface LockWait {
  /** Milliseconds. */
  readonly timeout: number;
  /** Called once, when the lock is not free at once. */
  waiting(): void;
}

/** The right to run migrations on one database: one runner at a time, across processes. */
export interface RunLock {
  /** Whether it is held still; a lock goes with its connection. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** Rows that point at nothing: a sentence each, and how many rows there are. */
export type DanglingRows = ReadonlyMap<string, number>;

/** Statements that go before and after others. */
export interface Surroundings {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Where migrations can be looked at without the database being changed. */
export interface Stage {
  /** The query runner to hand to a migration. */
  readonly runner: QueryRunner;
  /** Sends a statement past whoever watches that query runner. */
  readonly send: Send;
  /** Whether statements really run there: it is a copy. Otherwise only what reads may be sent. */
  readonly executes: boolean;
  close(): Promise<void>;
}

/** What was read; or that it was no reading after all. */
export type ReadAnswer = { readonly isRead: true; readonly value: unknown } | { readonly isRead: false };

/** What a database must provide for migrations to run on it. Everything happens on the one connection of a query runner. */
export interface MigrationDatabase {
  /** Sends a statement past whoever watches the query runner. */
  readonly send: Send;
  /** Waits for the lock; throws `lockTimeout`. It goes with the process, however that ends. */
  lock(wait: LockWait): Promise<RunLock>;
  /** Makes the connection ready for migrations; what it gives makes it as it was before. */
  prepare(): Promise<() => Promise<void>>;
  begin(wait: LockWait): Promise<void>;
  commit(wait: LockWait): Promise<void>;
  /** Takes back what is open. Never throws: a connection that is gone has rolled back by itself. */
  rollback(): Promise<void>;
  /** Rows that point at nothing, looked for before a commit; undefined where the database holds its keys by itself. */
  danglingRows?(): Promise<DanglingRows>;
  /**
   * For a statement that copies a large table into another: the same in parts, so that somebody can be told how far it is
   * (from 0 to 1). Undefined where the statement is none, or the table is not large.
   */
  copyInParts?(sql: string): Promise<((tell: (share: number) => void) => Promise<unknown>) | undefined>;
  /** Opens a place to look at what migrations would send. */
  openStage(): Promise<Stage>;
  /** Sends what should only read in a way that it cannot do more; undefined where the stage is a copy anyway. */
  readSafely?(send: () => Promise<unknown>): Promise<ReadAnswer>;
  /** What stands around a migration's statements when they are run by hand. */
  frame(inTransaction: boolean): Surroundings;
  /** What a statement needs around it so that it does here what whoever wrote it meant. */
  around?(sql: string): Surroundings | undefined;
  /** Whether the statement, which the database commits by itself otherwise, can be part of a transaction. */
  fitsTransaction(sql: string): boolean;
  /** Whether the error says that the database may only be read. */
  isReadOnly(error: unknown): boolean;
  /** Whether the error says that what the statement was to do is done already. */
  isDoneAlready(error: unknown): boolean;
}
