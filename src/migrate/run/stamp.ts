import type { LockWait } from "./databases/contract";
import { planStamp, type Stamp } from "./plan";
import type { RunContext } from "./context";
import { readState, type MigrationState } from "../history/state";

/**
 * Sets the history so that it says that the target was reached; runs nothing. A half-applied migration no longer counts as such.
 * @param expect throws where the history, read under the lock, is not what it has to be
 */
export async function stamp(
  running: RunContext,
  target: string,
  purge: boolean,
  wait: LockWait,
  expect?: (state: MigrationState) => void,
): Promise<Stamp> {
  const { database } = running;
  const lock = await database.lock(wait);
  try {
    await database.begin(wait);
    try {
      const plan = await write(running, target, purge, expect);
      await database.commit(wait);
      return plan;
    } catch (error) {
      await database.rollback();
      throw error;
    }
  } finally {
    await lock.release();
  }
}

async function write(
  running: RunContext,
  target: string,
  purge: boolean,
  expect?: (state: MigrationState) => void,
): Promise<Stamp> {
  const { history, log, runner, database } = running;
  await history.create(runner);
  await log.create(runner, database.send);
  const state = await stateOf(running);
  expect?.(state);
  const plan = planStamp(state, target, purge);
  if (purge) {
    await history.clear(database.send);
    await log.clear(database.send);
  }
  for (const { name } of plan.remove) {
    await history.remove(database.send, name);
    await log.remove(database.send, name);
  }
  const { halfApplied } = state.log;
  if (halfApplied) await log.removeStatements(database.send, halfApplied.name, halfApplied.direction);
  for (const file of plan.add) {
    await history.add(database.send, file);
    await log.recordApplied(database.send, file);
  }
  return plan;
}

function stateOf({ files, history, log, runner }: RunContext): Promise<MigrationState> {
  return readState(files, history, log, runner);
}
