import { isPlainObject } from "../../values";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { describe } from "../../metadata/errors";
import type { Models } from "../../metadata/models";
import { unknownProperty } from "../../query/errors";
import type { Query } from "../../query/query";
import { Collection, LazyCollection, LazyReference, type CollectionKeeper } from "./collection";
import { nameOf, notInSession, raisedOnLoad, wrongEntity } from "../state/errors";
import { Instance, instanceOf, NOT_LOADED, referenceTo, type InstanceOwner, type Reference } from "../state/instance";
import { conceal, expose, instrument } from "./instrument";

/**
 * Relations of objects in memory: what reading one gives, and how a change of one side is told to the other, so that
 * `p.author = u` puts p into `u.posts` and `u.posts.push(p)` sets `p.author`.
 */
export class Relationships implements CollectionKeeper {
  readonly #models: Models;

  constructor(models: Models) {
    this.#models = models;
  }

  /** What a property that is a relation holds. */
  read(instance: Instance, relation: RelationModel): unknown {
    const promise = instance.promises?.get(relation);
    if (promise) return promise;
    const value = relation.toMany ? this.#readMany(instance, relation) : this.#readOne(instance, relation);
    if (!relation.metadata.isLazy) return value;
    // TypeORM's lazy relations are promises, whatever they hold.
    return value instanceof LazyCollection || value instanceof LazyReference
      ? this.load(instance, relation)
      : Promise.resolve(value);
  }

  /** The related entity as far as memory knows it; undefined where only the database knows. */
  known(instance: Instance, relation: RelationModel): object | null | undefined {
    const related = instance.relatedBy(relation) as Reference | undefined;
    if (related) return related.entity;
    if (!relation.holdsKey) return instance.snapshot ? undefined : null;
    const key = this.foreignKey(instance, relation);
    if (key === undefined) return null;
    return instance.owner && referencesPrimaryKey(relation) ? instance.owner.loaded(relation.target, key) : undefined;
  }

  /** The value of the foreign key as it stands: a value, an object of values, or undefined where it is NULL. */
  foreignKey(instance: Instance, relation: RelationModel): unknown {
    const values = this.foreignKeyValues(instance, relation);
    if (!values || values.length === 1) return values?.[0];
    return Object.fromEntries(relation.joins.map(({ referenced }, index) => [referenced.property, values[index]]));
  }

  /** The values of the foreign key's columns as they stand; undefined where one is NULL. */
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

  /** The entity that the foreign key points at, where it is loaded and not expired. */
  loadedTarget(instance: Instance, relation: RelationModel): object | undefined {
    const entity = instance.owner?.loaded(relation.target, this.foreignKey(instance, relation));
    return entity && !instanceOf(entity)!.isExpired ? entity : undefined;
  }

  /** Sets a relation and tells the other side. */
  write(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value instanceof Promise) {
      instance.owner?.changing(instance);
      instance.promise(relation, value);
    } else if (relation.toMany) this.#writeMany(instance, relation, (value ?? []) as Iterable<object>);
    else this.#writeOne(instance, relation, value);
  }

  /** Takes a relation for what the database says it is: whatever it was set to is forgotten, and nobody is told. */
  revert(instance: Instance, relation: RelationModel): void {
    instance.relate(relation, undefined);
    conceal(instance, relation);
    for (const { foreign } of relation.joins) {
      const remembered = instance.snapshot![foreign.index];
      if (typeof remembered !== "symbol") foreign.write(instance.entity, foreign.codec.thaw(remembered));
    }
  }

  /** Gives an object values by property: columns, embeddeds and relations. */
  assign(instance: Instance, values: object): void {
    const { entity, model } = instance;
    for (const [property, value] of Object.entries(values)) {
      const known =
        property in entity || model.properties.some((name) => name === property || name.startsWith(`${property}.`));
      if (!known) throw unknownProperty(model.name, property, model.properties);
      if (value === undefined) continue;
      const embedded = model.metadata.embeddeds.find(({ propertyName }) => propertyName === property);
      if (embedded && typeof value === "object" && value !== null) {
        for (const column of model.columns)
          if (column.path[0] === property && column.read(values) !== undefined)
            column.write(entity, column.read(values));
      } else (entity as Record<string, unknown>)[property] = value;
    }
  }

  /** Takes over what an object brought along in a relation before it was known. */
  adopt(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value === undefined || value === null) {
      if (value === null && !relation.toMany) instance.relate(relation, referenceTo(null, { assigned: true }));
      return;
    }
    this.write(instance, relation, value);
  }

  /** What is remembered of an object; begun now where nobody has seen it. */
  instanceFor(entity: object): Instance {
    let instance = instanceOf(entity);
    if (instance) return instance;
    instance = new Instance(this.#models.ofEntity(entity), entity);
    instrument(instance, this);
    return instance;
  }

  /** Starts to remember an object of a model that its class does not tell (an EntitySchema without a class). */
  begin(entity: object, model: EntityModel): Instance {
    const instance = new Instance(model, entity);
    instrument(instance, this);
    return instance;
  }

  /** Tells the other sides of an object's relations once more; those that know already do nothing. */
  retell(instance: Instance): void {
    instance.undone = false;
    for (const relation of instance.model.relations) {
      const related = instance.relatedBy(relation);
      if (related instanceof Collection) for (const member of related) this.joined(instance, relation, member);
      else if (related && "entity" in related && related.entity && relation.inverse)
        this.#tell(related.entity, relation.inverse, instance.entity, true);
    }
  }

  /** The object's row is gone: what it is related to is to be written anew, and to be told. */
  renew(instance: Instance, owner: InstanceOwner): void {
    for (const relation of instance.model.relations) {
      const related = instance.relatedBy(relation);
      if (related instanceof Collection) related.unstore();
      else if (related instanceof LazyCollection) instance.relate(relation, undefined);
      else if (related) instance.relate(relation, { ...related, assigned: true });
      else if (relation.holdsKey) {
        const key = this.foreignKey(instance, relation);
        if (key === undefined) continue;
        this.write(instance, relation, (referencesPrimaryKey(relation) && owner.loaded(relation.target, key)) || key);
      }
    }
    instance.undone = true;
  }

  follows(relation: RelationModel, member: object): boolean {
    const { inverse } = relation;
    const instance = inverse && instanceOf(member);
    if (!instance) return false;
    const reference = instance.relatedBy(inverse) as Reference | undefined;
    return reference !== undefined && !reference.told;
  }

  query(owner: Instance, relation: RelationModel): Query<object> {
    if (!owner.owner) throw notInSession(owner.entity);
    return owner.owner.relatedQuery(owner, relation);
  }

  load(owner: Instance, relation: RelationModel): Promise<unknown> {
    if (!owner.owner) return Promise.resolve(relation.toMany ? [] : null);
    return owner.owner.load(owner, relation);
  }

  /** Fills a relation to many with what was read. */
  fillMany(instance: Instance, relation: RelationModel, stored: readonly object[]): void {
    const related = instance.relatedBy(relation);
    if (related instanceof Collection) return;
    instance.owner?.reading(instance);
    const collection = Collection.over(instance, relation, this, stored);
    if (related instanceof LazyCollection && related.moves.size > 0) collection.catchUp(related.moves);
    instance.relate(relation, collection);
    expose(instance, relation);
  }

  /** Fills a relation to one with what was read. */
  fillOne(instance: Instance, relation: RelationModel, entity: object | null): void {
    if (instance.relatedBy(relation)) return;
    instance.owner?.reading(instance);
    instance.relate(relation, referenceTo(entity, {}));
    expose(instance, relation);
  }

  // Called by collections.

  checkMember(relation: RelationModel, member: unknown): void {
    const model =
      typeof member === "object" && member !== null
        ? (instanceOf(member)?.model ?? this.#models.find(member))
        : undefined;
    if (!model) throw wrongEntity(relation, describe(member));
    if (model !== relation.target && !model.isA(relation.target)) throw wrongEntity(relation, nameOf(member as object));
  }

  joined(owner: Instance, relation: RelationModel, member: object): void {
    const inverse = relation.inverse;
    if (!inverse) return;
    const instance = this.instanceFor(member);
    if (inverse.toMany) this.#followMany(instance, inverse, owner.entity, true);
    else this.#reference(instance, inverse, owner.entity, owner.entity);
  }

  left(owner: Instance, relation: RelationModel, member: object): void {
    const inverse = relation.inverse;
    if (!inverse) return;
    const instance = this.instanceFor(member);
    if (inverse.toMany) this.#followMany(instance, inverse, owner.entity, false);
    else if (this.known(instance, inverse) === owner.entity) this.#reference(instance, inverse, null, owner.entity);
  }

  #readMany(instance: Instance, relation: RelationModel): unknown {
    const related = instance.relatedBy(relation);
    if (related) return related;
    if (!instance.snapshot || !instance.owner) {
      const empty = Collection.over(instance, relation, this, []);
      instance.relate(relation, empty);
      expose(instance, relation);
      return empty;
    }
    this.#guard(instance, relation);
    const lazy = new LazyCollection(instance, relation, this);
    instance.relate(relation, lazy);
    return lazy;
  }

  #readOne(instance: Instance, relation: RelationModel): unknown {
    const known = this.known(instance, relation);
    if (known !== undefined) return known;
    if (!instance.owner) return undefined;
    this.#guard(instance, relation);
    return new LazyReference(instance, relation, this);
  }

  #guard(instance: Instance, relation: RelationModel): void {
    if (instance.owner?.raiseOnLoad || instance.guarded?.has(relation)) throw raisedOnLoad(relation);
  }

  #writeMany(instance: Instance, relation: RelationModel, value: Iterable<object>): void {
    const members = [...value];
    for (const member of members) this.checkMember(relation, member);
    instance.owner?.changing(instance);
    const related = instance.relatedBy(relation);
    if (related instanceof Collection) {
      related.splice(0, related.length, ...members);
      return;
    }
    const unread = instance.snapshot !== undefined && instance.owner !== undefined;
    const collection = Collection.over<object>(instance, relation, this, [], unread);
    instance.relate(relation, collection);
    expose(instance, relation);
    for (const member of members) collection.push(member);
    if (!(related instanceof LazyCollection)) return;
    // Those who came since the last flush are not in the database, where the others who have to leave are found.
    for (const member of related.arrived()) if (!members.includes(member)) this.left(instance, relation, member);
  }

  #writeOne(instance: Instance, relation: RelationModel, value: unknown): void {
    if (value === undefined) {
      instance.relate(relation, undefined);
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
    this.#reference(instance, relation, value as object | null, undefined);
  }

  /** `post.author = 1` or `{ id: 1 }`, as TypeORM takes it: only the key is known. */
  #writeKey(instance: Instance, relation: RelationModel, value: unknown): void {
    const loaded = instance.owner?.loaded(relation.target, value);
    if (loaded) {
      this.#reference(instance, relation, loaded, undefined);
      return;
    }
    instance.owner?.changing(instance);
    const stub = this.#models.dataSource.manager.create(relation.target.metadata.target as never) as object;
    for (const { referenced } of relation.joins)
      referenced.write(stub, typeof value === "object" ? referenced.read(value as object) : value);
    instance.relate(relation, referenceTo(stub, { assigned: true, keyOnly: true }));
    this.#copyKey(instance, relation, stub);
    expose(instance, relation);
  }

  /** @param told the entity whose side has changed already and needs not be told */
  #reference(instance: Instance, relation: RelationModel, entity: object | null, told: object | undefined): void {
    const before = this.known(instance, relation);
    if (before === entity && instance.relatedBy(relation)) return;
    instance.owner?.changing(instance);
    instance.relate(relation, referenceTo(entity, { assigned: true, told: told !== undefined }));
    expose(instance, relation);
    if (relation.holdsKey) this.#copyKey(instance, relation, entity);
    const { inverse } = relation;
    if (!inverse) return;
    if (before && before !== told && before !== entity) this.#tell(before, inverse, instance.entity, false);
    if (entity && entity !== told) this.#tell(entity, inverse, instance.entity, true);
  }

  #tell(entity: object, relation: RelationModel, member: object, belongs: boolean): void {
    const other = this.instanceFor(entity);
    if (relation.toMany) this.#followMany(other, relation, member, belongs);
    else if (belongs || this.known(other, relation) === member)
      this.#reference(other, relation, belongs ? member : null, member);
  }

  #followMany(instance: Instance, relation: RelationModel, member: object, belongs: boolean): void {
    let related = instance.relatedBy(relation);
    if (!related) {
      if (!instance.snapshot || !instance.owner) related = this.#readMany(instance, relation) as Collection<object>;
      else {
        related = new LazyCollection(instance, relation, this);
        instance.relate(relation, related);
      }
    }
    (related as Collection<object> | LazyCollection).follow(member, belongs);
  }

  /** The properties that hold the foreign key follow the entity, as far as its key is known yet. */
  #copyKey(instance: Instance, relation: RelationModel, entity: object | null): void {
    const reference = instance.relatedBy(relation) as Reference;
    reference.copied = relation.joins.map(({ foreign, referenced }) => {
      const value = entity === null ? null : (referenced.read(entity) ?? undefined);
      foreign.write(instance.entity, value);
      return value;
    });
  }
}

/** Whether a foreign key points at the other side's primary key, by which the identity map finds it. */
export function referencesPrimaryKey(relation: RelationModel): boolean {
  const { primary } = relation.target;
  return relation.joins.length === primary.length && relation.joins.every(({ referenced }) => referenced.isPrimary);
}

/** The value of a foreign key's column, whether a property holds it or only the row does. */
function heldValue(instance: Instance, foreign: ColumnModel): unknown {
  if (!foreign.isVirtual) return foreign.read(instance.entity);
  const own = instance.model.ownColumn(foreign);
  const remembered = own && instance.snapshot?.[own.index];
  return remembered === NOT_LOADED || remembered === undefined ? undefined : foreign.codec.thaw(remembered);
}
