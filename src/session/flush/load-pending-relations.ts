import type { RelationModel } from "../../metadata/model";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";
import { instanceOf, type Instance } from "../state/instance";
import type { RelatedValue } from "../state/related-value";

/**
 * Completes what is known of relations before a flush: awaits promises that were assigned to lazy relations, detects
 * changes that no method reported, and reads what an assignment to a relation that was not loaded replaces.
 */
export async function loadPendingRelations(state: SessionState, withoutAutoflush: WithoutAutoflush): Promise<void> {
  const { pending, relationsChanged, identities } = state;
  // Both sets grow while promises are awaited.
  for (const instances of [pending, relationsChanged])
    for (const instance of instances)
      if (instance.promises) await awaitPromises(instance, state, withoutAutoflush, new Set());
  const unread: [Instance, RelationModel, RelatedValue][] = [];
  for (const instances of [...identities.tables(), pending])
    for (const instance of instances.values()) detectChanges(instance, unread);
  for (const [instance, relation, related] of unread)
    related.compareWith(await withoutAutoflush(() => state.relatedQuery(instance, relation).all()));
}

function detectChanges(instance: Instance, unread: [Instance, RelationModel, RelatedValue][]): void {
  if (!instance.related) return;
  for (const relation of instance.model.relations) {
    const related = instance.related[relation.index];
    if (!related) continue;
    related.detectChanges();
    if (related.needsStored) unread.push([instance, relation, related]);
  }
}

/** An object that a promise resolves to may have promises of its own, and is not in the session yet. */
async function awaitPromises(
  instance: Instance,
  state: SessionState,
  withoutAutoflush: WithoutAutoflush,
  seen: Set<Instance>,
): Promise<void> {
  const { promises } = instance;
  if (!promises || seen.has(instance)) return;
  seen.add(instance);
  instance.promises = undefined;
  for (const [relation, promise] of promises) {
    // It may wait for a query, which must not wait for the flush.
    const value: unknown = await withoutAutoflush(() => promise);
    state.registry.relationships.write(instance, relation, value);
    for (const entity of [value].flat()) {
      const other = typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
      if (other) await awaitPromises(other, state, withoutAutoflush, seen);
    }
  }
}
