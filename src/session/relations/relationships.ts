import { isObject, isPlainObject } from "../../values";
import { describe } from "../../metadata/errors";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import type { Models } from "../../metadata/models";
import { isAwaitable } from "../../query/awaitable";
import { unknownProperty } from "../../query/errors";
import type { Query } from "../../query/query";
import { keyOf } from "../state/batches";
import { nameOf, notInSession, raisedOnLoad, twoParents, wrongEntity, wrongKey, wrongList } from "../state/errors";
import { Instance, instanceOf, NOT_LOADED, type InstanceOwner } from "../state/instance";
import { Reference } from "../state/reference";
import { currentValue, staysWithoutTarget } from "../state/values";
import { Collection, type CollectionAdapter } from "./collection";
import { linkEmbeddeds, relinkEmbeddeds } from "./embedded";
import { conceal, expose, instrument, notifyClass } from "./instrument";
import type { RelationAccess } from "./relation-access";
import { LazyCollection, LazyReference } from "./lazy";

/** A relation to many, loaded or not; `isLoaded` tells which. */
type ToMany = Collection<object> | LazyCollection;

/**
 * Reads and sets relations of objects in memory, and keeps both sides in step: `p.author = u` adds p to `u.posts`, and
 * `u.posts.push(p)` sets `p.author`.
 */
export class Relationships implements CollectionAdapter, RelationAccess {
  readonly #models: Models;
  /** The order in which promises were assigned. */
  readonly #placeOf = new WeakMap<Promise<unknown>, number>();
  #promises = 0;
  /** The place of the promise whose value is written now; what is assigned directly comes after all promises. */
  #writing = Infinity;
  /** Whether a value is taken that was set before a session saw the object, so that no accessor saw in which order. */
  #isAdopting = false;

  constructor(models: Models) {
    this.#models = models;
  }

  // RelationAccess

  read(instance: Instance, relation: RelationModel): unknown {
    const promise = instance.promises?.get(relation);
    if (promise) return promise;
    const value = relation.toMany ? this.#readMany(instance, relation) : this.#readOne(instance, relation);
    if (!relation.metadata.isLazy) return value;
    // TypeORM's lazy relations are promises, loaded or not.
    const isMissing = value === undefined || (relation.toMany && !instance.relatedValue(relation)?.isLoaded);
    return isMissing || isAwaitable(value) ? this.load(instance, relation) : Promise.resolve(value);
  }

  write(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value instanceof Promise) this.#writePromise(instance, relation, value);
    else {
      instance.dropPromise(relation);
      if (relation.toMany) this.#writeMany(instance, relation, value);
      else this.#writeOne(instance, relation, value);
    }
  }

  adopt(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value === undefined) return;
    const isAdopting = this.#isAdopting;
    this.#isAdopting = true;
    try {
      if (value !== null || instance.snapshot) this.write(instance, relation, value);
      else if (!relation.toMany && !instance.relatedValue(relation))
        instance.setRelatedValue(relation, Reference.assigned(null, null));
    } finally {
      this.#isAdopting = isAdopting;
    }
  }

  // Keys and values

  /** The related entity as far as it is known in memory; undefined where only the database has it. */
  known(instance: Instance, relation: RelationModel): object | null | undefined {
    const reference = instance.reference(relation);
    if (reference) return reference.entity;
    if (!relation.holdsKey) return instance.snapshot ? undefined : null;
    const key = this.foreignKey(instance, relation);
    if (key === undefined) return null;
    return instance.owner && referencesPrimaryKey(relation) ? instance.owner.loaded(relation.target, key) : undefined;
  }

  /** The current value of the foreign key: a value, an object of values, or undefined where it is NULL. */
  foreignKey(instance: Instance, relation: RelationModel): unknown {
    const values = this.foreignKeyValues(instance, relation);
    if (!values || values.length === 1) return values?.[0];
    return Object.fromEntries(relation.joins.map(({ referenced }, index) => [referenced.property, values[index]]));
  }

  /** The current values of the foreign key's columns; undefined where one is NULL. */
  foreignKeyValues(instance: Instance, relation: RelationModel): unknown[] | undefined {
    const { joins } = relation;
    const values = new Array<unknown>(joins.length);
    for (let place = 0; place < joins.length; place++) {
      const value = heldValue(instance, joins[place]!.foreign);
      if (value === null || value === undefined) return undefined;
      values[place] = value;
    }
    return values;
  }

  /** The entity that the foreign key refers to, where it is loaded and not expired. */
  loadedTarget(instance: Instance, relation: RelationModel): object | undefined {
    const entity = instance.owner?.loaded(relation.target, this.foreignKey(instance, relation));
    return entity && !instanceOf(entity)!.isExpired ? entity : undefined;
  }

  /** Discards what a relation was set to, without notifying the other side: it is what the database has. */
  revert(instance: Instance, relation: RelationModel): void {
    instance.setRelatedValue(relation, undefined);
    conceal(instance, relation);
    for (const { foreign } of relation.joins) {
      const stored = instance.snapshot![foreign.index];
      if (typeof stored !== "symbol") foreign.write(instance.entity, foreign.codec.thaw(stored));
    }
  }

  /** Sets columns, embeddeds and relations of an object by property. */
  assign(instance: Instance, values: object): void {
    const { entity, model } = instance;
    for (const [property, value] of Object.entries(values)) {
      // "__proto__" and "constructor" of a parsed body are in every object, and are no properties of an entity.
      const isInherited = property in Object.prototype;
      const known =
        (property in entity && !isInherited) ||
        model.properties.some((name) => name === property || name.startsWith(`${property}.`));
      if (!known) throw unknownProperty(model.name, property, model.properties);
      if (value === undefined) continue;
      const embedded = model.metadata.embeddeds.find(({ propertyName }) => propertyName === property);
      if (embedded && typeof value === "object" && value !== null) {
        for (const part of [...model.columns, ...model.relations])
          if (part.path[0] === property && part.read(values) !== undefined) part.write(entity, part.read(values));
        this.linkEmbeddeds(instance);
      } else (entity as Record<string, unknown>)[property] = value;
    }
  }

  /** A new object of an entity, as TypeORM makes it. */
  create(model: EntityModel): object {
    const entity = model.metadata.create() as object;
    this.begin(entity, model);
    return entity;
  }

  /** The state of an object, which is instrumented now where no session has seen it. */
  instanceFor(entity: object): Instance {
    return instanceOf(entity) ?? this.begin(entity, this.#models.ofEntity(entity));
  }

  /** Instruments an object of a model that cannot be told by its class (an EntitySchema without one). */
  begin(entity: object, model: EntityModel): Instance {
    const instance = new Instance(model, entity);
    instrument(instance, this);
    return instance;
  }

  /** Takes relations that were set in embedded objects where no accessor saw it. */
  linkEmbeddeds(instance: Instance): void {
    if (instance.model.embeddedRelations.length > 0) linkEmbeddeds(instance, this);
  }

  /** Discards what was set in embedded objects where no accessor saw it; of an object that was read, makes those that it lacks. */
  relinkEmbeddeds(instance: Instance): void {
    if (instance.model.embeddedRelations.length > 0) relinkEmbeddeds(instance, this);
  }

  /** Notifies the other sides of an object's relations again. Those that have the object already do nothing. */
  renotify(instance: Instance): void {
    instance.isRolledBack = false;
    for (const relation of instance.model.relations) {
      const related = instance.relatedValue(relation);
      if (related?.isLoaded) for (const member of related.members()) this.memberAdded(instance, relation, member);
    }
  }

  /** The object's row is deleted: all that it is related to is to be written again, and to be notified. */
  renew(instance: Instance, owner: InstanceOwner): void {
    for (const relation of instance.model.relations) {
      const related = instance.relatedValue(relation);
      if (related) instance.setRelatedValue(relation, related.isLoaded ? related.withoutRow() : undefined);
      else if (relation.holdsKey) {
        const key = this.foreignKey(instance, relation);
        if (key === undefined) continue;
        this.write(instance, relation, (referencesPrimaryKey(relation) && owner.loaded(relation.target, key)) || key);
      }
    }
    instance.isRolledBack = true;
  }

  /** Makes a relation one that is not loaded; its changes are discarded. */
  expire(instance: Instance, relation: RelationModel): void {
    const related = instance.relatedValue(relation);
    conceal(instance, relation);
    if (related instanceof LazyCollection) related.discard();
    const isHeld = related instanceof LazyCollection && related.expired !== undefined;
    if (isHeld) return;
    related?.discardUnreportedChanges();
    const lazy = related instanceof Collection ? new LazyCollection(instance, relation, this, related) : undefined;
    instance.setRelatedValue(relation, lazy);
  }

  /** Removes the objects that an assignment to a relation to one replaced, which is known when they are read. */
  replaced(instance: Instance, relation: RelationModel, stored: readonly object[]): void {
    const { entity } = instance.reference(relation)!;
    for (const member of stored) if (member !== entity) this.memberRemoved(instance, relation, member);
  }

  /**
   * Removes an object from the loaded list of the one that its foreign key refers to in the database, which was not known when
   * the relation was set: the object was detached, or the other one was loaded later.
   */
  leaveStored(instance: Instance, relation: RelationModel): void {
    const { inverse, joins } = relation;
    if (!instance.snapshot || !instance.owner || !inverse || !referencesPrimaryKey(relation)) return;
    const key = {};
    for (const { foreign, referenced } of joins) {
      const stored = instance.snapshot[foreign.index];
      if (stored === null || typeof stored === "symbol") return;
      referenced.write(key, foreign.codec.thaw(stored));
    }
    const before = instance.owner.loaded(relation.target, key);
    const reference = instance.reference(relation)!;
    if (!before || before === reference.entity) return;
    reference.compareWith([before]);
    if (instanceOf(before)!.relatedValue(inverse)?.isLoaded) this.#notify(before, inverse, instance.entity, false);
  }

  /** Fills a relation to many with the members that were read. */
  fillMany(instance: Instance, relation: RelationModel, stored: readonly object[]): void {
    const related = toMany(instance, relation);
    if (related?.isLoaded) return;
    instance.owner?.reading(instance);
    const collection = related?.filled(stored) ?? Collection.over(instance, relation, this, stored);
    instance.setRelatedValue(relation, collection);
    expose(instance, relation);
  }

  /** Fills a relation to one with the entity that was read. */
  fillOne(instance: Instance, relation: RelationModel, entity: object | null): void {
    if (instance.relatedValue(relation)) return;
    instance.owner?.reading(instance);
    instance.setRelatedValue(relation, Reference.loaded(entity));
    expose(instance, relation);
  }

  // CollectionAdapter

  query(owner: Instance, relation: RelationModel): Query<object> {
    if (!owner.owner) throw notInSession(owner.entity);
    return owner.owner.relatedQuery(owner, relation);
  }

  load(owner: Instance, relation: RelationModel): Promise<unknown> {
    if (owner.owner) return owner.owner.load(owner, relation);
    if (!hasRow(owner)) return Promise.resolve(relation.toMany ? [] : null);
    const rejected = Promise.reject(notInSession(owner.entity));
    // Reading a property that nobody awaits must not end the process.
    rejected.catch(() => undefined);
    return rejected;
  }

  checkMember(relation: RelationModel, member: unknown): void {
    const model =
      typeof member === "object" && member !== null
        ? (instanceOf(member)?.model ?? this.#models.find(member))
        : undefined;
    if (!model) throw wrongEntity(relation, describe(member));
    if (model !== relation.target && !model.isA(relation.target)) throw wrongEntity(relation, nameOf(member as object));
  }

  memberAdded(owner: Instance, relation: RelationModel, member: object): void {
    if (owner.relatedValue(relation)?.isLoaded) expose(owner, relation);
    if (relation.inverse) this.#notify(member, relation.inverse, owner.entity, true);
  }

  memberRemoved(owner: Instance, relation: RelationModel, member: object): void {
    if (relation.inverse) this.#notify(member, relation.inverse, owner.entity, false);
  }

  // Reading

  #readMany(instance: Instance, relation: RelationModel): ToMany {
    const related = toMany(instance, relation);
    if (related?.isLoaded) related.takeAssigned();
    if (related) return related;
    if (hasRow(instance)) this.#checkAllowed(instance, relation);
    return this.#unset(instance, relation);
  }

  /** Gives an object the list of a relation that was neither loaded nor set: empty without a row, else not loaded. */
  #unset(instance: Instance, relation: RelationModel): ToMany {
    const list = hasRow(instance)
      ? new LazyCollection(instance, relation, this)
      : Collection.over(instance, relation, this, []);
    instance.setRelatedValue(relation, list);
    return list;
  }

  #readOne(instance: Instance, relation: RelationModel): unknown {
    const known = this.known(instance, relation);
    if (known !== undefined) return known;
    if (!instance.owner) return undefined;
    this.#checkAllowed(instance, relation);
    return new LazyReference(instance, relation, this);
  }

  #checkAllowed(instance: Instance, relation: RelationModel): void {
    if (instance.owner?.raiseOnLoad || instance.forbidden?.has(relation)) throw raisedOnLoad(relation);
  }

  // Setting

  /** What a promise resolves to is written as soon as it is known: of assignments to both sides, the later one decides. */
  #writePromise(instance: Instance, relation: RelationModel, promise: Promise<unknown>): void {
    instance.owner?.changing(instance);
    instance.setPromise(relation, promise);
    const place = this.#promises++;
    this.#placeOf.set(promise, place);
    const take = (value: unknown): void => {
      if (instance.promises?.get(relation) !== promise) return;
      this.#writing = place;
      try {
        this.write(instance, relation, value);
      } catch {
        // The flush awaits it again, and says why it cannot be written.
        instance.setPromise(relation, promise);
      } finally {
        this.#writing = Infinity;
      }
    };
    promise.then(take, () => undefined);
  }

  #writeMany(instance: Instance, relation: RelationModel, value: unknown): void {
    const related = toMany(instance, relation);
    if (value === undefined || value === related) return;
    if (value !== null && !isIterable(value)) throw wrongList(relation, describe(value));
    const given = value === null ? [] : [...(value as Iterable<object>)];
    for (const member of given) this.checkMember(relation, member);
    const members = given.map((member) => this.#resident(instance, relation, member));
    instance.owner?.changing(instance);
    if (related?.isLoaded) {
      related.assign(members, value, given);
      return;
    }
    const collection = Collection.over<object>(instance, relation, this, [], instance.snapshot !== undefined);
    instance.setRelatedValue(relation, collection);
    expose(instance, relation);
    collection.assign(members, value, given);
    // The flush finds the members that are removed in the database, where those that were only added are not.
    for (const member of related?.members() ?? [])
      if (!members.includes(member)) this.memberRemoved(instance, relation, member);
  }

  #writeOne(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value instanceof LazyReference) {
      if (value.isOf(instance, relation)) return;
      throw value.notLoaded;
    }
    if (value === undefined) {
      instance.setRelatedValue(relation, undefined);
      return;
    }
    if (value !== null) {
      const model = typeof value === "object" ? (instanceOf(value)?.model ?? this.#models.find(value)) : undefined;
      if (!model) {
        if (typeof value === "object" && !isPlainObject(value)) throw wrongEntity(relation, describe(value));
        this.#writeKey(instance, relation, value);
        return;
      }
      if (model !== relation.target && !model.isA(relation.target))
        throw wrongEntity(relation, nameOf(value as object));
    }
    const entity = value === null ? null : this.#resident(instance, relation, value as object);
    this.#setReference(instance, relation, entity, undefined);
  }

  /**
   * The session's object of a row, in the place of an equal one that was read elsewhere (by a repository of TypeORM). One
   * with other values is taken as it is, and refused by the flush as a second object of the row.
   */
  #resident({ owner }: Instance, relation: RelationModel, entity: object): object {
    if (!owner || instanceOf(entity)) return entity;
    const { primary, relations } = relation.target;
    const key: Record<string, unknown> = {};
    for (const column of primary) {
      const value = column.read(entity);
      if (value === undefined || value === null) return entity;
      column.write(key, value);
    }
    const loaded = owner.loaded(relation.target, key);
    const known = loaded && instanceOf(loaded);
    // TypeORM's accessor of a lazy relation would load it.
    if (!known || relations.some((one) => one.metadata.isLazy && Object.hasOwn(entity, one.property))) return entity;
    return hasValuesOf(known, entity) ? loaded : entity;
  }

  /** `post.author = 1` or `{ id: 1 }`, as TypeORM accepts it: only the key is known. */
  #writeKey(instance: Instance, relation: RelationModel, value: unknown): void {
    const key = keyGiven(relation, value);
    const loaded = key && referencesPrimaryKey(relation) ? instance.owner?.loaded(relation.target, key) : undefined;
    const isKey =
      key && (!isObject(value) || hasOnlyKey(relation, value) || (loaded && hasValuesOf(instanceOf(loaded)!, value)));
    if (!isKey) throw wrongKey(relation, describe(value));
    if (loaded) {
      this.#setReference(instance, relation, loaded, undefined);
      return;
    }
    instance.owner?.changing(instance);
    const stub = this.#models.dataSource.manager.create(relation.target.metadata.target as never) as object;
    for (const { referenced } of relation.joins) referenced.write(stub, referenced.read(key));
    const stored = storedNext(instance, relation, instance.reference(relation), this.known(instance, relation));
    instance.setRelatedValue(relation, Reference.assigned(stub, stored, { isKeyOnly: true }));
    this.#copyKey(instance, relation, stub);
    expose(instance, relation);
  }

  /** @param notifiedBy the entity whose side changed first, and does not have to be notified */
  #setReference(
    instance: Instance,
    relation: RelationModel,
    entity: object | null,
    notifiedBy: object | undefined,
  ): void {
    const reference = instance.reference(relation);
    const before = reference ? reference.entity : this.known(instance, relation);
    const isNotified = notifiedBy !== undefined;
    if (reference && before === entity) {
      if (isNotified) return;
      // Both sides were set.
      if (reference.isChanged) reference.isNotified = false;
      expose(instance, relation);
      return;
    }
    instance.owner?.changing(instance);
    const stored = storedNext(instance, relation, reference, before);
    if (this.#isAdopting && isNotified && entity && reference?.isChanged && reference.entity) {
      const error = (): Error => twoParents(instance.entity, relation, reference.entity!, entity);
      instance.setRelatedValue(relation, Reference.conflicting(reference.entity, stored, error));
      return;
    }
    instance.setRelatedValue(relation, Reference.assigned(entity, stored, { isNotified }));
    if (isNotified) notifyClass(instance, relation);
    else expose(instance, relation);
    if (relation.holdsKey) this.#copyKey(instance, relation, entity);
    const { inverse } = relation;
    if (!inverse) return;
    if (before && before !== notifiedBy && before !== entity) this.#notify(before, inverse, instance.entity, false);
    if (entity && entity !== notifiedBy) this.#notify(entity, inverse, instance.entity, true);
  }

  /** Sets a relation of an entity because its other side changed. */
  #notify(entity: object, relation: RelationModel, member: object, belongs: boolean): void {
    const other = this.instanceFor(entity);
    if (relation.toMany) return this.#syncMember(other, relation, member, belongs);
    const promise = belongs ? other.promises?.get(relation) : undefined;
    if (promise && this.#placeOf.get(promise)! < this.#writing) other.dropPromise(relation);
    if (belongs || this.#refersTo(other, relation, member))
      this.#setReference(other, relation, belongs ? member : null, member);
  }

  /** Whether a relation to one leads to an entity; where no session finds it, the foreign key decides. */
  #refersTo(instance: Instance, relation: RelationModel, entity: object): boolean {
    const known = this.known(instance, relation);
    if (known !== undefined || !relation.holdsKey) return known === entity;
    const values = this.foreignKeyValues(instance, relation);
    return (
      values !== undefined && keyOf(values) === keyOf(relation.joins.map(({ referenced }) => referenced.read(entity)))
    );
  }

  #syncMember(instance: Instance, relation: RelationModel, member: object, belongs: boolean): void {
    // It is no property of its own then: JSON of objects that refer to each other has one of the two sides.
    const related = toMany(instance, relation) ?? this.#unset(instance, relation);
    related.syncMember(member, belongs);
  }

  /** Copies the entity's key, as far as it is known, into the properties of the foreign key. */
  #copyKey(instance: Instance, relation: RelationModel, entity: object | null): void {
    instance.reference(relation)!.copiedKey = relation.joins.map(({ foreign, referenced }) => {
      if (entity === null && staysWithoutTarget(relation, foreign)) return undefined;
      const value = entity === null ? null : (referenced.read(entity) ?? undefined);
      foreign.write(instance.entity, value);
      return value;
    });
  }
}

/** Whether a foreign key refers to the other side's primary key, by which the identity map finds it. */
export function referencesPrimaryKey(relation: RelationModel): boolean {
  const { primary } = relation.target;
  return relation.joins.length === primary.length && relation.joins.every(({ referenced }) => referenced.isPrimary);
}

/** The key that a relation is set to, as an object of its parts; undefined where a part of it is missing. */
function keyGiven({ joins }: RelationModel, value: unknown): object | undefined {
  if (!isObject(value) && joins.length > 1) return undefined;
  const key = {};
  for (const { referenced } of joins) {
    const part = isObject(value) ? referenced.read(value) : value;
    if (part === undefined || part === null) return undefined;
    referenced.write(key, part);
  }
  return key;
}

/** Whether an object has none of the target's properties but the key, so that nothing of it would be lost. */
export function hasOnlyKey({ joins, target }: RelationModel, value: object): boolean {
  const key = new Set(joins.map(({ referenced }) => referenced));
  return [...target.columns, ...target.relations].every(
    (part) => key.has(part as ColumnModel) || part.read(value) === undefined,
  );
}

/** Whether an object has no other values than one that is loaded; a value that is missing is none. */
function hasValuesOf(loaded: Instance, entity: object): boolean {
  const { columns, relations } = loaded.model;
  if (relations.some((relation) => relation.read(entity) !== undefined)) return false;
  return columns.every((column) => {
    const value = column.read(entity);
    return (
      value === undefined || column.codec.same(value, column.codec.freezeValue(currentValue(loaded, column) ?? null))
    );
  });
}

/** Whether the database may have related rows of an object that the session does not know. */
function hasRow({ owner, snapshot, deletion }: Instance): boolean {
  return snapshot !== undefined && (owner !== undefined || deletion !== "sent");
}

function isIterable(value: unknown): boolean {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function";
}

function toMany(instance: Instance, relation: RelationModel): ToMany | undefined {
  return instance.relatedValue(relation) as ToMany | undefined;
}

/** What the database stores in a relation to one that is set; undefined where that is not known. */
function storedNext(
  { snapshot }: Instance,
  relation: RelationModel,
  before: Reference | undefined,
  known: object | null | undefined,
): object | null | undefined {
  if (before) return before.storedNext;
  if (!snapshot) return null;
  // A foreign key without a property is as it was read.
  return relation.holdsKey && relation.joins.every(({ foreign }) => foreign.isVirtual) ? known : undefined;
}

/** The value of a foreign key's column, in its property or, without one, in the snapshot. */
function heldValue(instance: Instance, foreign: ColumnModel): unknown {
  if (!foreign.isVirtual) return foreign.read(instance.entity);
  const own = instance.model.ownColumn(foreign);
  const stored = own && instance.snapshot?.[own.index];
  return stored === NOT_LOADED || stored === undefined ? undefined : foreign.codec.thaw(stored);
}
