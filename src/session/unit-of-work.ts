import type { EntityModel, RelationModel } from "../metadata/model";
import { Query } from "../query/query";
import { Column, or } from "../query/expression";
import { changesOf } from "./change-set";
import { Collection, LazyCollection } from "./collection";
import { commitOrder, type CommitOrder, type Dependency } from "./commit-order";
import { childrenNeedParent, duplicateKey } from "./errors";
import { keyMaker } from "./identity-key";
import { instanceOf, type Instance, type Reference } from "./instance";
import { Listeners } from "./listeners";
import { Persister, type Link, type Update } from "./persister";
import { foreignKeysOf, keyValues, storedKeyValues } from "./values";
import { Validator } from "./validator";
import type { Workspace } from "./workspace";

/** How many rows a flush wrote. */
export interface FlushResult {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What one flush has to write. */
interface Work {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
  readonly links: readonly Link[];
  readonly unlinks: readonly Link[];
}

/** One flush: finds out what changed in memory, and writes it in an order the database accepts. */
export class UnitOfWork {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  async flush(): Promise<FlushResult> {
    await this.#settleRelations();
    this.#cascadeToNew();
    await this.#cascadeToChildren();
    let work = this.#collect();
    const listeners = new Listeners(this.#workspace);
    const hears = listeners.hear(work);
    if (isNothing(work)) return { inserted: 0, updated: 0, deleted: 0 };
    const validator = new Validator(this.#workspace.options.strict);
    if (!hears) validator.check(work.inserts, work.updates);
    await this.#workspace.begin();
    if (hears && (await listeners.before(work))) {
      // A listener may have changed what is to be written, or added to it.
      this.#cascadeToNew();
      work = this.#collect();
      validator.check(work.inserts, work.updates);
    }
    await this.#write(work);
    this.#remember(work);
    if (hears) await listeners.after(work);
    for (const { instance } of work.updates) instance.soft = undefined;
    return { inserted: work.inserts.length, updated: work.updates.length, deleted: work.deletes.length };
  }

  // What is to be written

  /** Waits for relations that were set to promises, reads those that were set unseen, and tells other sides of silent changes. */
  async #settleRelations(): Promise<void> {
    const { pending, related, registry, identities } = this.#workspace;
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
        await this.#workspace.withoutAutoflushOwnTurn(() => this.#workspace.relatedQuery(instance, relation).all()),
      );
  }

  /** Objects that an added object refers to, or that were put into its collections, are added with it. */
  #cascadeToNew(): void {
    const { pending, related, deleting } = this.#workspace;
    const queue = [...pending, ...related];
    for (const instance of queue) {
      if (deleting.has(instance)) continue;
      for (const entity of relatedEntities(instance)) {
        const other = instanceOf(entity);
        if (other?.owner || other?.deletion === "sent") continue;
        queue.push(this.#workspace.add(entity));
      }
    }
  }

  /** Children of objects that are to be deleted: deleted with them, set NULL, or in the way. */
  async #cascadeToChildren(): Promise<void> {
    const { deleting } = this.#workspace;
    const done = new Set<Instance>();
    for (
      let parents = [...deleting];
      parents.length > 0;
      parents = [...deleting].filter((instance) => !done.has(instance))
    ) {
      for (const parent of parents) done.add(parent);
      for (const [model, group] of byModel(parents))
        for (const relation of model.referrers()) await this.#cascadeAlong(relation, group);
    }
  }

  /** @param relation a foreign key that points at the parents */
  async #cascadeAlong(relation: RelationModel, parents: readonly Instance[]): Promise<void> {
    const { deleting, registry } = this.#workspace;
    const { onDelete } = relation.metadata;
    const removes = relation.metadata.inverseRelation?.isCascadeRemove === true;
    const byDatabase = (onDelete === "CASCADE" || onDelete === "SET NULL") && !removes;
    // Where the database takes care of the rows, only the children that are loaded need to know.
    const children = byDatabase ? this.#loadedChildren(relation, parents) : await this.#children(relation, parents);
    const nullable = relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
    const gone = new Set(parents.map(({ entity }) => entity));
    const inTheWay: Instance[] = [];
    for (const child of children) {
      if (deleting.has(child) || !gone.has(registry.relationships.known(child, relation) as object)) continue;
      if (removes || onDelete === "CASCADE") this.#workspace.markDeleted(child);
      else if (nullable) registry.relationships.write(child, relation, null);
      else inTheWay.push(child);
    }
    const [first] = inTheWay;
    if (!first) return;
    const parent = instanceOf(registry.relationships.known(first, relation) as object)!;
    throw childrenNeedParent(parent.entity, relation.inverse ?? relation, inTheWay.length);
  }

  #loadedChildren(relation: RelationModel, parents: readonly Instance[]): Instance[] {
    const gone = new Set(parents.map(({ entity }) => entity));
    const { identities, registry } = this.#workspace;
    return [...identities.of(relation.model).values()].filter(
      (child) =>
        child.model.relations.includes(relation) && gone.has(registry.relationships.known(child, relation) as object),
    );
  }

  async #children(relation: RelationModel, parents: readonly Instance[]): Promise<Instance[]> {
    const condition = or(
      ...(relation.joins.length === 1
        ? [
            new Column(relation.joins[0]!.foreign).in(
              parents.map(({ entity }) => relation.joins[0]!.referenced.read(entity)),
            ),
          ]
        : parents.map(({ entity }) =>
            relation.joins
              .map(({ foreign, referenced }) => new Column(foreign).eq(referenced.read(entity)))
              .reduce((left, right) => left.and(right)),
          )),
    );
    const query = Query.of<object>(() => this.#workspace, relation.model)
      .withDeleted()
      .filter(condition);
    const entities = await this.#workspace.withoutAutoflushOwnTurn(() => query.all());
    const stored = new Set(entities.map((entity) => instanceOf(entity)!));
    for (const child of this.#loadedChildren(relation, parents)) stored.add(child);
    return [...stored];
  }

  #collect(): Work {
    const { pending, deleting, identities } = this.#workspace;
    const inserts = deleting.size === 0 ? [...pending] : [...pending].filter((instance) => !deleting.has(instance));
    const deletes = [...deleting].filter((instance) => instance.snapshot);
    const updates: Update[] = [];
    for (const instances of identities.tables())
      for (const instance of instances.values()) {
        if (instance.deletion !== "none" || !this.#workspace.isDirty(instance)) continue;
        const changes = changesOf(instance);
        if (changes.length > 0) updates.push({ instance, changes });
      }
    return { inserts, updates, deletes, ...this.#linkChanges() };
  }

  /**
   * Rows of join tables that have to come and go; each pair once, whichever side it was changed on. A side that is loaded
   * knows what the database has; one that is not only knows what was done to it.
   */
  #linkChanges(): { links: Link[]; unlinks: Link[] } {
    const { pending, related } = this.#workspace;
    const links = new LinkSet();
    const unlinks = new LinkSet();
    for (const instance of concat(pending, related)) {
      for (const relation of instance.model.relations) {
        if (!relation.isManyToMany || relation.metadata.persistenceEnabled === false) continue;
        const members = instance.relatedBy(relation);
        if (members instanceof Collection) {
          const { added, removed } = members.changes;
          for (const entity of added) links.add(relation, instance, entity);
          for (const entity of removed) unlinks.add(relation, instance, entity);
        } else if (members instanceof LazyCollection) {
          for (const [entity, { way, here }] of members.moves)
            if (here && !this.#isLoadedThere(relation, entity))
              (way === "came" ? links : unlinks).add(relation, instance, entity);
        }
      }
    }
    const { deleting } = this.#workspace;
    const stays = (instance: Instance): boolean => instance.owner === this.#workspace && !deleting.has(instance);
    return {
      // Somebody that only its own side speaks of is not in the session, and has no row to be linked.
      links: links.all().filter(({ owner, target }) => stays(owner) && stays(target)),
      unlinks: unlinks.all().filter(({ owner, target }) => owner.snapshot && target.snapshot),
    };
  }

  #isLoadedThere({ inverse }: RelationModel, entity: object): boolean {
    return inverse !== undefined && instanceOf(entity)?.relatedBy(inverse) instanceof Collection;
  }

  // Writing it

  async #write(work: Work): Promise<void> {
    const { connection, journal } = this.#workspace;
    const persister = new Persister(connection, journal);
    const order = commitOrder(work.inserts, dependenciesAmong(new Set(work.inserts)));
    for (const wave of order.waves)
      for (const [model, group] of byModel(wave)) await this.#insert(persister, model, group);
    const updates = mergeUpdates(work.updates, postponedUpdates(order));
    for (const [model, group] of groupUpdates(updates)) await persister.update(model, group);
    await persister.unlink(work.unlinks);
    await persister.link(work.links);
    const deletions = commitOrder(work.deletes, this.#storedDependencies(new Set(work.deletes)));
    for (const wave of [...deletions.waves].reverse())
      for (const [model, group] of byModel(wave)) await persister.delete(model, group);
  }

  async #insert(persister: Persister, model: EntityModel, instances: readonly Instance[]): Promise<void> {
    for (const instance of instances) this.#refuseDuplicate(instance);
    await persister.insert(model, instances);
    const maker = keyMaker(model);
    for (const instance of instances) {
      instance.key = maker.ofValues(keyValues(instance));
      this.#workspace.identities.put(instance);
    }
  }

  #refuseDuplicate(instance: Instance): void {
    const values = keyValues(instance);
    const key = keyMaker(instance.model).ofValues(values);
    const other = key === undefined ? undefined : this.#workspace.identities.get(instance.model, key);
    if (other && other !== instance && other.deletion === "none")
      throw duplicateKey(instance.entity, other.entity, values.join(", "));
  }

  /** Who among the deleted ones points at whom, as the database has it. */
  #storedDependencies(among: ReadonlySet<Instance>): (instance: Instance) => Dependency[] {
    const { identities } = this.#workspace;
    return (instance) => {
      const dependencies: Dependency[] = [];
      for (const relation of instance.model.relations) {
        if (!relation.holdsKey) continue;
        const values = relation.joins.map(({ foreign }) => foreign.codec.thaw(instance.snapshot![foreign.index]));
        const key = keyMaker(relation.target).ofValues(values);
        const on = key === undefined ? undefined : identities.get(relation.target, key);
        if (on && on !== instance && among.has(on)) dependencies.push({ on, relation });
      }
      return dependencies;
    };
  }

  /** The database has it: memory says so. */
  #remember({ inserts, updates, deletes }: Work): void {
    const { pending, deleting, related, identities, generation } = this.#workspace;
    for (const instance of inserts) {
      pending.delete(instance);
      instance.generation = generation;
      settle(instance);
    }
    for (const { instance } of updates) {
      const key = keyMaker(instance.model).ofValues(storedKeyValues(instance));
      if (key !== instance.key) {
        identities.remove(instance);
        instance.key = key;
        identities.put(instance);
      }
    }
    for (const instance of related) settle(instance);
    related.clear();
    for (const instance of deletes) {
      deleting.delete(instance);
      identities.remove(instance);
    }
    for (const instance of [...deleting]) if (!instance.snapshot) this.#workspace.expunge(instance);
  }
}

const NONE: readonly Dependency[] = [];

function* concat<T>(...iterables: Iterable<T>[]): Generator<T> {
  for (const iterable of iterables) yield* iterable;
}

/** Relations follow the database from here on. */
function settle({ related: all }: Instance): void {
  if (!all) return;
  for (const related of all) {
    if (related instanceof Collection) related.flushed();
    else if (related instanceof LazyCollection) related.flushed();
    else if (related) related.assigned = false;
  }
}

function isNothing({ inserts, updates, deletes, links, unlinks }: Work): boolean {
  return inserts.length + updates.length + deletes.length + links.length + unlinks.length === 0;
}

/** Entities that an object refers to of its own accord; those that only refer to it are not among them. */
function* relatedEntities(instance: Instance): Generator<object> {
  for (const relation of instance.model.relations) {
    const related = instance.relatedBy(relation);
    if (related instanceof Collection) yield* related.given();
    else if (related instanceof LazyCollection) yield* related.given();
    else if (related?.entity && related.assigned && !related.keyOnly && !related.told) yield related.entity;
  }
}

function dependenciesAmong(among: ReadonlySet<Instance>): (instance: Instance) => readonly Dependency[] {
  return (instance) => {
    if (!instance.related) return NONE;
    const dependencies: Dependency[] = [];
    for (const relation of instance.model.relations) {
      if (!relation.holdsKey) continue;
      const reference = instance.relatedBy(relation) as Reference | undefined;
      const on = reference?.entity ? instanceOf(reference.entity) : undefined;
      if (on && among.has(on)) dependencies.push({ on, relation });
    }
    return dependencies;
  };
}

/** Foreign keys that had to wait for a row of their own circle. */
function postponedUpdates({ postponed }: CommitOrder): Update[] {
  return postponed.map(({ instance, relation }) => {
    const keys = foreignKeysOf(instance.model);
    const columns = relation.joins.map(({ foreign }) => foreign).filter(({ index }) => keys[index]);
    return { instance, changes: changesOf(instance).filter(({ column }) => columns.includes(column)) };
  });
}

function mergeUpdates(updates: readonly Update[], more: readonly Update[]): Update[] {
  const merged = new Map<Instance, Update>();
  // Keys of new rows are known now: what an update writes is computed again.
  for (const { instance } of [...updates, ...more]) {
    const changes = changesOf(instance);
    if (changes.length > 0) merged.set(instance, { instance, changes });
  }
  return [...merged.values()];
}

function groupUpdates(updates: readonly Update[]): Map<EntityModel, Update[]> {
  const groups = new Map<EntityModel, Update[]>();
  for (const update of updates) {
    const { model } = update.instance;
    const group = groups.get(model);
    if (group) group.push(update);
    else groups.set(model, [update]);
  }
  return groups;
}

function byModel(instances: readonly Instance[]): Map<EntityModel, Instance[]> {
  const groups = new Map<EntityModel, Instance[]>();
  for (const instance of instances) {
    const group = groups.get(instance.model);
    if (group) group.push(instance);
    else groups.set(instance.model, [instance]);
  }
  return groups;
}

/** Pairs of a join table; a pair that both sides name is one. */
class LinkSet {
  readonly #links = new Map<string, Map<Instance, Map<Instance, Link>>>();

  add(relation: RelationModel, owner: Instance, entity: object): void {
    const target = instanceOf(entity);
    if (!target) return;
    const junction = relation.junction!;
    // Seen from the owning side, whichever side told it.
    const [left, right] = relation.metadata.isOwning ? [owner, target] : [target, owner];
    let byLeft = this.#links.get(junction.table);
    if (!byLeft) this.#links.set(junction.table, (byLeft = new Map<Instance, Map<Instance, Link>>()));
    let byRight = byLeft.get(left);
    if (!byRight) byLeft.set(left, (byRight = new Map<Instance, Link>()));
    if (!byRight.has(right)) byRight.set(right, { junction, owner, target });
  }

  all(): Link[] {
    return [...this.#links.values()].flatMap((byLeft) =>
      [...byLeft.values()].flatMap((byRight) => [...byRight.values()]),
    );
  }
}
