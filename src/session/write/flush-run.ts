import type { EntityModel, RelationModel } from "../../metadata/model";
import type { Update } from "../flush/change-set";
import { changesKey, isReferenced } from "../flush/referenced-columns";
import { changesForNow } from "../state/changes";
import type { Instance } from "../state/instance";
import { referencingRowsOf, type ReferencingRow } from "./key-change";
import type { Persister } from "./persister";
import type { Step } from "./step";
import type { TemporaryValue } from "./temporary-values";

/** Is notified of new rows before and after they are inserted, and of keys that have changed. */
export interface FlushObserver {
  inserting(instances: readonly Instance[]): void;
  inserted(instances: readonly Instance[]): void;
  keysChanged(referencing: readonly ReferencingRow[]): void;
}

/** Executes one step of a plan. Keys that were not known when the plan was made are known now. */
export async function runStep(step: Step, persister: Persister, observer: FlushObserver): Promise<void> {
  switch (step.action) {
    case "insert":
      observer.inserting(step.rows);
      await persister.insert(step.model, step.rows, step.placeholders);
      return observer.inserted(step.rows);
    case "update":
      return runUpdates(step.model, step.updates ?? updatesOf(step.rows), persister, observer);
    case "delete":
      return persister.delete(step.model, step.rows, step.joinTables);
    case "clear-foreign-key":
      return persister.update(
        step.model,
        step.rows.map(({ instance, relations }) => ({ instance, changes: nullsOf(relations) })),
      );
    case "set-temporary-value":
      return runTemporaryValues(step.rows, persister, observer);
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
  observer: FlushObserver,
): Promise<void> {
  const keys = new Set(updates.filter(changesKey));
  for (const update of keys) {
    const referencing = referencingRowsOf(update);
    await persister.updateKey(model, update, referencing);
    observer.keysChanged(referencing);
  }
  return persister.update(model, keys.size === 0 ? updates : updates.filter((update) => !keys.has(update)));
}

async function runTemporaryValues(
  values: readonly TemporaryValue[],
  persister: Persister,
  observer: FlushObserver,
): Promise<void> {
  const keys = new Set(values.filter(({ column }) => isReferenced(column)));
  for (const key of keys) {
    const referencing = referencingRowsOf({ instance: key.instance, changes: [key] });
    await persister.writeTemporaryKey(key, referencing);
    observer.keysChanged(referencing);
  }
  return persister.writeTemporaryValues(keys.size === 0 ? values : values.filter((value) => !keys.has(value)));
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
