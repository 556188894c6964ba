import { groupBy } from "../../groups";
import type { RelationModel } from "../../metadata/model";
import { Query } from "../../query/query";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";
import { among, batches, keyOf } from "../state/batches";
import { instanceOf, type Instance } from "../state/instance";
import type { RelatedValue } from "../state/related-value";
import { storedValue } from "../state/values";

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
  for (const [relation, unread] of groupBy(found.unread, (one) => one.relation))
    if (relation.isManyToMany)
      for (const one of unread) takeStored(state, one, await readMembers(state, one, withoutAutoflush));
    else await readChildren(state, relation, unread, withoutAutoflush);
}

/**
 * The new objects that the next flush adds, because one of the session refers to them: those of SQLAlchemy's save-update cascade, which
 * are pending as soon as they are referred to.
 */
export function cascadedObjects(state: SessionState): object[] {
  const found = new PendingRelations(state);
  try {
    found.search();
  } catch {
    // What cannot be a member of a relation is named by the flush.
  }
  return [...found.added].filter(({ snapshot }) => !snapshot).map(({ entity }) => entity);
}

/** A relation that was set before it was read. */
interface Unread {
  readonly instance: Instance;
  readonly relation: RelationModel;
  readonly related: RelatedValue;
}

function takeStored({ registry }: SessionState, { instance, relation, related }: Unread, stored: object[]): void {
  related.compareWith(stored);
  if (!relation.toMany) registry.relationships.replaced(instance, relation, stored);
}

async function readMembers(
  state: SessionState,
  { instance, relation }: Unread,
  withoutAutoflush: WithoutAutoflush,
): Promise<object[]> {
  const query = state.relatedQuery(instance, relation).withDeleted();
  return withoutAutoflush(() => query.all());
}

/** Reads what refers to many objects in few statements. */
async function readChildren(
  state: SessionState,
  relation: RelationModel,
  unread: readonly Unread[],
  withoutAutoflush: WithoutAutoflush,
): Promise<void> {
  const children = new Map<unknown, object[]>();
  const foreign = relation.joins.map((join) => join.foreign);
  const keys = unread.map(({ instance }) => relation.joins.map(({ referenced }) => storedValue(instance, referenced)));
  for (const batch of batches(keys, foreign.length, state)) {
    const found = await withoutAutoflush((context) =>
      Query.of<object>(() => context, relation.target)
        .withDeleted()
        .filter(among(foreign, batch))
        .all(),
    );
    for (const child of found) {
      const key = keyOf(foreign.map((column) => storedValue(instanceOf(child)!, column)));
      if (!children.get(key)?.push(child)) children.set(key, [child]);
    }
  }
  unread.forEach((one, place) => takeStored(state, one, children.get(keyOf(keys[place]!)) ?? []));
}

/** Finds what is to be completed, in the session and in the objects that the flush will add to it. */
class PendingRelations {
  readonly unread: Unread[] = [];
  readonly promising = new Set<Instance>();
  /** Objects that come into the session because one of it refers to them. */
  readonly added = new Set<Instance>();
  readonly #state: SessionState;

  constructor(state: SessionState) {
    this.#state = state;
  }

  search(): void {
    const { identities, pending } = this.#state;
    this.unread.length = 0;
    this.promising.clear();
    this.added.clear();
    for (const instances of identities.tables()) for (const instance of instances.values()) this.#visit(instance);
    for (const instance of pending) this.#visit(instance);
    for (const instance of this.added) this.#visit(instance);
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
      if (related.needsStored && relation.holdsKey) relationships.leaveStored(instance, relation);
      else if (related.needsStored) this.unread.push({ instance, relation, related });
      if (related.isChanged && !this.#state.deleting.has(instance)) related.forEachAssigned(this.#add);
    }
  }

  readonly #add = (entity: object): void => {
    const instance = this.#state.registry.relationships.instanceFor(entity);
    if (!instance.owner && instance.deletion !== "sent") this.added.add(instance);
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
