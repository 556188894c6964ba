import type { QueryRunner } from "typeorm";
import type { MigrationFile } from "../files/files";
import type { History } from "../history/history";
import type { MigrationLog } from "../history/migration-log";
import type { MigrationState } from "../history/state";
import type { MigrationDatabase } from "./databases/contract";
import type { Plan, Step } from "./plan";

/** One transaction for all migrations, one for each, or none. A migration's own `transaction` overrides it. */
export type TransactionMode = "all" | "each" | "none";

/**
 * How long a statement waits for a lock that others hold, in milliseconds: while it waits, everybody else who wants the
 * table waits behind it.
 */
export const DDL_LOCK_TIMEOUT = 5000;

/** What a run works with. */
export interface RunContext {
  readonly files: readonly MigrationFile[];
  readonly history: History;
  readonly log: MigrationLog;
  readonly database: MigrationDatabase;
  readonly runner: QueryRunner;
  /** The project's folder; paths in messages are relative to it. */
  readonly root: string;
}

export interface RunOptions {
  readonly transaction: TransactionMode;
  /** Milliseconds. */
  readonly lockTimeout: number;
  /** How long a statement waits for a lock that others hold, in milliseconds; default `DDL_LOCK_TIMEOUT`. */
  readonly ddlLockTimeout?: number | undefined;
  /** Refuses to run when an applied migration was edited. */
  readonly strict: boolean;
}

/** Called while migrations run. */
export interface RunObserver {
  /** Another run holds the lock. */
  waiting(): void;
  /** The lock is held, and this plan will be run. */
  planned(plan: Plan, state: MigrationState): void;
  started(step: Step): void;
  /** A large table is being copied: the share that is done, from 0 to 1. */
  progress?(step: Step, share: number): void;
  done(report: StepReport): void;
}

/** Duration and size of one migration. */
export interface StepReport {
  readonly step: Step;
  readonly milliseconds: number;
  readonly statements: number;
  /** Whether it was one transaction. */
  readonly transaction: boolean;
}

/** What a run did, up to the error where there was one. */
export interface RunReport {
  readonly state: MigrationState;
  readonly steps: readonly StepReport[];
  readonly error: unknown;
}
