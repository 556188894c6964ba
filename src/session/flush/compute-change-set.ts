import type { SessionState } from "../session-state";
import { changesOf } from "../state/changes";
import type { Instance } from "../state/instance";
import type { CascadeResult, ChangeSet, Update } from "./change-set";
import { linkChanges } from "./link-set";

/** Compares the objects of a session with what the database stores. Changes nothing. */
export function computeChangeSet(state: SessionState, cascades: CascadeResult): ChangeSet {
  const { pending, identities } = state;
  const { added, deleted, orphaned, softRemoved, reusedRows } = cascades;
  // An object that reuses a row has a snapshot: it is updated, not inserted.
  const inserts = deleted.size === 0 ? [...pending] : [...pending].filter((one) => !deleted.has(one) && !one.snapshot);
  const reused = new Set(reusedRows.map(({ old }) => old));
  const deletes = [...deleted].filter((instance) => instance.snapshot && !reused.has(instance));
  const updates: Update[] = [];
  const compare = (instance: Instance): void => {
    const actions = orphaned.get(instance);
    if (instance.deletion !== "none" || deleted.has(instance)) return;
    if (!actions && !instance.reusesRowOf && !state.isDirty(instance)) return;
    const changes = changesOf(instance, actions);
    const { deleteDate } = instance.model;
    if (softRemoved.has(instance) && !changes.some(({ column }) => column === deleteDate))
      changes.push({ column: deleteDate!, value: new Date() });
    if (changes.length > 0) updates.push({ instance, changes });
  };
  for (const instances of identities.tables()) for (const instance of instances.values()) compare(instance);
  for (const { by } of reusedRows) if (identities.get(by.model, by.key) !== by) compare(by);
  for (const instance of added) {
    if (instance.owner === state || instance.reusesRowOf) continue;
    if (instance.snapshot) compare(instance);
    else if (!deleted.has(instance)) inserts.push(instance);
  }
  return { inserts, updates, deletes, ...linkChanges(state, cascades) };
}
