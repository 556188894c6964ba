import { inspect, type InspectOptionsStylized } from "node:util";
import type { EmbeddedRelations, RelationModel } from "../../metadata/model";
import { isAwaitable } from "../../query/awaitable";
import type { Instance } from "../state/instance";
import type { RelationAccess } from "./relation-access";

/*
 * Relations inside embeddeds. Their accessors are on the embedded object, which is linked to the object of the session that
 * holds it. An embedded object that is assigned anew is linked when the object is compared with what was loaded.
 */

/** Where an embedded object belongs. */
interface Link {
  readonly instance: Instance;
  readonly group: EmbeddedRelations;
  readonly access: RelationAccess;
}

const links = new WeakMap<object, Link>();

/** The embedded objects that are linked to an object. */
const held = new WeakMap<Instance, Map<EmbeddedRelations, object>>();

/** Objects that hold an embedded object which is linked to another one. */
const sharers = new WeakMap<object, WeakSet<Instance>>();

/** Links the embedded objects of an object, and takes the relations that were set in those that were not linked. */
export function linkEmbeddeds(instance: Instance, access: RelationAccess): void {
  for (const group of instance.model.embeddedRelations) {
    const holder = group.holder(instance.entity);
    if (holder === undefined) continue;
    if (holder === null) {
      release(instance, group);
      for (const relation of group.relations) clear(instance, relation, access);
      continue;
    }
    const link = links.get(holder);
    if (link?.instance === instance && link.group === group) continue;
    const isShared = link !== undefined && link.group.holder(link.instance.entity) === holder;
    const given = group.relations.map((relation) => (holder as Record<string, unknown>)[relation.path.at(-1)!]);
    if (!isShared) put(holder, { instance, group, access });
    const isKnown = isShared && sharers.get(holder)?.has(instance);
    if (isShared) sharers.set(holder, (sharers.get(holder) ?? new WeakSet()).add(instance));
    group.relations.forEach((relation, place) => {
      const value = given[place];
      // What the other object has not loaded is refused when it is shared first, and no change later.
      if (isKnown && isAwaitable(value)) return;
      if (value !== undefined && !isSame(instance, relation, value)) access.adopt(instance, relation, value);
    });
  }
}

/** Links the embedded objects of an object as it was stored: what was set in them is discarded. */
export function relinkEmbeddeds(instance: Instance, access: RelationAccess): void {
  for (const group of instance.model.embeddedRelations) {
    const holder = group.holder(instance.entity) ?? group.create(instance.entity);
    if (!holder || links.get(holder)?.instance === instance) continue;
    put(holder, { instance, group, access });
    for (const relation of group.relations)
      if (instance.relatedValue(relation)?.isLoaded) exposeEmbedded(instance, relation);
  }
}

/** Makes a relation that is known an own, enumerable property of the embedded object. */
export function exposeEmbedded({ entity, model }: Instance, relation: RelationModel): void {
  const group = model.embeddedRelations.find(({ relations }) => relations.includes(relation));
  const holder = group?.holder(entity);
  const link = holder && links.get(holder);
  if (!link || link.instance.entity !== entity) return;
  const name = relation.path.at(-1)!;
  Object.defineProperty(holder, name, { ...accessorsOf(name, undefined), enumerable: true, configurable: true });
}

/** Whether a relation is an own, enumerable property of the embedded object. */
export function isEmbeddedExposed({ entity, model }: Instance, relation: RelationModel): boolean {
  const holder = model.embeddedRelations.find(({ relations }) => relations.includes(relation))?.holder(entity);
  return Boolean(holder) && Object.hasOwn(holder!, relation.path.at(-1)!);
}

export function concealEmbedded({ entity, model }: Instance, relation: RelationModel): void {
  const group = model.embeddedRelations.find(({ relations }) => relations.includes(relation));
  const holder = group?.holder(entity);
  const name = relation.path.at(-1)!;
  if (holder && Object.getOwnPropertyDescriptor(holder, name)?.get) delete (holder as Record<string, unknown>)[name];
}

/**
 * Makes the embedded object that an entity had a plain one again, with the values that it had: it may be assigned again, to
 * this entity or another one.
 */
function release(instance: Instance, group: EmbeddedRelations): void {
  const holder = held.get(instance)?.get(group);
  if (!holder) return;
  held.get(instance)!.delete(group);
  links.delete(holder);
  for (const relation of group.relations) {
    const name = relation.path.at(-1)!;
    delete (holder as Record<string, unknown>)[name];
    const related = instance.relatedValue(relation);
    if (!related?.isLoaded) continue;
    const value = relation.toMany ? [...related.members()] : related.value;
    Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

function put(holder: object, link: Link): void {
  release(link.instance, link.group);
  let own = held.get(link.instance);
  if (!own) held.set(link.instance, (own = new Map<EmbeddedRelations, object>()));
  own.set(link.group, holder);
  for (const relation of link.group.relations) delete (holder as Record<string, unknown>)[relation.path.at(-1)!];
  links.set(holder, link);
  const prototype = Object.getPrototypeOf(holder) as object | null;
  const accessible = prototypeWithAccessors(link.group, prototype);
  if (accessible !== prototype) Object.setPrototypeOf(holder, accessible);
}

function clear(instance: Instance, relation: RelationModel, access: RelationAccess): void {
  const related = instance.relatedValue(relation);
  if (related?.isLoaded && related.members().length === 0) return;
  if (related || instance.snapshot) access.write(instance, relation, null);
}

/** Whether a relation has a value already: that of another object, with which the embedded object is shared. */
function isSame(instance: Instance, relation: RelationModel, value: unknown): boolean {
  const related = instance.relatedValue(relation);
  if (!related?.isLoaded) return false;
  if (!relation.toMany) return related.value === value;
  const members = related.members();
  return Array.isArray(value) && value.length === members.length && value.every((one, place) => one === members[place]);
}

/** For each prototype of embedded objects, the prototype with accessors: itself, if it is a class's. */
const prototypes = new WeakMap<object, Map<string, object>>();

function prototypeWithAccessors({ relations }: EmbeddedRelations, prototype: object | null): object {
  const isClass = prototype !== null && prototype !== Object.prototype && Object.isExtensible(prototype);
  const names = relations.map(({ path }) => path.at(-1)!);
  const key = isClass ? "" : names.join();
  const base = prototype ?? Object.prototype;
  let known = prototypes.get(base);
  if (!known) prototypes.set(base, (known = new Map<string, object>()));
  let holder = known.get(key);
  if (!holder) known.set(key, (holder = isClass ? base : (Object.create(prototype) as object)));
  for (const name of names) {
    const before = Object.getOwnPropertyDescriptor(holder, name);
    if (before?.get && accessors.has(before.get)) continue;
    Object.defineProperty(holder, name, { ...accessorsOf(name, before), enumerable: false, configurable: true });
  }
  if (!(inspect.custom in holder))
    Object.defineProperty(holder, inspect.custom, { value: inspectEmbedded, configurable: true, writable: true });
  // Later objects of the same kind have the accessors already.
  known.set(key, holder);
  prototypes.set(holder, known);
  return holder;
}

const accessors = new WeakSet<() => unknown>();

function accessorsOf(
  name: string,
  before: PropertyDescriptor | undefined,
): { get(): unknown; set(value: unknown): void } {
  const relationOf = ({ group }: Link): RelationModel | undefined =>
    group.relations.find(({ path }) => path.at(-1) === name);
  function get(this: object): unknown {
    const link = links.get(this);
    const relation = link && relationOf(link);
    if (relation) return link.access.read(link.instance, relation);
    return before?.get ? (before.get.call(this) as unknown) : (before?.value as unknown);
  }
  function set(this: object, value: unknown): void {
    const link = links.get(this);
    const relation = link && relationOf(link);
    if (relation) link.access.write(link.instance, relation, value);
    else if (before?.set) before.set.call(this, value);
    else Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  }
  accessors.add(get);
  return { get, set };
}

/** Prints an embedded object with the values of its relations that are known. */
function inspectEmbedded(this: object, depth: number | null, options: InspectOptionsStylized): string {
  const like = Object.create(Object.getPrototypeOf(this) as object, {
    [inspect.custom]: { value: undefined },
  }) as object;
  const properties = Object.getOwnPropertyDescriptors(this) as Record<string, PropertyDescriptor>;
  const link = links.get(this);
  for (const relation of link?.group.relations ?? []) {
    const name = relation.path.at(-1)!;
    const value = link!.instance.relatedValue(relation)?.value;
    if (properties[name])
      properties[name] = { value: Array.isArray(value) ? Array.from(value as unknown[]) : value, enumerable: true };
  }
  return inspect(Object.create(like, properties), { ...options, depth });
}
