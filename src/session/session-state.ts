import type { DataSource } from "typeorm";
import type { Connection, Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import type { Models } from "../metadata/models";
import type { Query } from "../query/query";
import type { CompleteOptions } from "./options";
import { hydratorOf, type Hydrator } from "./relations/hydrator";
import type { Registry } from "./relations/registry";
import { hasChangedRelation, isModified } from "./state/changes";
import { duplicateKey, noDeleteDate, notPersistent, ofAnotherDataSource, withoutKey } from "./state/errors";
import { keyMaker } from "./state/identity-key";
import { IdentityMap } from "./state/identity-map";
import { instanceOf, NOT_LOADED, type Instance, type InstanceOwner, type RelationSource } from "./state/instance";
import { UndoLog } from "./state/undo-log";
import { dataSourceOf } from "../typeorm/data-source";
import { asTypeorms } from "../typeorm/error-classes";

/** The objects of a session and what is known of them. Every step of a flush, a load or a rollback works on this. */
export class SessionState implements InstanceOwner {
  readonly dataSource: DataSource;
  readonly dialect: Dialect;
  readonly models: Models;
  readonly registry: Registry;
  readonly options: CompleteOptions;
  readonly identities = new IdentityMap();
  readonly undoLog = new UndoLog();
  connection: Connection;
  /** Objects that were added and have no row yet. */
  readonly pending = new Set<Instance>();
  /** Objects whose deletion was asked for. */
  readonly deleting = new Set<Instance>();
  /** Objects with a row whose relations were changed. */
  readonly relationsChanged = new Set<Instance>();
  /** Incremented to expire all objects. */
  generation = 0;
  /** Tables that `update()` or `delete()` of a query wrote since the last commit. */
  readonly bulkWritten = new Set<EntityModel>();
  /** Objects whose rows were read inside the transaction, which may be rolled back. */
  readonly readInTransaction = new Set<Instance>();
  readonly #source: RelationSource;

  /** @param source loads the relations of the session's objects */
  constructor(registry: Registry, options: CompleteOptions, connection: Connection, source: RelationSource) {
    this.registry = registry;
    this.models = registry.models;
    this.dataSource = registry.models.dataSource;
    this.dialect = registry.dialect;
    this.options = options;
    this.connection = connection;
    this.#source = source;
  }

  // Adding and removing objects

  /**
   * Adds an object to the session; one whose deletion was asked for is kept.
   *
   * @throws RetortError `session/other-session`, `session/another-data-source`
   */
  add(entity: unknown): Instance {
    const { relationships } = this.registry;
    const instance = relationships.instanceFor(this.#checked(entity));
    if (instance.owner === this && instance.deletion !== "sent") {
      if (instance.deletion === "asked") {
        this.changing(instance);
        instance.deletion = "none";
        this.deleting.delete(instance);
      }
      return instance;
    }
    this.registry.claim(instance, this);
    const other = this.#otherOf(instance);
    if (other) throw duplicateKey(entity as object, other.entity, String(instance.key), true);
    this.#attach(instance);
    for (const related of this.#detachedWith(instance)) this.#attach(related);
    return instance;
  }

  #attach(instance: Instance): void {
    const { relationships } = this.registry;
    this.undoLog.record(instance);
    if (instance.deletion === "sent") {
      // Its row is deleted, so it is a new object now.
      relationships.renew(instance, this);
      instance.deletion = "none";
      instance.snapshot = undefined;
    }
    instance.owner = this;
    instance.generation = this.generation;
    if (!instance.snapshot) this.pending.add(instance);
    else {
      this.identities.add(instance);
      // What was changed of it in no session is written by this one.
      if (instance.promises || hasChangedRelation(instance)) this.relationsChanged.add(instance);
    }
    if (instance.isRolledBack) relationships.renotify(instance);
  }

  /** The object of the session that has the row of an object to add. */
  #otherOf({ model, key, snapshot, deletion }: Instance): Instance | undefined {
    const other = snapshot && deletion !== "sent" ? this.identities.get(model, key) : undefined;
    return other?.deletion === "sent" ? undefined : other;
  }

  /**
   * The objects with a row that an added object refers to, directly or not, and that belong to no session: they are attached
   * with it, as by SQLAlchemy's save-update cascade. So are those that were removed from its relations, whose foreign keys
   * may have to be written.
   */
  #detachedWith(added: Instance): Set<Instance> {
    const found = new Set([added]);
    for (const instance of found)
      for (const value of (instance.snapshot && instance.related) ?? [])
        for (const entity of value ? [...value.members(), ...value.changes().removed] : []) {
          const member = instanceOf(entity);
          if (!member?.snapshot || member.owner || member.deletion === "sent") continue;
          const other = this.#otherOf(member);
          if (!other) found.add(member);
          else if (this.isDirty(member)) throw duplicateKey(entity, other.entity, String(member.key), true);
        }
    found.delete(added);
    return found;
  }

  #checked(entity: unknown): object {
    const instance = typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
    if (instance && dataSourceOf(instance.model.metadata) !== this.dataSource)
      throw ofAnotherDataSource(instance.entity);
    const model = instance?.model ?? this.models.ofEntity(entity);
    if (model.primary.length === 0) throw withoutKey(entity as object, model.name);
    return entity as object;
  }

  /** Removes an object for good. A rollback still takes back what was written of it. */
  expunge(instance: Instance): void {
    this.undoLog.detach(instance);
    this.withdraw(instance);
  }

  /** Removes an object until a rollback, which puts one that had a row back. */
  withdraw(instance: Instance): void {
    this.pending.delete(instance);
    this.deleting.delete(instance);
    this.relationsChanged.delete(instance);
    if (instance.snapshot) this.identities.remove(instance);
    this.readInTransaction.delete(instance);
    instance.owner = undefined;
    instance.deletion = instance.deletion === "sent" ? "sent" : "none";
  }

  /** Removes the objects that a stream has passed, unless they were changed. */
  release(entities: Iterable<object>): void {
    for (const entity of entities) {
      const instance = instanceOf(entity);
      if (instance?.owner !== this || instance.deletion !== "none") continue;
      if (this.relationsChanged.has(instance) || this.isDirty(instance)) continue;
      this.expunge(instance);
    }
  }

  /** Lets go of all objects; the session is closed. */
  clear(): void {
    for (const instances of this.identities.tables())
      for (const instance of instances.values()) this.withdraw(instance);
    for (const instance of this.pending) this.withdraw(instance);
    this.identities.clear();
    this.pending.clear();
    this.deleting.clear();
    this.relationsChanged.clear();
    this.undoLog.clear();
    this.readInTransaction.clear();
  }

  // Deleting

  markDeleted(instance: Instance): void {
    this.undoLog.record(instance);
    instance.deletion = "asked";
    this.deleting.add(instance);
  }

  /** Marks an object whose row a statement of a query deleted. */
  markRowDeleted(instance: Instance): void {
    this.undoLog.record(instance);
    this.relationsChanged.delete(instance);
    this.deleting.delete(instance);
    instance.deletion = "sent";
  }

  /** Detaches an object whose row a read did not find any more. */
  detach(instance: Instance): void {
    this.identities.remove(instance);
    instance.owner = undefined;
  }

  /**
   * Sets the delete date of objects, or clears it, and that of their loaded relations with `cascade: ["soft-remove"]`
   * (`["recover"]`).
   *
   * @throws RetortError `session/no-delete-date`
   */
  markSoft(instances: Iterable<Instance>, soft: "remove" | "recover"): void {
    const queue = new Set(instances);
    for (const instance of queue) {
      const { deleteDate } = instance.model;
      if (!deleteDate) throw asTypeorms(noDeleteDate(instance.entity), "MissingDeleteDateColumnError", this.dataSource);
      if (!instance.snapshot || instance.deletion === "sent")
        throw notPersistent(instance.entity, instance.state, soft === "remove" ? "soft-removed" : "recovered");
      const isRemoved = isSoftRemoved(instance, deleteDate);
      // Where it is not known, the date is written.
      if (isRemoved !== (soft === "remove")) {
        this.undoLog.record(instance);
        instance.soft = soft;
        deleteDate.write(instance.entity, soft === "remove" ? nowIn(deleteDate) : null);
      }
      for (const relation of instance.model.relations) {
        const { isCascadeSoftRemove, isCascadeRecover } = relation.metadata;
        if (!(soft === "remove" ? isCascadeSoftRemove : isCascadeRecover)) continue;
        for (const entity of this.membersOf(instance.entity, relation)) queue.add(this.add(entity));
      }
    }
  }

  // Changes

  hasChanges(): boolean {
    if (this.pending.size > 0 || this.deleting.size > 0 || this.relationsChanged.size > 0) return true;
    for (const instances of this.identities.tables()) {
      let model: EntityModel | undefined;
      let hydrator: Hydrator;
      for (const instance of instances.values()) {
        if (instance.model !== model) hydrator = hydratorOf((model = instance.model), this.registry.relationships);
        if (model.embeddedRelations.length > 0) this.registry.relationships.linkEmbeddeds(instance);
        if (isModified(instance, hydrator!)) return true;
        if (instance.related && hasChangedRelation(instance)) return true;
      }
    }
    return false;
  }

  isDirty(instance: Instance): boolean {
    this.registry.relationships.linkEmbeddeds(instance);
    return this.isModified(instance);
  }

  /** The same as far as accessors saw it: relations that were set in a new embedded object are left out. */
  isModified(instance: Instance): boolean {
    return isModified(instance, hydratorOf(instance.model, this.registry.relationships));
  }

  changing(instance: Instance): void {
    this.undoLog.record(instance);
    if (instance.snapshot) this.relationsChanged.add(instance);
  }

  reading(instance: Instance): void {
    if (this.connection.inTransaction) this.undoLog.record(instance);
  }

  // Relations

  get raiseOnLoad(): boolean {
    return this.options.lazyLoading === "raise";
  }

  loaded(model: EntityModel, key: unknown): object | undefined {
    const identity = keyMaker(model).ofValues(keyMaker(model).parts(key));
    const instance = this.identities.get(model, identity);
    return instance && instance.deletion !== "sent" ? instance.entity : undefined;
  }

  load(instance: Instance, relation: RelationModel): Promise<unknown> {
    return this.#source.load(instance, relation);
  }

  relatedQuery(instance: Instance, relation: RelationModel): Query<object> {
    return this.#source.relatedQuery(instance, relation);
  }

  /** The entities that one is related to; none where the relation is not loaded. */
  membersOf(entity: object, relation: RelationModel): readonly object[] {
    const related = instanceOf(entity)?.relatedValue(relation);
    return related?.isLoaded ? [...related.members()] : [];
  }

  // Expiring

  /** Expires the objects of a table: the next query that returns one reads it again. */
  expireTable(model: EntityModel): void {
    for (const instance of this.identities.of(model).values()) instance.generation = -1;
  }

  /** Expires what was read inside a transaction that is rolled back, and tables that queries wrote in it. */
  expireUncommitted(): void {
    for (const instance of this.readInTransaction) instance.generation = -1;
    this.readInTransaction.clear();
    if (this.bulkWritten.size === 0) return;
    for (const model of this.bulkWritten) this.expireTable(model);
    this.expireRelationsTo(this.bulkWritten, () => true);
  }

  /**
   * Expires the relations of an object: they are loaded again when they are read.
   *
   * @param changed whether to discard relations that were changed, too
   */
  expireRelations(instance: Instance, changed: boolean): void {
    if (!instance.related) return;
    const { relationships } = this.registry;
    let isChanged = false;
    for (const relation of instance.model.relations) {
      const related = instance.related[relation.index];
      if (!related) continue;
      if (!changed && related.isChanged) isChanged = true;
      else relationships.expire(instance, relation);
    }
    if (isChanged) return;
    this.relationsChanged.delete(instance);
    if (instance.related.every((related) => related === undefined)) instance.related = undefined;
  }

  /** Expires unchanged relations to rows of these tables. */
  expireRelationsTo(tables: ReadonlySet<EntityModel>, isAffected: (relation: RelationModel) => boolean): void {
    for (const instance of this.identities) {
      if (!instance.related) continue;
      for (const relation of instance.model.relations) {
        const related = instance.relatedValue(relation);
        if (!related || related.isChanged || !tables.has(relation.target.root) || !isAffected(relation)) continue;
        this.registry.relationships.expire(instance, relation);
      }
    }
  }
}

/** Whether an object has a delete date; the stored one decides where its property was not read. */
function isSoftRemoved({ entity, snapshot }: Instance, deleteDate: ColumnModel): boolean | undefined {
  const date = deleteDate.read(entity);
  if (date !== undefined) return date !== null;
  const stored = snapshot![deleteDate.index];
  return stored === NOT_LOADED ? undefined : stored !== null;
}

/** The current time, as exactly as the column stores it. */
function nowIn(column: ColumnModel): Date {
  const now = new Date();
  if (column.inspect(now)) now.setMilliseconds(0);
  return now;
}
