import type { RelationModel } from "../metadata/model";
import { Collection } from "./collection";
import type { Instance } from "./instance";
import type { Workspace } from "./workspace";

/** Waits for relations that were set to promises, reads those that were set unseen, and tells other sides of silent changes. */
export async function settleRelations(workspace: Workspace): Promise<void> {
  const { pending, related, registry, identities } = workspace;
  for (const instances of [pending, related])
    for (const instance of instances) {
      if (!instance.promises) continue;
      for (const [relation, promise] of instance.promises)
        registry.relationships.write(instance, relation, await promise);
      instance.promises = undefined;
    }
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
