import type { QueryRunner } from "typeorm";
import { pluralize } from "../../text";
import { dialectOf } from "../../dialect/dialects";
import { RetortError } from "../../errors";
import type { DanglingRows, LockWait, MigrationDatabase, RunLock } from "./databases/contract";
import type { MigrationFile } from "../files/files";
import type { History } from "../history/history";
import { StatementLog } from "./statement-log";
import type { MigrationLog } from "../history/migration-log";
import type { Plan, Step } from "./plan";
import {
  cannotWrite,
  danglingKeys,
  editedMigrations,
  leftHalfApplied,
  lockLost,
  migrationFailed,
  shownPath,
  type Failure,
} from "../errors";
import { editedNames, readState, type MigrationState } from "../history/state";
import { leavesKeysAlone } from "../history/statement";
import { sendWithin, WatchedError, watching, type SentStatement, type Watched } from "./watch";

/** One transaction for all migrations, one for each, or none. A migration's own `transaction` goes before it. */
export type TransactionMode = "all" | "each" | "none";

/** What migrations are run with. */
export interface Running {
  readonly files: readonly MigrationFile[];
  readonly history: History;
  readonly ledger: MigrationLog;
  readonly database: MigrationDatabase;
  readonly runner: QueryRunner;
  /** The project's folder; paths in messages are relative to it. */
  readonly root: string;
}

export interface RunOptions {
  readonly transaction: TransactionMode;
  /** Milliseconds. */
  readonly lockTimeout: number;
  /** Refuses to run when an applied migration was edited. */
  readonly strict: boolean;
}

/** What a run tells while it goes on. */
export interface RunObserver {
  /** Another run holds the lock. */
  waiting(): void;
  /** The lock is held, and this is what will be done. */
  planned(plan: Plan, state: MigrationState): void;
  begun(step: Step): void;
  /** A large table is being copied: how far that is, from 0 to 1. Whoever does not ask is not told. */
  copying?(step: Step, share: number): void;
  done(report: StepReport): void;
}

/** What one migration took. */
export interface StepReport {
  readonly step: Step;
  readonly milliseconds: number;
  readonly statements: number;
  /** Whether it was one transaction. */
  readonly transaction: boolean;
}

/** What a run did; when it failed, what stays. */
export interface RunReport {
  readonly state: MigrationState;
  readonly steps: readonly StepReport[];
  readonly error: unknown;
}

/**
 * Carries a plan out, one runner at a time. The plan is made twice: before the lock, so that nothing is waited for when
 * there is nothing to do, and with the lock, from the history as the runner before left it.
 */
export async function run(
  running: Running,
  makePlan: (state: MigrationState) => Plan,
  options: RunOptions,
  observer: RunObserver,
): Promise<RunReport> {
  const before = await stateOf(running, options);
  if (makePlan(before).length === 0 && before.takeovers.length === 0) {
    observer.planned([], before);
    return { state: before, steps: [], error: undefined };
  }
  const wait: LockWait = { timeout: options.lockTimeout, waiting: () => observer.waiting() };
  const lock = await running.database.lock(wait);
  try {
    const restore = await running.database.prepare();
    try {
      const state = await stateOf(running, options);
      const plan = makePlan(state);
      observer.planned(plan, state);
      await writeTakeovers(running, state, wait);
      const runner = new Runner(running, options, observer, wait, lock, state);
      const error = await runner.carryOut(plan);
      return { state: await readBack(running, state, error), steps: runner.reports, error };
    } finally {
      await restore();
    }
  } finally {
    await lock.release();
  }
}

async function stateOf({ files, history, ledger, runner }: Running, { strict }: RunOptions): Promise<MigrationState> {
  const state = await readState(files, history, ledger, runner);
  const edited = strict ? editedNames(state) : [];
  if (edited.length > 0) throw editedMigrations(edited);
  return state;
}

/** Squashed migrations take the place of what they were made of, all at once. */
async function writeTakeovers(running: Running, { takeovers }: MigrationState, wait: LockWait): Promise<void> {
  if (takeovers.length === 0) return;
  const { database, history, ledger, runner } = running;
  await ledger.create(runner, database.send);
  await database.begin(wait);
  try {
    for (const { file, entries } of takeovers) {
      for (const { name } of entries.slice(0, -1)) await history.remove(database.send, name);
      for (const { name } of entries) await ledger.forget(database.send, name);
      await history.replace(database.send, entries.at(-1)!, file);
      await ledger.recordApplied(database.send, file);
    }
    await database.commit(wait);
  } catch (error) {
    await database.rollback();
    throw error;
  }
}

/** After a failure the connection may be gone as well; what is known from before is better than another error. */
async function readBack(running: Running, before: MigrationState, error: unknown): Promise<MigrationState> {
  const { files, history, ledger, runner } = running;
  try {
    return await readState(files, history, ledger, runner);
  } catch (again) {
    if (error === undefined) throw again;
    return before;
  }
}

class Runner {
  /** Migrations that are done for good. */
  readonly reports: StepReport[] = [];
  /** Migrations of an open transaction for all. */
  #uncommitted: StepReport[] = [];
  readonly #running: Running;
  readonly #options: RunOptions;
  readonly #observer: RunObserver;
  readonly #wait: LockWait;
  readonly #lock: RunLock;
  readonly #state: MigrationState;
  #hasTables = false;

  constructor(
    running: Running,
    options: RunOptions,
    observer: RunObserver,
    wait: LockWait,
    lock: RunLock,
    state: MigrationState,
  ) {
    this.#running = running;
    this.#options = options;
    this.#observer = observer;
    this.#wait = wait;
    this.#lock = lock;
    this.#state = state;
  }

  /** Runs the steps in order and stops at the first that fails; gives its error. */
  async carryOut(plan: Plan): Promise<unknown> {
    try {
      for (const step of plan) await this.#take(step);
      await this.#commitAll();
      return undefined;
    } catch (error) {
      await this.#running.database.rollback();
      this.#uncommitted = [];
      return error;
    }
  }

  async #take(step: Step): Promise<void> {
    if (!(await this.#lock.isHeld())) throw lockLost(step.migration.name);
    this.#observer.begun(step);
    if (!this.#isOneTransaction(step)) {
      await this.#commitAll();
      return this.#runJournalled(step);
    }
    return this.#options.transaction === "all" ? this.#runInAll(step) : this.#runInOwn(step);
  }

  /** Whether everything that the step does can be taken back at once, and is to be. */
  #isOneTransaction({ migration }: Step): boolean {
    const { supportsTransactionalDdl } = dialectOf(this.#running.runner.dataSource);
    return supportsTransactionalDdl && (migration.transaction ?? this.#options.transaction !== "none");
  }

  // One transaction

  async #runInOwn(step: Step): Promise<void> {
    const { database } = this.#running;
    try {
      await database.begin(this.#wait);
      const report = await this.#runInTransaction(step);
      await this.#commitWork();
      if (report) this.#finish(report);
    } catch (error) {
      await database.rollback();
      throw this.#failure(step, error, "it was rolled back");
    }
  }

  async #runInAll(step: Step): Promise<void> {
    const { database, runner } = this.#running;
    try {
      if (!runner.isTransactionActive) await database.begin(this.#wait);
      const report = await this.#runInTransaction(step);
      if (report) this.#uncommitted.push(report);
    } catch (error) {
      await database.rollback();
      const others = this.#uncommitted.length;
      const outcome = others === 0 ? "it was rolled back" : `it was rolled back, with the ${others} before it`;
      throw this.#failure(step, error, outcome);
    }
  }

  async #commitAll(): Promise<void> {
    const last = this.#uncommitted.at(-1);
    // Begun for all, and then another tool had done everything.
    if (!last) return this.#running.database.rollback();
    try {
      await this.#commitWork();
    } catch (error) {
      throw this.#failure(last.step, error, "everything was rolled back");
    }
    const reports = this.#uncommitted;
    this.#uncommitted = [];
    for (const report of reports) this.#finish(report);
  }

  async #commitWork(): Promise<void> {
    try {
      await this.#running.database.commit(this.#wait);
    } catch (error) {
      // Deferred constraints speak up here.
      throw error instanceof RetortError ? error : WatchedError.atCommit(error);
    }
  }

  /** Gives nothing where another tool has done the step in the meantime. */
  async #runInTransaction(step: Step): Promise<StepReport | undefined> {
    const { database, runner } = this.#running;
    await this.#makeTables();
    if (await this.#isDone(step)) return undefined;
    const keys = new KeyCheck(database);
    const started = performance.now();
    const pass = async (statement: SentStatement) => {
      await keys.before(statement);
      return this.#send(statement, step);
    };
    const watched = await watching(runner, pass, () => this.#runMigration(step));
    await keys.refuseNewDangling(step);
    await this.#writeHistory(step);
    return report(step, watched, started, true);
  }

  async #send(statement: SentStatement, step: Step): Promise<unknown> {
    const { database } = this.#running;
    const tell = this.#observer.copying?.bind(this.#observer);
    const copy = tell && (await database.copyInParts?.(statement.sql));
    if (copy) return copy((share) => tell(step, share));
    return sendWithin(statement, database.around?.(statement.sql), database.send);
  }

  // Statement by statement

  async #runJournalled(step: Step): Promise<void> {
    const { database, ledger, runner } = this.#running;
    await this.#makeTables();
    const { migration, direction } = step;
    const grouped = migration.transaction ?? this.#options.transaction !== "none";
    const halfApplied = step.resumed ? this.#state.ledger.halfApplied : undefined;
    if (!halfApplied && (await this.#isDone(step))) return;
    if (!halfApplied) await ledger.forgetStatements(database.send, migration.name, direction);
    const journal = new StatementLog({ database, ledger, name: migration.name, direction, grouped }, halfApplied);
    const keys = new KeyCheck(database);
    const started = performance.now();
    try {
      const pass = async (statement: SentStatement) => {
        await keys.before(statement);
        return journal.pass({
          ...statement,
          send: () => sendWithin(statement, database.around?.(statement.sql), database.send),
        });
      };
      const watched = await watching(runner, pass, () => this.#runMigration(step));
      await keys.refuseNewDangling(step);
      await journal.finish();
      await this.#writeHistory(step);
      await database.commit(this.#wait);
      this.#finish(report(step, watched, started, false));
    } catch (error) {
      await journal.abandon();
      throw await this.#journalledFailure(step, error);
    }
  }

  /** What is left of it is what the ledger says, however the migration came to its end. */
  async #journalledFailure(step: Step, error: unknown): Promise<unknown> {
    const { ledger, runner, database } = this.#running;
    const { migration, direction } = step;
    const { halfApplied } = await ledger.read(runner);
    if (halfApplied?.name !== migration.name) {
      await ledger.forgetStatements(database.send, migration.name, direction);
      return this.#failure(step, error, "nothing of it was kept");
    }
    if (error instanceof RetortError && error.code === "migrate/cannot-go-on") return error;
    const done = halfApplied.statements.filter(({ changes, state }) => changes && state === "done").length;
    const outcome = `${pluralize(done, "statement")} before it ${done === 1 ? "is" : "are"} done and stay`;
    return leftHalfApplied(this.#describe(step, error, outcome));
  }

  // What both do

  async #runMigration({ migration, direction }: Step): Promise<void> {
    const { runner } = this.#running;
    const { instance } = migration;
    await (direction === "up" ? instance.up(runner) : instance.down(runner));
  }

  /** TypeORM's own command knows no lock. */
  async #isDone({ migration, direction }: Step): Promise<boolean> {
    const { history, runner } = this.#running;
    const entries = await history.read(runner);
    return entries.some(({ name }) => name === migration.name) === (direction === "up");
  }

  /** Inside the transaction of the first migration, so that a first one that fails leaves nothing behind. */
  async #makeTables(): Promise<void> {
    if (this.#hasTables) return;
    const { history, ledger, runner, database } = this.#running;
    await history.create(runner);
    await ledger.create(runner, database.send);
    this.#hasTables = !runner.isTransactionActive;
  }

  async #writeHistory({ migration, direction }: Step): Promise<void> {
    const { history, ledger, database } = this.#running;
    if (direction === "up") {
      await history.add(database.send, migration);
      await ledger.recordApplied(database.send, migration);
    } else {
      await history.remove(database.send, migration.name);
      await ledger.forget(database.send, migration.name);
    }
  }

  #finish(report: StepReport): void {
    this.reports.push(report);
    this.#hasTables = true;
    this.#observer.done(report);
  }

  #failure(step: Step, error: unknown, outcome: string): unknown {
    if (error instanceof RetortError) return error;
    const thrown = error instanceof WatchedError ? error.thrown : error;
    if (this.#running.database.isReadOnly(thrown)) return cannotWrite(thrown);
    const stay = this.reports.length;
    const others = stay === 0 ? "" : `; the ${stay} before it ${stay === 1 ? "stays" : "stay"}`;
    return migrationFailed(this.#describe(step, error, outcome + others));
  }

  #describe({ migration, direction }: Step, error: unknown, outcome: string): Failure {
    const watched = error instanceof WatchedError ? error : undefined;
    return {
      name: migration.name,
      direction,
      file: migration.file && shownPath(this.#running.root, migration.file),
      statement: watched?.statement,
      outcome,
      cause: watched ? watched.thrown : error,
    };
  }
}

function report(step: Step, watched: Watched, started: number, transaction: boolean): StepReport {
  return { step, milliseconds: performance.now() - started, statements: watched.count, transaction };
}

/**
 * Foreign keys are off while a migration runs on SQLite; afterwards no row may point at nothing that did not before.
 * Looking costs a pass over the tables, so it is done for migrations only that could have made such rows.
 */
class KeyCheck {
  readonly #database: MigrationDatabase;
  #before: DanglingRows | undefined;

  constructor(database: MigrationDatabase) {
    this.#database = database;
  }

  async before({ sql }: SentStatement): Promise<void> {
    if (this.#before || !this.#database.danglingRows || leavesKeysAlone(sql)) return;
    this.#before = await this.#database.danglingRows();
  }

  async refuseNewDangling({ migration, direction }: Step): Promise<void> {
    const before = this.#before;
    if (!before || !this.#database.danglingRows) return;
    const after = await this.#database.danglingRows();
    const more = [...after].filter(([what, rows]) => rows > (before.get(what) ?? 0));
    // A renamed table brings its old dangling rows along under a new name.
    if (more.length === 0 || total(after) <= total(before)) return;
    throw danglingKeys(
      migration.name,
      direction,
      more.map(([what, rows]) => `${pluralize(rows, "row")} of ${what}`),
    );
  }
}

function total(rows: DanglingRows): number {
  return [...rows.values()].reduce((sum, count) => sum + count, 0);
}
