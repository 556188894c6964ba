import type { MigrationState } from "../history/state";
import type { RunContext } from "./context";
import type { LockWait } from "./databases/contract";

/** Replaces the originals of squashed migrations in the history, in one transaction. */
export async function writeReplacements(
  running: RunContext,
  { replacements }: MigrationState,
  wait: LockWait,
): Promise<void> {
  if (replacements.length === 0) return;
  const { database, history, log, runner } = running;
  await log.create(runner, database.send);
  await database.begin(wait);
  try {
    for (const { file, entries } of replacements) {
      for (const { name } of entries.slice(0, -1)) await history.remove(database.send, name);
      for (const { name } of entries) await log.remove(database.send, name);
      await history.replace(database.send, entries.at(-1)!, file);
      await log.recordApplied(database.send, file);
    }
    await database.commit(wait);
  } catch (error) {
    await database.rollback();
    throw error;
  }
}
