import type { RelationModel } from "../../metadata/model";
import { Collection } from "../relations/collection";
import { instanceOf, type Instance } from "../state/instance";
import type { Workspace } from "../workspace";

/** Waits for relations that were set to promises, reads those that were set unseen, and tells other sides of silent changes. */
export async function loadPendingRelations(workspace: Workspace): Promise<void> {
  const { pending, related, identities } = workspace;
  // Both sets grow by what is waited for.
  for (const instances of [pending, related])
    for (const instance of instances) if (instance.promises) await settlePromises(instance, workspace, new Set());
  const unread: [Instance, RelationModel, Collection<object>][] = [];
  const settle = (instance: Instance): void => {
    if (!instance.related) return;
    for (const relation of instance.model.relations) {
      const collection = instance.related[relation.index];
      if (!(collection instanceof Collection)) continue;
      collection.synchronize();
      if (collection.unread) unread.push([instance, relation, collection]);
    }
  };
  for (const instances of [...identities.tables(), pending])
    for (const instance of instances.values()) settle(instance);
  for (const [instance, relation, collection] of unread)
    collection.compareWith(
      await workspace.withoutAutoflushOwnTurn(() => workspace.relatedQuery(instance, relation).all()),
    );
}

/** What a promise gives may have promises of its own, and is not in the session yet. */
async function settlePromises(instance: Instance, workspace: Workspace, seen: Set<Instance>): Promise<void> {
  const { promises } = instance;
  if (!promises || seen.has(instance)) return;
  seen.add(instance);
  instance.promises = undefined;
  for (const [relation, promise] of promises) {
    // A query that it waits for must not wait for the flush.
    const value: unknown = await workspace.withoutAutoflushOwnTurn(() => promise);
    workspace.registry.relationships.write(instance, relation, value);
    for (const entity of [value].flat()) {
      const other = typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
      if (other) await settlePromises(other, workspace, seen);
    }
  }
}
