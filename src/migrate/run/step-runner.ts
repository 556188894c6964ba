import { setTimeout as sleep } from "node:timers/promises";
import { awaiting } from "../../awaited-work";
import { pluralize } from "../../text";
import { dialectOf, schemaDialectOf } from "../../dialect/dialects";
import { RetortError } from "../../errors";
import {
  cannotWrite,
  leftHalfApplied,
  isLockLost,
  lockLost,
  lockNotFree,
  migrationFailed,
  displayPath,
  type Failure,
} from "../errors";
import type { MigrationState } from "../history/state";
import { BatchProgress } from "./batch-progress";
import { DDL_LOCK_TIMEOUT, type RunContext, type RunObserver, type RunOptions, type StepReport } from "./context";
import type { LockWait, RunLock } from "./databases/contract";
import { ForeignKeyCheck } from "./foreign-keys";
import { InterceptedError, interceptStatements, sendWrapped, type Interception, type SentStatement } from "./intercept";
import type { Plan, Step } from "./plan";
import { StatementLog } from "./statement-log";
import { dataSourceOf } from "../../typeorm/data-source";

/** How often a migration, or a statement, is tried that waits for a lock in vain. */
const LOCK_TRIES = 3;

/** How long it waits after the first try, in milliseconds; after the second twice as long. */
const LOCK_PAUSE = 500;

/** Runs the steps of a plan with the lock held. */
export class StepRunner {
  /** Committed migrations. */
  readonly reports: StepReport[] = [];
  /** Migrations in the open transaction of mode "all". */
  #uncommitted: StepReport[] = [];
  readonly #context: RunContext;
  readonly #options: RunOptions;
  readonly #observer: RunObserver;
  readonly #wait: LockWait;
  readonly #lock: RunLock;
  readonly #state: MigrationState;
  #hasTables = false;
  /** Who had the lock that the last statement waited for. */
  #lockHolders: string | undefined;

  constructor(
    context: RunContext,
    options: RunOptions,
    observer: RunObserver,
    wait: LockWait,
    lock: RunLock,
    state: MigrationState,
  ) {
    this.#context = context;
    this.#options = options;
    this.#observer = observer;
    this.#wait = wait;
    this.#lock = lock;
    this.#state = state;
  }

  /** Runs the steps in order and stops at the first that fails; gives its error. */
  async run(plan: Plan): Promise<unknown> {
    try {
      for (const step of plan) await this.#runStep(step);
      await this.#commitShared();
      return undefined;
    } catch (error) {
      await this.#context.database.rollback();
      this.#uncommitted = [];
      return error;
    }
  }

  async #runStep(step: Step): Promise<void> {
    if (!(await this.#lock.isHeld())) throw lockLost(step.migration.name);
    this.#observer.started(step);
    if (!this.#isOneTransaction(step)) {
      await this.#commitShared();
      return this.#runLogged(step);
    }
    return this.#options.transaction === "all" ? this.#runInSharedTransaction(step) : this.#runInOwnTransaction(step);
  }

  /** Whether the step runs in one transaction that can roll everything back. */
  #isOneTransaction({ migration }: Step): boolean {
    const { supportsTransactionalDdl } = dialectOf(dataSourceOf(this.#context.runner));
    return supportsTransactionalDdl && (migration.transaction ?? this.#options.transaction !== "none");
  }

  // One transaction

  async #runInOwnTransaction(step: Step): Promise<void> {
    const { database } = this.#context;
    for (let tries = 1; ; tries++) {
      try {
        await database.begin(this.#wait);
        const report = await this.#runInTransaction(step);
        await this.#commit();
        if (report) this.#finish(report);
        return;
      } catch (error) {
        await database.rollback();
        if (!(await this.#mayRepeat(error, tries))) throw this.#failure(step, error, "it was rolled back");
      }
    }
  }

  async #runInSharedTransaction(step: Step): Promise<void> {
    const { database, runner } = this.#context;
    const steps = [...this.#uncommitted.map((one) => one.step), step];
    let remaining: readonly Step[] = [step];
    for (let tries = 1; ; tries++) {
      let current = step;
      try {
        if (!runner.isTransactionActive) await database.begin(this.#wait);
        for (current of remaining) {
          const report = await this.#runInTransaction(current);
          if (report) this.#uncommitted.push(report);
        }
        return;
      } catch (error) {
        await database.rollback();
        const others = steps.length - 1;
        const outcome = others === 0 ? "it was rolled back" : `it was rolled back, with the ${others} before it`;
        if (!(await this.#mayRepeat(error, tries))) throw this.#failure(current, error, outcome);
        this.#uncommitted = [];
        remaining = steps;
      }
    }
  }

  async #commitShared(): Promise<void> {
    const last = this.#uncommitted.at(-1);
    // A transaction may be open although another tool had applied everything.
    if (!last) return this.#context.database.rollback();
    try {
      await this.#commit();
    } catch (error) {
      throw this.#failure(last.step, error, "everything was rolled back");
    }
    const reports = this.#uncommitted;
    this.#uncommitted = [];
    for (const report of reports) this.#finish(report);
  }

  async #commit(): Promise<void> {
    try {
      await this.#context.database.commit(this.#wait);
    } catch (error) {
      // Deferred constraints are checked here.
      throw error instanceof RetortError ? error : InterceptedError.atCommit(error);
    }
  }

  /** Undefined where another tool has done the step in the meantime. */
  async #runInTransaction(step: Step): Promise<StepReport | undefined> {
    const { database, runner } = this.#context;
    await this.#createTables();
    if (await this.#isDone(step)) return undefined;
    const keys = new ForeignKeyCheck(database);
    const started = performance.now();
    const interceptor = async (statement: SentStatement) => {
      await keys.before(statement);
      return this.#send(statement, step);
    };
    const interception = await interceptStatements(runner, interceptor, () => this.#runMigration(step));
    await keys.refuseNewDangling(step);
    await this.#writeHistory(step);
    return report(step, interception, started, true);
  }

  async #send(statement: SentStatement, step: Step): Promise<unknown> {
    const notify = this.#observer.progress?.bind(this.#observer);
    const copy = notify && (await this.#context.database.copyInBatches?.(statement.sql));
    return copy ? copy((share) => notify(step, share)) : this.#sendWhole(statement);
  }

  async #sendWhole(statement: SentStatement): Promise<unknown> {
    const { database } = this.#context;
    await this.#lock.confirm?.();
    this.#lockHolders = undefined;
    // While it waits the server can say for whom; afterwards it cannot.
    const look = setTimeout(() => void this.#lookForHolders(), this.#lockTimeout * 0.6);
    try {
      return await sendWrapped(statement, database.wrapStatement?.(statement.sql), database.send);
    } finally {
      clearTimeout(look);
    }
  }

  async #lookForHolders(): Promise<void> {
    try {
      this.#lockHolders = await this.#context.database.lockHolders?.();
    } catch {
      // The user may lack the right to see it.
    }
  }

  get #lockTimeout(): number {
    return this.#options.ddlLockTimeout ?? DDL_LOCK_TIMEOUT;
  }

  /** After a lock was not free in time: waits a moment, so that those who wait behind it get in, and tries again. */
  async #mayRepeat(error: unknown, tries: number): Promise<boolean> {
    if (!this.#context.database.isLockTimeout(thrownBy(error)) || tries >= LOCK_TRIES) return false;
    await sleep(LOCK_PAUSE * tries);
    return true;
  }

  /** A statement of a migration that is not one transaction is repeated alone. */
  async #repeated(log: StatementLog, work: () => Promise<unknown>): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (!log.canRepeat || !(await this.#mayRepeat(error, tries))) throw error;
      }
    }
  }

  // Statement by statement

  async #runLogged(step: Step): Promise<void> {
    const { database, log, runner } = this.#context;
    await this.#createTables();
    const { migration, direction } = step;
    const grouped = migration.transaction ?? this.#options.transaction !== "none";
    const halfApplied = step.resumed ? this.#state.log.halfApplied : undefined;
    if (!halfApplied && (await this.#isDone(step))) return;
    if (!halfApplied) await log.removeStatements(database.send, migration.name, direction);
    const statementLog = new StatementLog({ database, log, name: migration.name, direction, grouped }, halfApplied);
    const keys = new ForeignKeyCheck(database);
    const progress = new BatchProgress();
    const started = performance.now();
    try {
      const interceptor = async (statement: SentStatement) => {
        await keys.before(statement);
        const one = { ...statement, send: () => this.#sendWhole(statement) };
        const result = await this.#repeated(statementLog, () => statementLog.intercept(one));
        const share = progress.after(statement, result);
        if (share !== undefined) this.#observer.progress?.(step, share);
        return result;
      };
      const interception = await interceptStatements(runner, interceptor, () => this.#runMigration(step));
      await keys.refuseNewDangling(step);
      await statementLog.finish();
      await this.#writeHistory(step);
      await database.commit(this.#wait);
      this.#finish(report(step, interception, started, false));
    } catch (error) {
      await statementLog.rollback();
      throw await this.#loggedFailure(step, error);
    }
  }

  /** The log decides what is left of the migration, whatever the error was. */
  async #loggedFailure(step: Step, error: unknown): Promise<unknown> {
    const lost = thrownBy(error);
    if (isLockLost(lost)) return lost;
    const { log, runner, database } = this.#context;
    const { migration, direction } = step;
    const contents = await log.read(runner).catch(() => undefined);
    // The connection is lost: the log can be read by another one only.
    if (!contents) return this.#failure(step, error, "retort migrate status says what is left of it");
    const { halfApplied } = contents;
    if (halfApplied?.name !== migration.name) {
      await log.removeStatements(database.send, migration.name, direction);
      return this.#failure(step, error, "nothing of it was kept");
    }
    if (error instanceof RetortError && error.code === "migrate/cannot-go-on") return error;
    const done = halfApplied.statements.filter(({ changes, state }) => changes && state === "done").length;
    const outcome = `${pluralize(done, "statement")} before it ${done === 1 ? "is" : "are"} done and stay`;
    return leftHalfApplied(this.#describe(step, error, outcome));
  }

  // Common to both

  async #runMigration({ migration, direction }: Step): Promise<void> {
    const { runner } = this.#context;
    const { instance } = migration;
    await awaiting(`migration ${migration.name} (${direction})`, () =>
      direction === "up" ? instance.up(runner) : instance.down(runner),
    );
  }

  /** TypeORM's own command does not take the lock. */
  async #isDone({ migration, direction }: Step): Promise<boolean> {
    const { history, runner } = this.#context;
    const entries = await history.read(runner);
    return entries.some(({ name }) => name === migration.name) === (direction === "up");
  }

  /** Inside the transaction of the first migration, so that a first one that fails leaves nothing behind. */
  async #createTables(): Promise<void> {
    if (this.#hasTables) return;
    const { history, log, runner, database } = this.#context;
    await history.create(runner);
    await log.create(runner, database.send);
    this.#hasTables = !runner.isTransactionActive;
  }

  async #writeHistory({ migration, direction }: Step): Promise<void> {
    const { history, log, database } = this.#context;
    if (direction === "up") {
      await history.add(database.send, migration);
      await log.recordApplied(database.send, migration);
    } else {
      await history.remove(database.send, migration.name);
      await log.remove(database.send, migration.name);
    }
  }

  #finish(report: StepReport): void {
    this.reports.push(report);
    this.#hasTables = true;
    this.#observer.done(report);
  }

  #failure(step: Step, error: unknown, outcome: string): unknown {
    if (error instanceof RetortError) return error;
    const thrown = thrownBy(error);
    if (isLockLost(thrown)) return thrown;
    if (this.#context.database.isReadOnlyError(thrown)) return cannotWrite(thrown);
    const stay = this.reports.length;
    const others = stay === 0 ? "" : `; the ${stay} before it ${stay === 1 ? "stays" : "stay"}`;
    return migrationFailed(this.#describe(step, error, outcome + others));
  }

  #describe({ migration, direction }: Step, error: unknown, outcome: string): Failure {
    const interception = error instanceof InterceptedError ? error : undefined;
    return {
      name: migration.name,
      direction,
      file: migration.file && displayPath(this.#context.root, migration.file),
      statement: interception?.statement,
      outcome,
      cause: this.#causeOf(thrownBy(error)),
      kind: schemaDialectOf(dataSourceOf(this.#context.runner)).failureOf(thrownBy(error)),
    };
  }

  #causeOf(error: unknown): unknown {
    if (!this.#context.database.isLockTimeout(error)) return error;
    return lockNotFree(this.#lockTimeout, LOCK_TRIES, this.#lockHolders, error);
  }
}

/** What the migration threw. */
function thrownBy(error: unknown): unknown {
  return error instanceof InterceptedError ? error.thrown : error;
}

function report(step: Step, interception: Interception, started: number, transaction: boolean): StepReport {
  return { step, milliseconds: performance.now() - started, statements: interception.count, transaction };
}
