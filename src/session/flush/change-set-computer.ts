import type { Consequences } from "./cascades";
import { changesOf } from "./change-set";
import type { Instance } from "../state/instance";
import { linkChanges } from "./link-set";
import type { Link, Update } from "../write/persister";
import type { Workspace } from "../workspace";

/** What one flush has to write. */
export interface ChangeSet {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
  readonly links: readonly Link[];
  readonly unlinks: readonly Link[];
}

/** Compares memory with what the database has. Changes nothing. */
export function computeChangeSet(workspace: Workspace, concerned: Consequences): ChangeSet {
  const { pending, identities } = workspace;
  const { arriving, leaving, cut, hidden } = concerned;
  // Who takes the row of a deleted object has one.
  const inserts = leaving.size === 0 ? [...pending] : [...pending].filter((one) => !leaving.has(one) && !one.snapshot);
  const replaced = new Set(concerned.replacements.map(({ old }) => old));
  const deletes = [...leaving].filter((instance) => instance.snapshot && !replaced.has(instance));
  const updates: Update[] = [];
  const compare = (instance: Instance): void => {
    const relations = cut.get(instance);
    if (instance.deletion !== "none" || leaving.has(instance)) return;
    if (!relations && !instance.replaces && !workspace.isDirty(instance)) return;
    const changes = changesOf(instance, relations);
    const { deleteDate } = instance.model;
    if (hidden.has(instance) && !changes.some(({ column }) => column === deleteDate))
      changes.push({ column: deleteDate!, value: new Date() });
    if (changes.length > 0) updates.push({ instance, changes });
  };
  for (const instances of identities.tables()) for (const instance of instances.values()) compare(instance);
  for (const { by } of concerned.replacements) if (identities.get(by.model, by.key) !== by) compare(by);
  for (const instance of arriving) {
    if (instance.owner === workspace || instance.replaces) continue;
    if (instance.snapshot) compare(instance);
    else if (!leaving.has(instance)) inserts.push(instance);
  }
  return { inserts, updates, deletes, ...linkChanges(workspace, concerned) };
}

export function isEmpty({ inserts, updates, deletes, links, unlinks }: ChangeSet): boolean {
  return inserts.length + updates.length + deletes.length + links.length + unlinks.length === 0;
}
