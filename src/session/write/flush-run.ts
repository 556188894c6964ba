import type { EntityModel, RelationModel } from "../../metadata/model";
import { changesForNow } from "../flush/change-set";
import type { Step } from "../flush/flush-plan";
import type { Instance } from "../state/instance";
import { changesKey, followersOf, isPointedAt, type ReferencingRow } from "./key-change";
import type { TemporaryValues } from "./temporary-values";
import type { Persister, Update } from "./persister";

/** Looks at new rows before and after they are inserted, and at keys that have changed. */
export interface FlushObserver {
  inserting(instances: readonly Instance[]): void;
  inserted(instances: readonly Instance[]): void;
  rekeyed(followers: readonly ReferencingRow[]): void;
}

/** Carries out one step of a plan. Keys that were not known when it was made are, by now. */
export async function runStep(step: Step, persister: Persister, watcher: FlushObserver): Promise<void> {
  switch (step.action) {
    case "insert":
      watcher.inserting(step.rows);
      await persister.insert(step.model, step.rows, step.standIns);
      return watcher.inserted(step.rows);
    case "update":
      return runUpdates(step.model, step.updates ?? updatesOf(step.rows), persister, watcher);
    case "delete":
      return persister.delete(step.model, step.rows);
    case "detach":
      return persister.update(
        step.model,
        step.rows.map(({ instance, relations }) => ({ instance, changes: nullsOf(relations) })),
      );
    case "park":
      return runParkings(step.rows, persister, watcher);
    case "link":
      return persister.link(step.links);
    case "unlink":
      return persister.unlink(step.links);
  }
}

async function runUpdates(
  model: EntityModel,
  updates: readonly Update[],
  persister: Persister,
  watcher: FlushObserver,
): Promise<void> {
  const keys = new Set(updates.filter(changesKey));
  for (const update of keys) {
    const followers = followersOf(update);
    await persister.updateKey(model, update, followers);
    watcher.rekeyed(followers);
  }
  return persister.update(model, keys.size === 0 ? updates : updates.filter((update) => !keys.has(update)));
}

async function runParkings(
  parkings: readonly TemporaryValues[],
  persister: Persister,
  watcher: FlushObserver,
): Promise<void> {
  const keys = new Set(parkings.filter(({ column }) => isPointedAt(column)));
  for (const parking of keys) {
    const followers = followersOf({ instance: parking.instance, changes: [parking] });
    await persister.parkKey(parking, followers);
    watcher.rekeyed(followers);
  }
  return persister.park(keys.size === 0 ? parkings : parkings.filter((parking) => !keys.has(parking)));
}

function updatesOf(instances: readonly Instance[]): Update[] {
  const updates: Update[] = [];
  for (const instance of instances) {
    const changes = changesForNow(instance);
    if (changes.length > 0) updates.push({ instance, changes });
  }
  return updates;
}

function nullsOf(relations: ReadonlySet<RelationModel>): Update["changes"] {
  return [...relations].flatMap(({ joins }) => joins.map(({ foreign }) => ({ column: foreign, value: null })));
}
