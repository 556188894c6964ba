import { inspect, type InspectOptionsStylized } from "node:util";
import { isObject } from "../../values";
import type { EntityModel, RelationModel } from "../../metadata/model";
import { notStored } from "../state/errors";
import { attach, instanceOf, type Instance } from "../state/instance";
import { concealEmbedded, exposeEmbedded, isEmbeddedExposed, linkEmbeddeds } from "./embedded";
import type { RelationAccess } from "./relation-access";

/**
 * Gives an object accessors for its relations. They are defined on the prototype of its class, so that `instanceof` and
 * `constructor` keep working and the object itself shows nothing.
 */
export function instrument(instance: Instance, relationships: RelationAccess): void {
  const { entity, model } = instance;
  const prototype = Object.getPrototypeOf(entity) as object;
  const instrumented = prototypeWithRelations(model, prototype, relationships);
  takeUnstored(entity, model);
  const given = takeRelations(entity, model);
  // The prototype is set last: V8 gives an object a hidden class of its own where a property follows a change of prototype.
  attach(entity, instance);
  if (given)
    for (const [relation, value] of given) if (value !== undefined && value !== null) expose(instance, relation);
  if (instrumented !== prototype) Object.setPrototypeOf(entity, instrumented);
  if (given) for (const [relation, value] of given) relationships.adopt(instance, relation, value);
  if (model.embeddedRelations.length > 0) linkEmbeddeds(instance, relationships);
}

function takeUnstored(entity: object, model: EntityModel): void {
  const holder = entity as Record<string, unknown>;
  for (const { propertyName } of model.unstored) {
    if (!Object.hasOwn(entity, propertyName)) continue;
    refuseUnstored(model, propertyName, holder[propertyName]);
    delete holder[propertyName];
  }
}

/** Refuses a value of a relation that nothing in the database stores. */
function refuseUnstored(model: EntityModel, property: string, value: unknown): void {
  const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
  if (!isEmpty) throw notStored(`${model.name}.${property}`);
}

/** Removes the relations from an object's own properties, so that the accessors of its prototype are reached. */
function takeRelations(entity: object, model: EntityModel): [RelationModel, unknown][] | undefined {
  const own = takeOwnRelations(entity, model);
  const { classAccessors } = instrumentations.get(model)!;
  if (classAccessors.size === 0) return own;
  const given = own ?? [];
  for (const [relation, { get }] of classAccessors)
    if (!given.some(([one]) => one === relation)) given.push([relation, get?.call(entity)]);
  return given;
}

function takeOwnRelations(entity: object, model: EntityModel): [RelationModel, unknown][] | undefined {
  const holder = entity as Record<string, unknown>;
  let given: [RelationModel, unknown][] | undefined;
  for (const relation of model.relations)
    if (relation.path.length === 1 && hasOwnRelation(entity, relation)) {
      const pair: [RelationModel, unknown] = [relation, takeValue(entity, relation)];
      // An array that grows from empty reserves seventeen places.
      given = given ? [...given, pair] : [pair];
    }
  if (!given) return undefined;
  // V8 looks up properties slowly in an object that lost one, unless it was the last: those behind it are removed and set again.
  const names = Object.keys(entity);
  let kept: string[] | undefined;
  const values: Record<string, unknown> = {};
  let left = given.length;
  for (let place = names.length - 1; left > 0 && place >= 0; place--) {
    const name = names[place]!;
    if (isRelationAmong(given, name)) left--;
    else if ("value" in Object.getOwnPropertyDescriptor(entity, name)!) {
      (kept ??= []).push(name);
      values[name] = holder[name];
    } else break;
    delete holder[name];
  }
  if (kept) for (const name of kept.reverse()) holder[name] = values[name];
  if (left > 0) for (const [{ property }] of given) delete holder[property];
  return given;
}

function isRelationAmong(given: readonly (readonly [RelationModel, unknown])[], name: string): boolean {
  for (const [{ property }] of given) if (property === name) return true;
  return false;
}

/** The properties in which TypeORM's accessors of a lazy relation keep its value, or the promise of it. */
function lazyProperties(property: string): { data: string; has: string; promise: string } {
  return { data: `__${property}__`, has: `__has_${property}__`, promise: `__promise_${property}__` };
}

function hasOwnRelation(entity: object, { property, metadata }: RelationModel): boolean {
  if (Object.hasOwn(entity, property)) return true;
  return metadata.isLazy && Object.values(lazyProperties(property)).some((name) => Object.hasOwn(entity, name));
}

/** The value that an object has in a relation, which is removed from it with the accessor that TypeORM gives lazy relations. */
function takeValue(entity: object, relation: RelationModel): unknown {
  const { property, metadata } = relation;
  const value = givenValue(entity, relation);
  const own = Object.getOwnPropertyDescriptor(entity, property);
  if (!metadata.isLazy || (own && !own.get)) return value;
  for (const name of [property, ...Object.values(lazyProperties(property))])
    delete (entity as Record<string, unknown>)[name];
  return value;
}

/**
 * The value that an object that no session has seen has in a relation; undefined where it is not loaded. TypeORM defines accessors for lazy
 * relations on the classes and the objects that it creates, which would load the relation: what they keep is read.
 */
export function givenValue(entity: object, relation: RelationModel): unknown {
  if (!relation.metadata.isLazy) return relation.read(entity);
  let holder: unknown = entity;
  for (const name of relation.path.slice(0, -1))
    holder = (holder as Record<string, unknown> | null | undefined)?.[name];
  if (!isObject(holder)) return undefined;
  const values = holder as Record<string, unknown>;
  const property = relation.path.at(-1)!;
  const own = Object.getOwnPropertyDescriptor(holder, property);
  if (own && !own.get) return values[property];
  const { data, has, promise } = lazyProperties(property);
  return values[has] === true || values[data] !== undefined ? values[data] : values[promise];
}

/** The accessors of a model's relations. */
interface Instrumentation {
  readonly relationships: RelationAccess;
  /** The instrumented prototype for each prototype that objects of the model have. */
  readonly prototypes: Map<object, object>;
  /** The own, enumerable property of an object whose relation is known, by the relation's index. */
  readonly visible: (PropertyDescriptor | undefined)[];
  /** Accessors that the class itself has for relations. They are given what their relations are set to. */
  readonly classAccessors: Map<RelationModel, PropertyDescriptor>;
}

const instrumentations = new WeakMap<EntityModel, Instrumentation>();

/**
 * The prototype with accessors for a model's relations: the class's own prototype, on which they are defined now. Where
 * there is no class (an EntitySchema), or it is frozen, a new prototype is put in between.
 */
export function prototypeWithRelations(model: EntityModel, prototype: object, relationships: RelationAccess): object {
  let instrumentation = instrumentations.get(model);
  if (!instrumentation) {
    instrumentation = { relationships, prototypes: new Map<object, object>(), visible: [], classAccessors: new Map() };
    instrumentations.set(model, instrumentation);
  }
  const { prototypes } = instrumentation;
  let instrumented = prototypes.get(prototype);
  if (!instrumented) prototypes.set(prototype, (instrumented = defineRelations(model, prototype, instrumentation)));
  return instrumented;
}

function defineRelations(model: EntityModel, prototype: object, { visible, classAccessors }: Instrumentation): object {
  const { target } = model.metadata;
  const own = typeof target === "function" ? (target.prototype as object) : undefined;
  const isOfClass = own !== undefined && (own === prototype || Object.prototype.isPrototypeOf.call(own, prototype));
  const isClassItself = isOfClass && Object.isExtensible(own);
  const holder = isClassItself ? own : (Object.create(prototype) as object);
  for (const relation of model.relations) {
    if (relation.path.length > 1) continue;
    const property = propertyOf(holder, relation);
    Object.defineProperty(holder, relation.property, property.hidden);
    visible[relation.index] = property.visible;
    if (property.ofClass && !relation.metadata.isLazy) classAccessors.set(relation, property.ofClass);
  }
  for (const { propertyName } of model.unstored) {
    if (Object.hasOwn(holder, propertyName)) continue;
    Object.defineProperty(holder, propertyName, {
      get: () => undefined,
      set(this: object, value: unknown) {
        if (instanceOf(this)) refuseUnstored(model, propertyName, value);
        else Object.defineProperty(this, propertyName, { value, writable: true, enumerable: true, configurable: true });
      },
      configurable: true,
    });
  }
  if (!(inspect.custom in holder))
    Object.defineProperty(holder, inspect.custom, { value: inspectEntity, configurable: true, writable: true });
  return isClassItself ? prototype : holder;
}

/**
 * Makes a relation that was loaded or set an own, enumerable property, which JSON and spreading include. One that is only
 * known because the other side was set is none: JSON of an object and its children would never end.
 */
export function expose(instance: Instance, asked: RelationModel): void {
  const relation = instance.model.ownRelation(asked) ?? asked;
  const { exposed } = instance;
  const instrumentation = instrumentations.get(instance.model)!;
  notifyClass(instance, relation);
  if (isExposed(instance, relation)) return;
  if (relation.path.length > 1) {
    exposeEmbedded(instance, relation);
    return;
  }
  // Most objects have one relation, so only the second one needs a Set.
  instance.exposed =
    exposed === undefined ? relation : exposed instanceof Set ? exposed.add(relation) : new Set([exposed, relation]);
  Object.defineProperty(instance.entity, relation.property, instrumentation.visible[relation.index]!);
}

/** Whether a relation is an own, enumerable property of an object, or was one when an undo record was made. */
export function isExposed({ exposed }: Pick<Instance, "exposed">, relation: RelationModel): boolean {
  return exposed === relation || (exposed instanceof Set && exposed.has(relation));
}

/** Whether JSON of an object includes a relation: it was loaded or set on this side. */
export function isShown(instance: Instance, asked: RelationModel): boolean {
  const relation = instance.model.ownRelation(asked) ?? asked;
  return relation.path.length > 1 ? isEmbeddedExposed(instance, relation) : isExposed(instance, relation);
}

/** Gives the class's own accessor the value of a relation, so that methods that read a private field find it there. */
export function notifyClass(instance: Instance, asked: RelationModel): void {
  const { classAccessors } = instrumentations.get(instance.model)!;
  if (classAccessors.size === 0) return;
  const relation = instance.model.ownRelation(asked) ?? asked;
  const related = instance.relatedValue(relation);
  if (related) classAccessors.get(relation)?.set?.call(instance.entity, related.value);
}

/** Removes the own property of a relation that is not known any more. */
export function conceal(instance: Instance, asked: RelationModel): void {
  const relation = instance.model.ownRelation(asked) ?? asked;
  const { exposed } = instance;
  if (relation.path.length > 1) concealEmbedded(instance, relation);
  if (exposed === relation) instance.exposed = undefined;
  else if (!(exposed instanceof Set && exposed.delete(relation))) return;
  delete (instance.entity as Record<string, unknown>)[relation.property];
}

/** The property of a relation: on the prototype, and on an object whose relation is known. */
interface RelationProperty {
  readonly hidden: PropertyDescriptor;
  readonly visible: PropertyDescriptor;
  /** The accessor that the class itself has. */
  readonly ofClass: PropertyDescriptor | undefined;
}

/** One for each class and name, whatever the DataSource: objects with the same accessor functions share a hidden class. */
const properties = new WeakMap<object, Map<string, RelationProperty>>();

function propertyOf(prototype: object, { property }: RelationModel): RelationProperty {
  let known = properties.get(prototype);
  if (!known) properties.set(prototype, (known = new Map<string, RelationProperty>()));
  let defined = known.get(property);
  if (!defined) {
    // The class's own accessor, or that of another copy of Retort, serves the objects that are not instrumented here.
    const before = describedIn(prototype, property);
    const ofClass = classAccessor(before);
    const accessors = accessorsOf(before, property);
    Object.defineProperty(accessors.get, OF_CLASS, { value: ofClass });
    const visible = { ...accessors, enumerable: true, configurable: true };
    known.set(property, (defined = { visible, hidden: { ...visible, enumerable: false }, ofClass }));
  }
  return defined;
}

/** Marks the accessors of relations, of every copy of this package, and holds the accessor that they replaced. */
const OF_CLASS: unique symbol = Symbol.for("typeorm-retort.class-accessor");

function classAccessor(found: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (!found?.get && !found?.set) return undefined;
  const { get } = found as { get?: { [OF_CLASS]?: PropertyDescriptor } };
  return get && OF_CLASS in get ? get[OF_CLASS] : found;
}

function accessorsOf(
  before: PropertyDescriptor | undefined,
  property: string,
): Required<Pick<PropertyDescriptor, "get" | "set">> {
  const relations = new WeakMap<EntityModel, RelationModel>();
  const relationOf = ({ model }: Instance): RelationModel | undefined => {
    const known = relations.get(model) ?? model.relation(property);
    if (known) relations.set(model, known);
    return known;
  };
  return {
    get(this: object) {
      const instance = instanceOf(this);
      const relation = instance && relationOf(instance);
      if (relation) return instrumentations.get(instance.model)!.relationships.read(instance, relation);
      return before?.get ? (before.get.call(this) as unknown) : (before?.value as unknown);
    },
    set(this: object, value: unknown) {
      const instance = instanceOf(this);
      const relation = instance && relationOf(instance);
      if (relation) instrumentations.get(instance.model)!.relationships.write(instance, relation, value);
      else if (before?.set) before.set.call(this, value);
      else Object.defineProperty(this, property, { value, writable: true, enumerable: true, configurable: true });
    },
  };
}

/** The descriptor of a property, own or inherited. */
function describedIn(prototype: object, property: string): PropertyDescriptor | undefined {
  for (let holder: object | null = prototype; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    const found = Object.getOwnPropertyDescriptor(holder, property);
    if (found) return found;
  }
  return undefined;
}

/** Objects that are being printed now: an object that contains itself is printed once. */
const printing = new WeakSet();

/** Prints an entity with values instead of `[Getter/Setter]`: the `[util.inspect.custom]` of classes that have none. */
export function inspectEntity(this: object, depth: number | null, options: InspectOptionsStylized): string {
  const name = (this.constructor as { name?: string }).name ?? "";
  if (depth !== null && depth < 0) return options.stylize(`[${name}]`, "special");
  if (printing.has(this)) return options.stylize("[Circular]", "special");
  printing.add(this);
  try {
    return inspect(printable(this), { ...options, depth });
  } finally {
    printing.delete(this);
  }
}

/** A copy with plain values, of the same class so that the class's name is printed, and without the function above. */
function printable(entity: object): object {
  const like = Object.create(Object.getPrototypeOf(entity) as object, {
    [inspect.custom]: { value: undefined },
  }) as object;
  const properties = Object.getOwnPropertyDescriptors(entity) as Record<string, PropertyDescriptor>;
  const instance = instanceOf(entity);
  for (const relation of instance?.model.relations ?? []) {
    const property = properties[relation.property];
    if (property) properties[relation.property] = { value: printableRelation(instance!, relation), enumerable: true };
  }
  return Object.create(like, properties) as object;
}

function printableRelation(instance: Instance, relation: RelationModel): unknown {
  const value = instance.relatedValue(relation)?.value;
  return Array.isArray(value) ? Array.from(value as unknown[]) : value;
}
