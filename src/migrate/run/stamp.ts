import type { LockWait } from "./databases/contract";
import { planStamp, type Stamp } from "./plan";
import type { Running } from "./run";
import { readState, type MigrationState } from "../history/state";

/** Sets the history so that it says that the target was reached; runs nothing. What was half-applied counts as settled. */
export async function stamp(running: Running, target: string, purge: boolean, wait: LockWait): Promise<Stamp> {
  const { database } = running;
  const lock = await database.lock(wait);
  try {
    await database.begin(wait);
    try {
      const plan = await write(running, target, purge);
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

async function write(running: Running, target: string, purge: boolean): Promise<Stamp> {
  const { history, ledger, runner, database } = running;
  await history.create(runner);
  await ledger.create(runner, database.send);
  const state = await stateOf(running);
  const plan = planStamp(state, target, purge);
  if (purge) {
    await history.clear(database.send);
    await ledger.clear(database.send);
  }
  for (const { name } of plan.remove) {
    await history.remove(database.send, name);
    await ledger.forget(database.send, name);
  }
  const { halfApplied } = state.ledger;
  if (halfApplied) await ledger.forgetStatements(database.send, halfApplied.name, halfApplied.direction);
  for (const file of plan.add) {
    await history.add(database.send, file);
    await ledger.recordApplied(database.send, file);
  }
  return plan;
}

function stateOf({ files, history, ledger, runner }: Running): Promise<MigrationState> {
  return readState(files, history, ledger, runner);
}
