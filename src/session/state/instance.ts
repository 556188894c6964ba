import { groupBy } from "../../groups";
import { isObject } from "../../values";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import type { Query } from "../../query/query";
import type { Reference } from "./reference";
import type { RelatedValue, SavedRelation } from "./related-value";

/** SQLAlchemy's five states of an object. */
export type EntityState = "transient" | "pending" | "persistent" | "deleted" | "detached";

/** Reads relations from the database. */
export interface RelationSource {
  /** Loads a relation of an object, and of those that were read with it; resolves to what its property returns then. */
  load(instance: Instance, relation: RelationModel): Promise<unknown>;
  /** The query of the rows that an object is related to. */
  relatedQuery(instance: Instance, relation: RelationModel): Query<object>;
}

/** What an object uses of the session that it belongs to. */
export interface InstanceOwner extends RelationSource {
  /** Called before the first change of an object since the last commit or savepoint. */
  changing(instance: Instance): void;
  /** Called before a relation takes what was read: what a transaction reads may be rolled back. */
  reading(instance: Instance): void;
  /** The loaded entity of a key, if there is one. */
  loaded(model: EntityModel, key: unknown): object | undefined;
  /** Whether reading a relation that is not loaded throws. */
  readonly raiseOnLoad: boolean;
  readonly generation: number;
}

/** Marks a column of a snapshot that was not read (`select: false`). */
export const NOT_LOADED: unique symbol = Symbol("not loaded");

/**
 * The state of one entity object. The five states of SQLAlchemy follow from these facts: whether a session owns it,
 * whether the database has its row, and whether its deletion was asked for or has been sent.
 */
export class Instance {
  // Declared here and set in the constructor: there are tens of thousands, and fields would be defined twice.
  declare readonly model: EntityModel;
  declare readonly entity: object;
  declare owner: InstanceOwner | undefined;
  /** What the database stores, column by column, in the codecs' snapshot form; undefined while there is no row. */
  declare snapshot: unknown[] | undefined;
  /** Its key in the identity map. */
  declare key: unknown;
  declare deletion: "none" | "asked" | "sent";
  /** Why its delete date was set or cleared, until the flush that writes it. */
  declare soft: "remove" | "recover" | undefined;
  /** The deleted object whose row it takes over, until the flush that writes it is done. */
  declare reusesRowOf: Instance | undefined;
  /** The session's generation when it was read last; an older one means expired. */
  declare generation: number;
  /** The values of its relations, by the relations' index. */
  declare related: (RelatedValue | undefined)[] | undefined;
  /** Relations that are own, enumerable properties of the object now. */
  declare exposed: Set<RelationModel> | RelationModel | undefined;
  /** The objects that were read by the same query, for which a relation is loaded together. */
  declare group: LoadGroup | undefined;
  /** A rollback made it new again, and removed it from the other sides of its relations. */
  declare isRolledBack: boolean;
  /** The innermost undo record of its session. */
  declare undoRecord: UndoRecord | undefined;
  /** Promises that were assigned to TypeORM's lazy relations and have not been resolved; a flush awaits them. */
  declare promises: Map<RelationModel, Promise<unknown>> | undefined;
  /** Relations that throw when they are read and not loaded (`options(raise(…))`). */
  declare forbidden: Set<RelationModel> | undefined;

  constructor(
    model: EntityModel,
    entity: object,
    owner?: InstanceOwner,
    snapshot?: unknown[],
    key?: unknown,
    generation = 0,
  ) {
    this.model = model;
    this.entity = entity;
    this.owner = owner;
    this.snapshot = snapshot;
    this.key = key;
    this.deletion = "none";
    this.soft = undefined;
    this.reusesRowOf = undefined;
    this.generation = generation;
    this.related = undefined;
    this.exposed = undefined;
    this.group = undefined;
    this.isRolledBack = false;
    this.undoRecord = undefined;
    this.promises = undefined;
    this.forbidden = undefined;
  }

  get state(): EntityState {
    if (this.deletion === "sent") return this.owner ? "deleted" : "detached";
    if (this.snapshot) return this.owner ? "persistent" : "detached";
    return this.owner ? "pending" : "transient";
  }

  get isExpired(): boolean {
    return this.owner !== undefined && this.generation !== this.owner.generation;
  }

  setPromise(relation: RelationModel, promise: Promise<unknown>): void {
    (this.promises ??= new Map()).set(relation, promise);
  }

  /** An assignment replaces a promise that was assigned before. */
  dropPromise(relation: RelationModel): void {
    if (this.promises?.delete(relation) && this.promises.size === 0) this.promises = undefined;
  }

  relatedValue(relation: RelationModel): RelatedValue | undefined {
    if (!this.related) return undefined;
    const own = this.model.ownRelation(relation);
    return own && this.related[own.index];
  }

  /** The value of a relation to one. */
  reference(relation: RelationModel): Reference | undefined {
    return this.relatedValue(relation) as Reference | undefined;
  }

  setRelatedValue(relation: RelationModel, value: RelatedValue | undefined): void {
    const own = this.model.ownRelation(relation);
    // Allocated at its full size: an array that grows from empty reserves seventeen places.
    if (own) (this.related ??= new Array<RelatedValue | undefined>(this.model.relations.length))[own.index] = value;
  }
}

/**
 * The objects that one query returned. When a relation of one of them is read, it is loaded for all of them: a loop over
 * a thousand users and their posts sends two statements, not a thousand and one.
 */
export class LoadGroup {
  readonly instances: Instance[] = [];

  /** @param size how many there will be; an object that belongs to a larger group stays in that one */
  add(instance: Instance, size: number): void {
    this.instances.push(instance);
    if (!instance.group || instance.group.instances.length <= size) instance.group = this;
  }
}

/** One object as it was at the last commit or savepoint, so that a rollback can restore it without a query. */
export interface UndoRecord {
  readonly instance: Instance;
  /** Whether the session owns the object after a rollback. */
  isOwned: boolean;
  readonly snapshot: unknown[] | undefined;
  readonly key: unknown;
  deletion: Instance["deletion"];
  readonly generation: number;
  readonly related: readonly (SavedRelation | undefined)[] | undefined;
  /** The relations that were own, enumerable properties. */
  readonly exposed: Instance["exposed"];
  /** The values of its `@RelationId` properties. */
  readonly relationIds: readonly unknown[];
  /** What a flush filled in. */
  filled: FilledProperties | undefined;
  /** The level of the undo log that it belongs to. */
  level: UndoRecord[];
  /** The object's record at the enclosing level. */
  readonly outer: UndoRecord | undefined;
}

/** Properties of a new object that a flush fills in: a generated key, a default, a foreign key. */
export interface FilledProperties {
  readonly columns: readonly ColumnModel[];
  /** What the properties held before, by the columns' index. */
  readonly before: readonly unknown[];
}

/** Returns the object it is given, so that a subclass can put a private field on an existing object. */
const Stamped = function (this: unknown, entity: object): object {
  return entity;
} as unknown as new (entity: object) => object;

/** A private field on the entity itself: it cannot be seen, copied or printed, and it is faster than a WeakMap. */
class Stamp extends Stamped {
  #instance: Instance;

  private constructor(entity: object, instance: Instance) {
    super(entity);
    this.#instance = instance;
  }

  static put(entity: object, instance: Instance): void {
    if (#instance in entity) entity.#instance = instance;
    else new Stamp(entity, instance);
  }

  // What a caller gives need not be an object: the caller says so by name, `in` would only throw.
  static read(value: unknown): Instance | undefined {
    return isObject(value) && #instance in value ? value.#instance : undefined;
  }
}

export function attach(entity: object, instance: Instance): void {
  Stamp.put(entity, instance);
}

/** The state of an object; undefined for one that no session has seen, and for what is no object. */
export function instanceOf(value: unknown): Instance | undefined {
  return Stamp.read(value);
}

/** Groups objects by entity. */
export function byModel(instances: Iterable<Instance>): Map<EntityModel, Instance[]> {
  return groupBy(instances, ({ model }) => model);
}
