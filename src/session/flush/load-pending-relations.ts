import type { RelationModel } from "../../metadata/model";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";
import type { Instance } from "../state/instance";
import type { RelatedValue } from "../state/related-value";

/**
 * Completes what is known of relations before a flush: awaits promises that were assigned, detects changes that no method
 * or setter reported, and reads what an assignment to a relation that was not loaded replaces.
 */
export async function loadPendingRelations(state: SessionState, withoutAutoflush: WithoutAutoflush): Promise<void> {
  const found = new PendingRelations(state);
  for (;;) {
    found.search();
    if (found.promising.size === 0) break;
    for (const instance of found.promising) await awaitPromises(instance, state, withoutAutoflush);
  }
  const { relationships } = state.registry;
  for (const [instance, relation, related] of found.unread) {
    const query = state.relatedQuery(instance, relation).withDeleted();
    const stored = await withoutAutoflush(() => query.all());
    related.compareWith(stored);
    if (!relation.toMany) relationships.replaced(instance, relation, stored);
  }
}

/** Finds what is to be completed, in the session and in the objects that the flush will add to it. */
class PendingRelations {
  readonly unread: [Instance, RelationModel, RelatedValue][] = [];
  readonly promising = new Set<Instance>();
  readonly #state: SessionState;
  /** Objects that come into the session because one of it refers to them. */
  #added = new Set<Instance>();

  constructor(state: SessionState) {
    this.#state = state;
  }

  search(): void {
    const { identities, pending } = this.#state;
    this.unread.length = 0;
    this.promising.clear();
    this.#added = new Set();
    for (const instances of identities.tables()) for (const instance of instances.values()) this.#visit(instance);
    for (const instance of pending) this.#visit(instance);
    for (const instance of this.#added) this.#visit(instance);
  }

  #visit(instance: Instance): void {
    const { relationships } = this.#state.registry;
    relationships.linkEmbeddeds(instance);
    if (instance.promises) this.promising.add(instance);
    if (!instance.related) return;
    for (const relation of instance.model.relations) {
      const related = instance.related[relation.index];
      if (!related) continue;
      related.detectChanges();
      if (related.needsStored && !relation.holdsKey) this.unread.push([instance, relation, related]);
      if (related.isChanged) related.forEachAssigned(this.#add);
    }
  }

  readonly #add = (entity: object): void => {
    const instance = this.#state.registry.relationships.instanceFor(entity);
    if (!instance.owner) this.#added.add(instance);
  };
}

async function awaitPromises(
  instance: Instance,
  state: SessionState,
  withoutAutoflush: WithoutAutoflush,
): Promise<void> {
  for (const [relation, promise] of instance.promises ?? []) {
    // It may wait for a query, which must not wait for the flush.
    const value: unknown = await withoutAutoflush(() => promise);
    // An assignment in the meantime replaces the promise.
    if (instance.promises?.get(relation) === promise) state.registry.relationships.write(instance, relation, value);
  }
}
