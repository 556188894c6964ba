import { groupBy } from "../../groups";
import type { EntityModel, RelationModel } from "../../metadata/model";
import type { Query } from "../../query/query";
import type { Collection, LazyCollection } from "../relations/collection";
import type { UndoRecord } from "../rollback/undo-log";
import type { LoadGroup } from "./load-group";

/** SQLAlchemy's five states of an object. */
export type EntityState = "transient" | "pending" | "persistent" | "deleted" | "detached";

/** A relation to one, once it is known. */
export interface Reference {
  entity: object | null;
  /** Set by somebody, not read: what the foreign key has to follow. */
  assigned: boolean;
  /** Set because the other side changed: it does not bring the entity into a session. */
  told: boolean;
  /** Only the key is known: `post.author = { id: 1 }`. The entity is no object of the session. */
  keyOnly: boolean;
  /** What was written into the properties that hold the foreign key; a property that differs was set later, and wins. */
  copied: unknown[] | undefined;
  /** A running flush writes it; one that is set in the meantime is another reference. */
  writing: boolean;
}

/** A reference with all its fields, in one order: there are as many of them as of objects. */
export function referenceTo(
  entity: object | null,
  { assigned = false, told = false, keyOnly = false }: Partial<Pick<Reference, "assigned" | "told" | "keyOnly">>,
): Reference {
  return { entity, assigned, told, keyOnly, copied: undefined, writing: false };
}

/** What is known of one relation of one object. */
export type Related = Reference | Collection<object> | LazyCollection;

/** What an object needs of the session that holds it. Kept small, so that objects do not know sessions. */
export interface InstanceOwner {
  /** Called before the first change of an object since the last commit or savepoint. */
  changing(instance: Instance): void;
  /** Called before a relation of an object takes what was read: what a transaction shows may never have been. */
  reading(instance: Instance): void;
  /** The loaded entity of a key, if there is one. */
  loaded(model: EntityModel, key: unknown): object | undefined;
  /** Reads a relation of an object (and of those that were read with it) from the database. */
  load(instance: Instance, relation: RelationModel): Promise<unknown>;
  /** The query of the rows that an object is related to. */
  relatedQuery(instance: Instance, relation: RelationModel): Query<object>;
  /** Whether touching a relation that is not loaded is an error. */
  readonly raiseOnLoad: boolean;
  readonly generation: number;
}

/** Marks a column that was not read (`select: false`) in a snapshot. */
export const NOT_LOADED: unique symbol = Symbol("not loaded");

/**
 * What is remembered of one entity object. The five states are expressions over these facts: whether a session holds
 * it, whether the database has its row, and whether its deletion was asked for or has been sent.
 */
export class Instance {
  // Declared here and set in the constructor: there are tens of thousands, and fields would be defined twice.
  declare readonly model: EntityModel;
  declare readonly entity: object;
  declare owner: InstanceOwner | undefined;
  /** What the database holds, column by column, in the codecs' remembered form; undefined while it has no row. */
  declare snapshot: unknown[] | undefined;
  /** Its place in the identity map. */
  declare key: unknown;
  declare deletion: "none" | "asked" | "sent";
  /** Why its delete date was set or taken off, until the flush that writes it. */
  declare soft: "remove" | "recover" | undefined;
  /** The deleted object whose row it takes over, until the flush that writes it is done. */
  declare replaces: Instance | undefined;
  /** The session's generation at which it was read last; an older one means expired. */
  declare generation: number;
  declare related: (Related | undefined)[] | undefined;
  /** Relations that are properties of the object's own, and to be seen there. */
  declare exposed: Set<RelationModel> | RelationModel | undefined;
  /** Those read together with it, for which a relation is loaded at once. */
  declare group: LoadGroup | undefined;
  /** A rollback made it new again: the other sides of its relations have forgotten it. */
  declare undone: boolean;
  /** What its session's journal remembers of it, at the innermost level. */
  declare memento: UndoRecord | undefined;
  /** Promises that were set for TypeORM's lazy relations, to be waited for before a flush. */
  declare promises: Map<RelationModel, Promise<unknown>> | undefined;
  /** Relations that must not be loaded by touching them. */
  declare guarded: Set<RelationModel> | undefined;

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
    this.replaces = undefined;
    this.generation = generation;
    this.related = undefined;
    this.exposed = undefined;
    this.group = undefined;
    this.undone = false;
    this.memento = undefined;
    this.promises = undefined;
    this.guarded = undefined;
  }

  get state(): EntityState {
    if (this.deletion === "sent") return this.owner ? "deleted" : "detached";
    if (this.snapshot) return this.owner ? "persistent" : "detached";
    return this.owner ? "pending" : "transient";
  }

  get isExpired(): boolean {
    return this.owner !== undefined && this.generation !== this.owner.generation;
  }

  promise(relation: RelationModel, value: Promise<unknown>): void {
    (this.promises ??= new Map()).set(relation, value);
  }

  relatedBy(relation: RelationModel): Related | undefined {
    if (!this.related) return undefined;
    const own = this.model.ownRelation(relation);
    return own && this.related[own.index];
  }

  relate(relation: RelationModel, related: Related | undefined): void {
    const own = this.model.ownRelation(relation);
    // As many places as there are relations: an array that grows takes seventeen.
    if (own) (this.related ??= new Array<Related | undefined>(this.model.relations.length))[own.index] = related;
  }
}

/** Returns the object it is given, so that a subclass can put a private field on an object that is already there. */
const Stamped = function (this: unknown, entity: object): object {
  return entity;
} as unknown as new (entity: object) => object;

/** A private field on the entity itself: nobody can see it, copy it or print it, and it is faster than a WeakMap. */
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

  static read(entity: object): Instance | undefined {
    return #instance in entity ? entity.#instance : undefined;
  }
}

export function attach(entity: object, instance: Instance): void {
  Stamp.put(entity, instance);
}

/** What is remembered of an object; undefined for one that no session has seen. */
export function instanceOf(entity: object): Instance | undefined {
  return Stamp.read(entity);
}

/** Objects by the entity that they are of. */
export function byModel(instances: Iterable<Instance>): Map<EntityModel, Instance[]> {
  return groupBy(instances, ({ model }) => model);
}
