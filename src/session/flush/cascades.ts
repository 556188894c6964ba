import type { EntityModel, RelationModel } from "../../metadata/model";
import { or, type Condition } from "../../query/expression";
import { Query } from "../../query/query";
import type { WithoutAutoflush } from "../load/entity-loader";
import { relatedTo } from "../load/relation-loader";
import type { SessionState } from "../session-state";
import { among, batches } from "../state/batches";
import { childrenNeedParent, heldByAnotherSession } from "../state/errors";
import { IdentityMap } from "../state/identity-map";
import { byModel, instanceOf, type Instance } from "../state/instance";
import { storedValue } from "../state/values";
import type { CascadeResult, RowReuse } from "./change-set";
import { deleteActionsOf, type DeleteActions } from "./delete-actions";
import { findRowReuses } from "./row-reuse";

/** Finds the objects that adding and deleting objects affects. */
export class Cascades implements CascadeResult {
  readonly added = new Set<Instance>();
  readonly deleted: Set<Instance>;
  readonly orphaned = new Map<Instance, Map<RelationModel, "nullify" | "disable">>();
  readonly softRemoved = new Set<Instance>();
  reusedRows: readonly RowReuse[] = [];
  deleteActions: DeleteActions | undefined;
  readonly #state: SessionState;
  readonly #withoutAutoflush: WithoutAutoflush;
  /** Children that can neither be deleted with their parent nor live without it. */
  readonly #blocking: [Instance, RelationModel][] = [];
  /** Added objects that have a row. */
  readonly #detached = new IdentityMap();

  constructor(state: SessionState, withoutAutoflush: WithoutAutoflush) {
    this.#state = state;
    this.#withoutAutoflush = withoutAutoflush;
    this.deleted = new Set(state.deleting);
  }

  /** The save-update cascade: adds the objects that an added object refers to, or that were put into its collections. */
  saveUpdate(): this {
    const { pending, relationsChanged, registry } = this.#state;
    const queue = [...pending, ...relationsChanged];
    const add = (entity: object): void => {
      const other = registry.relationships.instanceFor(entity);
      if (other.owner === this.#state || other.deletion === "sent" || this.added.has(other)) return;
      if (other.owner) throw heldByAnotherSession(entity);
      this.added.add(other);
      if (other.snapshot) this.#detached.add(other);
      queue.push(other);
    };
    for (const instance of queue) {
      if (this.deleted.has(instance)) continue;
      for (const relation of instance.related ? instance.model.relations : EMPTY) {
        this.#replaceEqual(instance, relation);
        instance.related![relation.index]?.forEachAssigned(add);
      }
    }
    return this;
  }

  /** Puts the session's objects in the place of unchanged ones of the same rows that no session holds. */
  #replaceEqual(instance: Instance, relation: RelationModel): void {
    const related = instance.related![relation.index];
    if (!related?.isLoaded || !related.isChanged) return;
    const members = related.members();
    // Mostly there are none. Lists that nobody needs took an eighth of a first flush of 20,000 objects.
    if (!members.some(isDetached)) return;
    const replaced = members.map((member) => this.#objectOfSameRow(member) ?? member);
    if (replaced.every((member, place) => member === members[place])) return;
    this.#state.registry.relationships.write(instance, relation, relation.toMany ? replaced : replaced[0]);
  }

  #objectOfSameRow(entity: object): object | undefined {
    if (!isDetached(entity)) return undefined;
    const detached = instanceOf(entity)!;
    const { model, key } = detached;
    const other = this.#state.identities.get(model, key) ?? this.#detached.get(model, key);
    if (!other || other === detached || other.deletion !== "none" || isChanged(this.#state, detached)) return undefined;
    return other.entity;
  }

  /** Applies `orphanedRowAction` to objects that were removed from their parent's collection and added to no other. */
  orphans(): this {
    for (const instance of this.#state.relationsChanged) {
      if (this.deleted.has(instance)) continue;
      for (const relation of instance.model.relations)
        if (relation.holdsKey && isOrphaned(instance, relation)) this.#orphan(instance, relation);
    }
    return this;
  }

  #orphan(instance: Instance, relation: RelationModel): void {
    switch (relation.metadata.orphanedRowAction) {
      case "delete":
        this.deleted.add(instance);
        return;
      case "soft-delete":
        this.softRemoved.add(instance);
        return this.#setOrphanAction(instance, relation, "disable");
      case "disable":
        return this.#setOrphanAction(instance, relation, "disable");
      default:
        // "nullify" needs no action: the ordinary UPDATE writes NULL.
        return;
    }
  }

  /**
   * The delete cascade: children of deleted objects are deleted too, or their foreign keys set NULL.
   *
   * @throws RetortError `session/orphans` where a child can neither be deleted nor live without its parent
   */
  async deletes(): Promise<this> {
    this.reusedRows = findRowReuses([...this.#state.pending, ...this.added], this.deleted);
    // These rows stay, and with them the foreign keys that refer to them.
    const done = new Set(this.reusedRows.map(({ old }) => old));
    for (;;) {
      const parents = [...this.deleted].filter((instance) => !done.has(instance));
      if (parents.length === 0 && !this.#deleteWithOtherParents()) break;
      for (const parent of parents) done.add(parent);
      for (const [model, group] of byModel(parents)) {
        if (mayLeaveRows(model)) this.deleteActions ??= await deleteActionsOf(this.#state, this.#withoutAutoflush);
        for (const relation of model.referencingRelations()) await this.#toChildren(relation, group);
        for (const relation of model.relations)
          if (relation.metadata.isCascadeRemove && (relation.holdsKey || relation.isManyToMany))
            await this.#toTargets(relation, group);
      }
    }
    this.#refuseOrphans();
    return this;
  }

  /** Makes the objects in memory what was found. */
  apply(): void {
    const state = this.#state;
    for (const { entity } of this.added) state.add(entity);
    for (const instance of this.deleted) if (instance.deletion === "none") state.markDeleted(instance);
    const { relationships } = state.registry;
    for (const [instance, actions] of this.orphaned) {
      if (this.deleted.has(instance)) continue;
      for (const [relation, action] of actions)
        if (action === "nullify") relationships.write(instance, relation, null);
        else relationships.revert(instance, relation);
    }
    state.markSoft(this.softRemoved, "remove");
  }

  /** @param relation the foreign key that refers to the parents */
  async #toChildren(relation: RelationModel, parents: readonly Instance[]): Promise<void> {
    const { relationships } = this.#state.registry;
    const isCascade = relation.metadata.inverseRelation?.isCascadeRemove;
    const isByDatabase = changesRows(relation) && !isCascade && this.deleteActions!.follow(relation);
    // Where the database deletes or updates the rows, only the loaded children have to be found.
    const children = isByDatabase ? this.#loadedChildren(relation, parents) : await this.#children(relation, parents);
    const isNullable = relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
    const gone = new Set(parents.map(({ entity }) => entity));
    for (const child of children) {
      if (this.deleted.has(child) || !gone.has(relationships.known(child, relation) as object)) continue;
      if (isDeletedWithParent(relation)) this.deleted.add(child);
      else if (isNullable) this.#setOrphanAction(child, relation, "nullify");
      else this.#blocking.push([child, relation]);
    }
  }

  /** A child that was read because of one parent may have to be deleted with another one, whose children were read before. */
  #deleteWithOtherParents(): boolean {
    const before = this.deleted.size;
    const { relationships } = this.#state.registry;
    for (const child of [...this.#blocking.map(([one]) => one), ...this.orphaned.keys()])
      for (const relation of child.model.relations) {
        if (!relation.holdsKey || !isDeletedWithParent(relation)) continue;
        const parent = relationships.known(child, relation);
        if (parent && this.deleted.has(instanceOf(parent)!)) this.deleted.add(child);
      }
    return this.deleted.size > before;
  }

  #refuseOrphans(): void {
    const remaining = this.#blocking.filter(([child]) => !this.deleted.has(child));
    const [first] = remaining;
    if (!first) return;
    const [child, relation] = first;
    const parent = this.#state.registry.relationships.known(child, relation)!;
    throw childrenNeedParent(parent, relation, remaining.filter(([, one]) => one === relation).length);
  }

  /** `cascade: ["remove"]` on the side of a foreign key, or on a many-to-many: what the object refers to is deleted too. */
  async #toTargets(relation: RelationModel, owners: readonly Instance[]): Promise<void> {
    const { relationships } = this.#state.registry;
    const stored = owners.filter(({ snapshot }) => snapshot);
    if (relation.isManyToMany) {
      const conditions = stored.map((owner) => relatedTo(relationships, owner, relation));
      for (const batch of batches(conditions, relation.junction!.toOwner.length + 1, this.#state))
        for (const target of await this.#rows(relation.target, or(...batch))) this.deleted.add(target);
      return;
    }
    const keys = stored.flatMap((owner) => {
      const key = relationships.foreignKeyValues(owner, relation);
      return key ? [key] : [];
    });
    const columns = relation.joins.map(({ referenced }) => referenced);
    for (const batch of batches(keys, columns.length, this.#state))
      for (const target of await this.#rows(relation.target, among(columns, batch))) this.deleted.add(target);
  }

  #setOrphanAction(child: Instance, relation: RelationModel, action: "nullify" | "disable"): void {
    const actions = this.orphaned.get(child);
    if (actions) actions.set(relation, action);
    else this.orphaned.set(child, new Map([[relation, action]]));
  }

  /** Children in memory, new ones too: they would be inserted with the key of a deleted row. */
  #loadedChildren(relation: RelationModel, parents: readonly Instance[]): Instance[] {
    const gone = new Set(parents.map(({ entity }) => entity));
    const { identities, pending, registry } = this.#state;
    const children: Instance[] = [];
    for (const instances of [identities.of(relation.model).values(), pending, this.added])
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
    const children = new Set<Instance>();
    for (const batch of batches(keys, columns.length, this.#state))
      for (const child of await this.#rows(relation.model, among(columns, batch))) children.add(child);
    for (const child of this.#loadedChildren(relation, parents)) children.add(child);
    return [...children];
  }

  async #rows(model: EntityModel, condition: Condition): Promise<Instance[]> {
    const entities = await this.#withoutAutoflush((context) =>
      Query.of<object>(() => context, model)
        .withDeleted()
        .filter(condition)
        .all(),
    );
    return entities.map((entity) => instanceOf(entity)!);
  }
}

const EMPTY: readonly never[] = [];

/** Whether an object has a row, and no session holds it. */
function isDetached(entity: object): boolean {
  const instance = instanceOf(entity);
  return instance?.snapshot !== undefined && !instance.owner && instance.deletion !== "sent";
}

/** Whether anything of an object would be lost if the session's object of the same row took its place. */
function isChanged(state: SessionState, instance: Instance): boolean {
  if (state.isDirty(instance) || instance.promises) return true;
  return (instance.related ?? EMPTY).some((related) => {
    let isSet = false;
    if (related?.isChanged) related.forEachAssigned(() => (isSet = true));
    return isSet || (related !== undefined && related.changes().removed.length > 0);
  });
}

/** Whether rows could stay that refer to a deleted one, if the database does not do what the entities say. */
function mayLeaveRows(model: EntityModel): boolean {
  return model.joinTableSides().length > 0 || model.referencingRelations().some(changesRows);
}

/** Whether the foreign key is declared to delete or update its rows with those that they refer to. */
function changesRows({ metadata: { onDelete } }: RelationModel): boolean {
  return onDelete === "CASCADE" || onDelete === "SET NULL";
}

function isDeletedWithParent({ metadata: { onDelete, inverseRelation } }: RelationModel): boolean {
  return onDelete === "CASCADE" || inverseRelation?.isCascadeRemove === true;
}

/** Whether an object was removed from its parent's collection, and added to no other. */
function isOrphaned(instance: Instance, relation: RelationModel): boolean {
  const reference = instance.reference(relation);
  if (!reference?.isChanged || !reference.isNotified || reference.entity !== null || !instance.snapshot) return false;
  return relation.joins.some(({ foreign }) => instance.snapshot![foreign.index] !== null);
}
