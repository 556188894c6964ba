import { editedMigrations } from "../errors";
import { editedNames, readState, type MigrationState } from "../history/state";
import { DDL_LOCK_TIMEOUT, type RunContext, type RunObserver, type RunOptions, type RunReport } from "./context";
import type { LockWait } from "./databases/contract";
import type { Plan } from "./plan";
import { writeReplacements } from "./replacements";
import { StepRunner } from "./step-runner";

/**
 * Runs a plan under the migration lock. The plan is made twice: before the lock, so that a run with nothing to do does
 * not wait for it, and with the lock held, from the history as another runner may have left it.
 */
export async function run(
  context: RunContext,
  makePlan: (state: MigrationState) => Plan,
  options: RunOptions,
  observer: RunObserver,
): Promise<RunReport> {
  const before = await stateOf(context, options);
  if (makePlan(before).length === 0 && before.replacements.length === 0) {
    observer.planned([], before);
    return { state: before, steps: [], error: undefined };
  }
  const wait: LockWait = { timeout: options.lockTimeout, waiting: () => observer.waiting() };
  const lock = await context.database.lock(wait);
  try {
    const restore = await context.database.prepare(options.ddlLockTimeout ?? DDL_LOCK_TIMEOUT);
    try {
      const state = await stateOf(context, options);
      const plan = makePlan(state);
      observer.planned(plan, state);
      await writeReplacements(context, state, wait);
      const runner = new StepRunner(context, options, observer, wait, lock, state);
      const error = await runner.run(plan);
      return { state: await readStateAfter(context, state, error), steps: runner.reports, error };
    } finally {
      await restore();
    }
  } finally {
    await lock.release();
  }
}

async function stateOf({ files, history, log, runner }: RunContext, { strict }: RunOptions): Promise<MigrationState> {
  const state = await readState(files, history, log, runner);
  const edited = strict ? editedNames(state) : [];
  if (edited.length > 0) throw editedMigrations(edited);
  return state;
}

/** After a failure the connection may be lost as well; then the state from before is reported rather than a second error. */
async function readStateAfter(running: RunContext, before: MigrationState, error: unknown): Promise<MigrationState> {
  const { files, history, log, runner } = running;
  try {
    return await readState(files, history, log, runner);
  } catch (again) {
    if (error === undefined) throw again;
    return before;
  }
}
