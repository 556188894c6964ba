import type { EntityModel, RelationModel } from "../../metadata/model";
import { or, type Condition } from "../../query/expression";
import { Query } from "../../query/query";
import { Collection, LazyCollection } from "../relations/collection";
import { childrenNeedParent, heldByAnotherSession } from "../state/errors";
import { byModel, instanceOf, type Instance, type Reference } from "../state/instance";
import { among, batches, relatedTo } from "../load/relation-loader";
import { replacementsOf, type Replacement } from "./replacements";
import { storedValue } from "../state/values";
import type { Workspace } from "../workspace";

/** What follows from the objects that were added and deleted; found without changing anything, so that a plan can be made of it. */
export interface Consequences {
  /** Objects that come into the session with those that refer to them. */
  readonly arriving: ReadonlySet<Instance>;
  /** Objects to be deleted: those somebody asked for, and those that go with them. */
  readonly leaving: ReadonlySet<Instance>;
  /** Relations of children that have lost their parents. */
  readonly cut: ReadonlyMap<Instance, Cuts>;
  /** Objects that are soft-removed because their parents let go of them. */
  readonly hidden: ReadonlySet<Instance>;
  /** New objects that take the rows of deleted ones. */
  readonly replacements: readonly Replacement[];
}

/** What becomes of a foreign key whose object has lost its parent: it is set NULL, or stays (`orphanedRowAction: "disable"`). */
export type Cuts = ReadonlyMap<RelationModel, "null" | "stays">;

/** Finds out whom adding and deleting objects concerns besides. */
export class Cascades implements Consequences {
  readonly arriving = new Set<Instance>();
  readonly leaving: Set<Instance>;
  readonly cut = new Map<Instance, Map<RelationModel, "null" | "stays">>();
  readonly hidden = new Set<Instance>();
  replacements: readonly Replacement[] = [];
  readonly #workspace: Workspace;
  readonly #inTheWay: [Instance, RelationModel][] = [];

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.leaving = new Set(workspace.deleting);
  }

  /** Objects that an added object refers to, or that were put into its collections, are added with it. */
  toNew(): this {
    const { pending, related, registry } = this.#workspace;
    const queue = [...pending, ...related];
    const arrive = (entity: object): void => {
      const other = registry.relationships.instanceFor(entity);
      if (other.owner === this.#workspace || other.deletion === "sent" || this.arriving.has(other)) return;
      if (other.owner) throw heldByAnotherSession(entity);
      this.arriving.add(other);
      queue.push(other);
    };
    for (const instance of queue) if (!this.leaving.has(instance)) forEachGiven(instance, arrive);
    return this;
  }

  /** Objects that a parent's collection let go of, and no other took, as their relation's `orphanedRowAction` says. */
  toOrphans(): this {
    for (const instance of this.#workspace.related) {
      if (this.leaving.has(instance)) continue;
      for (const relation of instance.model.relations)
        if (relation.holdsKey && isOrphaned(instance, relation)) this.#orphan(instance, relation);
    }
    return this;
  }

  #orphan(instance: Instance, relation: RelationModel): void {
    switch (relation.metadata.orphanedRowAction) {
      case "delete":
        this.leaving.add(instance);
        return;
      case "soft-delete":
        this.hidden.add(instance);
        return this.#cut(instance, relation, "stays");
      case "disable":
        return this.#cut(instance, relation, "stays");
      default:
        // What NULL means for a row is the relation's own business: that is the ordinary UPDATE.
        return;
    }
  }

  /** Children of objects that are to be deleted: deleted with them, set NULL, or in the way. */
  async toChildren(): Promise<this> {
    const { pending } = this.#workspace;
    this.replacements = replacementsOf([...pending, ...this.arriving], this.leaving);
    // Their rows stay, and whoever points at them.
    const done = new Set(this.replacements.map(({ old }) => old));
    for (;;) {
      const parents = [...this.leaving].filter((instance) => !done.has(instance));
      if (parents.length === 0 && !this.#takeAlong()) break;
      for (const parent of parents) done.add(parent);
      for (const [model, group] of byModel(parents)) {
        for (const relation of model.referrers()) await this.#along(relation, group);
        for (const relation of model.relations)
          if (relation.metadata.isCascadeRemove && (relation.holdsKey || relation.isManyToMany))
            await this.#toTargets(relation, group);
      }
    }
    this.#refuseOrphans();
    return this;
  }

  /** Makes memory follow. */
  apply(): void {
    for (const { entity } of this.arriving) this.#workspace.add(entity);
    for (const instance of this.leaving) if (instance.deletion === "none") this.#workspace.markDeleted(instance);
    const { relationships } = this.#workspace.registry;
    for (const [instance, cuts] of this.cut) {
      if (this.leaving.has(instance)) continue;
      for (const [relation, fate] of cuts)
        if (fate === "null") relationships.write(instance, relation, null);
        else relationships.revert(instance, relation);
    }
    this.#workspace.markSoft(this.hidden, "remove");
  }

  /** @param relation a foreign key that points at the parents */
  async #along(relation: RelationModel, parents: readonly Instance[]): Promise<void> {
    const { relationships } = this.#workspace.registry;
    const { onDelete, inverseRelation } = relation.metadata;
    const byDatabase = (onDelete === "CASCADE" || onDelete === "SET NULL") && !inverseRelation?.isCascadeRemove;
    // Where the database takes care of the rows, only the children that are loaded need to know.
    const children = byDatabase ? this.#loadedChildren(relation, parents) : await this.#children(relation, parents);
    const nullable = relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
    const gone = new Set(parents.map(({ entity }) => entity));
    for (const child of children) {
      if (this.leaving.has(child) || !gone.has(relationships.known(child, relation) as object)) continue;
      if (goesWithParent(relation)) this.leaving.add(child);
      else if (nullable) this.#cut(child, relation, "null");
      else this.#inTheWay.push([child, relation]);
    }
  }

  /** Children that were read for the sake of one parent may go with another one, which was looked at before. */
  #takeAlong(): boolean {
    const before = this.leaving.size;
    const { relationships } = this.#workspace.registry;
    for (const child of [...this.#inTheWay.map(([one]) => one), ...this.cut.keys()])
      for (const relation of child.model.relations) {
        if (!relation.holdsKey || !goesWithParent(relation)) continue;
        const parent = relationships.known(child, relation);
        if (parent && this.leaving.has(instanceOf(parent)!)) this.leaving.add(child);
      }
    return this.leaving.size > before;
  }

  /** Children that need their parents, and do not go with anybody else. */
  #refuseOrphans(): void {
    const left = this.#inTheWay.filter(([child]) => !this.leaving.has(child));
    const [first] = left;
    if (!first) return;
    const [child, relation] = first;
    const parent = this.#workspace.registry.relationships.known(child, relation)!;
    throw childrenNeedParent(parent, relation, left.filter(([, one]) => one === relation).length);
  }

  /** `cascade: ["remove"]` on the side of a foreign key, or on a many-to-many: what the object refers to goes too. */
  async #toTargets(relation: RelationModel, owners: readonly Instance[]): Promise<void> {
    const { relationships } = this.#workspace.registry;
    const stored = owners.filter(({ snapshot }) => snapshot);
    if (relation.isManyToMany) {
      const conditions = stored.map((owner) => relatedTo(relationships, owner, relation));
      for (const portion of batches(conditions, relation.junction!.toOwner.length + 1, this.#workspace))
        for (const target of await this.#rows(relation.target, or(...portion))) this.leaving.add(target);
      return;
    }
    const keys = stored.flatMap((owner) => {
      const key = relationships.foreignKeyValues(owner, relation);
      return key ? [key] : [];
    });
    const columns = relation.joins.map(({ referenced }) => referenced);
    for (const portion of batches(keys, columns.length, this.#workspace))
      for (const target of await this.#rows(relation.target, among(columns, portion))) this.leaving.add(target);
  }

  #cut(child: Instance, relation: RelationModel, fate: "null" | "stays"): void {
    const cuts = this.cut.get(child);
    if (cuts) cuts.set(relation, fate);
    else this.cut.set(child, new Map([[relation, fate]]));
  }

  /** Children that are in memory, those without a row too: they would be inserted with the key of a row that is gone. */
  #loadedChildren(relation: RelationModel, parents: readonly Instance[]): Instance[] {
    const gone = new Set(parents.map(({ entity }) => entity));
    const { identities, pending, registry } = this.#workspace;
    const children: Instance[] = [];
    for (const instances of [identities.of(relation.model).values(), pending, this.arriving])
      for (const child of instances)
        if (
          child.model.relations.includes(relation) &&
          gone.has(registry.relationships.known(child, relation) as object)
        )
          children.push(child);
    return children;
  }

  async #children(relation: RelationModel, parents: readonly Instance[]): Promise<Instance[]> {
    const keys = parents.map((parent) => relation.joins.map(({ referenced }) => storedValue(parent, referenced)));
    const columns = relation.joins.map(({ foreign }) => foreign);
    const stored = new Set<Instance>();
    for (const portion of batches(keys, columns.length, this.#workspace))
      for (const child of await this.#rows(relation.model, among(columns, portion))) stored.add(child);
    for (const child of this.#loadedChildren(relation, parents)) stored.add(child);
    return [...stored];
  }

  async #rows(model: EntityModel, condition: Condition): Promise<Instance[]> {
    const query = Query.of<object>(() => this.#workspace, model)
      .withDeleted()
      .filter(condition);
    const entities = await this.#workspace.withoutAutoflushOwnTurn(() => query.all());
    return entities.map((entity) => instanceOf(entity)!);
  }
}

function goesWithParent({ metadata: { onDelete, inverseRelation } }: RelationModel): boolean {
  return onDelete === "CASCADE" || inverseRelation?.isCascadeRemove === true;
}

/** Whether an object was taken out of its parent's collection, and put into no other's. */
function isOrphaned(instance: Instance, relation: RelationModel): boolean {
  const reference = instance.relatedBy(relation) as Reference | undefined;
  if (!reference?.assigned || !reference.told || reference.entity !== null || !instance.snapshot) return false;
  return relation.joins.some(({ foreign }) => instance.snapshot![foreign.index] !== null);
}

/** Entities that an object refers to of its own accord; those that only refer to it are not among them. */
function forEachGiven({ related: all }: Instance, visit: (entity: object) => void): void {
  if (!all) return;
  for (const related of all) {
    if (related instanceof Collection || related instanceof LazyCollection) related.forEachGiven(visit);
    else if (related?.entity && related.assigned && !related.keyOnly && !related.told) visit(related.entity);
  }
}
