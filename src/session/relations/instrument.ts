import { inspect, type InspectOptionsStylized } from "node:util";
import type { EntityModel, RelationModel } from "../../metadata/model";
import { attach, instanceOf, type Instance } from "../state/instance";
import type { Relationships } from "./relationships";

/**
 * Gives an object the properties of its relations. They live on the prototype of its class, so that `instanceof` and
 * `constructor` stay what they were and nothing is to be seen on the object itself.
 */
export function instrument(instance: Instance, relationships: Relationships): void {
  const { entity, model } = instance;
  const brought = takeRelations(entity, model);
  // V8 gives every object a hidden class of its own that is given a property after another prototype: that one comes last.
  attach(entity, instance);
  const prototype = Object.getPrototypeOf(entity) as object;
  const knowing = relationalPrototype(model, prototype, relationships);
  if (brought)
    for (const [relation, value] of brought) if (value !== undefined && value !== null) expose(instance, relation);
  if (knowing !== prototype) Object.setPrototypeOf(entity, knowing);
  if (brought) for (const [relation, value] of brought) relationships.adopt(instance, relation, value);
}

/** Takes the relations out of an object's own properties, so that those of its prototype are found. */
function takeRelations(entity: object, model: EntityModel): [RelationModel, unknown][] | undefined {
  const holder = entity as Record<string, unknown>;
  let brought: [RelationModel, unknown][] | undefined;
  for (const relation of model.relations)
    if (relation.path.length === 1 && Object.hasOwn(entity, relation.property)) {
      const pair: [RelationModel, unknown] = [relation, broughtAlong(entity, relation)];
      // An array that grows takes seventeen places.
      brought = brought ? [...brought, pair] : [pair];
    }
  if (!brought) return undefined;
  // V8 looks properties up slowly in an object that lost one, unless it was the last: what comes behind is put back after it.
  const names = Object.keys(entity);
  let kept: string[] | undefined;
  const values: Record<string, unknown> = {};
  let left = brought.length;
  for (let place = names.length - 1; left > 0 && place >= 0; place--) {
    const name = names[place]!;
    if (isRelationAmong(brought, name)) left--;
    else if ("value" in Object.getOwnPropertyDescriptor(entity, name)!) {
      (kept ??= []).push(name);
      values[name] = holder[name];
    } else break;
    delete holder[name];
  }
  if (kept) for (const name of kept.reverse()) holder[name] = values[name];
  if (left > 0) for (const [{ property }] of brought) delete holder[property];
  return brought;
}

function isRelationAmong(brought: readonly (readonly [RelationModel, unknown])[], name: string): boolean {
  for (const [{ property }] of brought) if (property === name) return true;
  return false;
}

/**
 * What an object has in a relation. TypeORM gives objects it makes an accessor for each lazy relation, which would load it;
 * what is behind the accessor is taken, and the accessor taken off.
 */
function broughtAlong(entity: object, { property, metadata }: RelationModel): unknown {
  const values = entity as Record<string, unknown>;
  if (!metadata.isLazy || !Object.getOwnPropertyDescriptor(entity, property)?.get) return values[property];
  const [data, has, promise] = [`__${property}__`, `__has_${property}__`, `__promise_${property}__`];
  const known = values[has] === true || values[data] !== undefined ? values[data] : values[promise];
  for (const name of [property, data, has, promise]) delete values[name];
  return known;
}

/** How the objects of a model come to know their relations. */
interface Instruction {
  readonly relationships: Relationships;
  /** The prototypes that its objects have, and those that know the relations in their place. */
  readonly prototypes: Map<object, object>;
  /** What a relation is on an object where it is known, by its place in the model. */
  readonly visible: (PropertyDescriptor | undefined)[];
}

const instructions = new WeakMap<EntityModel, Instruction>();

/**
 * The prototype that knows the relations of a model's objects that have this one: that of the class itself, which
 * learns them now. Objects of no class of their own (an EntitySchema's), or of one that is frozen, are given one in between.
 */
export function relationalPrototype(model: EntityModel, prototype: object, relationships: Relationships): object {
  let instruction = instructions.get(model);
  if (!instruction) {
    instruction = { relationships, prototypes: new Map<object, object>(), visible: [] };
    instructions.set(model, instruction);
  }
  let knowing = instruction.prototypes.get(prototype);
  if (!knowing) instruction.prototypes.set(prototype, (knowing = instructed(model, prototype, instruction)));
  return knowing;
}

function instructed(model: EntityModel, prototype: object, { visible }: Instruction): object {
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
  }
  if (!(inspect.custom in holder))
    Object.defineProperty(holder, inspect.custom, { value: inspectEntity, configurable: true, writable: true });
  return isClassItself ? prototype : holder;
}

/** Makes a relation that is known a property of the object's own: JSON and spreading see it. */
export function expose(instance: Instance, told: RelationModel): void {
  const relation = instance.model.ownRelation(told) ?? told;
  const { exposed } = instance;
  if (exposed === relation || (exposed instanceof Set && exposed.has(relation)) || relation.path.length > 1) return;
  // Most objects have one relation, so a set is made for the second only.
  instance.exposed =
    exposed === undefined ? relation : exposed instanceof Set ? exposed.add(relation) : new Set([exposed, relation]);
  Object.defineProperty(instance.entity, relation.property, instructions.get(instance.model)!.visible[relation.index]!);
}

/** Takes a relation that is not known any more out of sight. */
export function conceal(instance: Instance, told: RelationModel): void {
  const relation = instance.model.ownRelation(told) ?? told;
  const { exposed } = instance;
  if (exposed === relation) instance.exposed = undefined;
  else if (!(exposed instanceof Set && exposed.delete(relation))) return;
  delete (instance.entity as Record<string, unknown>)[relation.property];
}

/** The property of a relation: on the prototype, and in sight on an object whose relation is known. */
interface RelationProperty {
  readonly hidden: PropertyDescriptor;
  readonly visible: PropertyDescriptor;
}

/** One a class and name, whatever the DataSource: objects that have the same function share their hidden class. */
const properties = new WeakMap<object, Map<string, RelationProperty>>();

function propertyOf(prototype: object, { property }: RelationModel): RelationProperty {
  let known = properties.get(prototype);
  if (!known) properties.set(prototype, (known = new Map<string, RelationProperty>()));
  let made = known.get(property);
  if (!made) {
    const visible = { ...accessorsOf(prototype, property), enumerable: true, configurable: true };
    known.set(property, (made = { visible, hidden: { ...visible, enumerable: false } }));
  }
  return made;
}

function accessorsOf(prototype: object, property: string): Required<Pick<PropertyDescriptor, "get" | "set">> {
  // An accessor of the class's own, or of another copy of Retort, answers for the objects that are not ours.
  const before = describedIn(prototype, property);
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
      if (relation) return instructions.get(instance.model)!.relationships.read(instance, relation);
      return before?.get ? (before.get.call(this) as unknown) : (before?.value as unknown);
    },
    set(this: object, value: unknown) {
      const instance = instanceOf(this);
      const relation = instance && relationOf(instance);
      if (relation) instructions.get(instance.model)!.relationships.write(instance, relation, value);
      else if (before?.set) before.set.call(this, value);
      else Object.defineProperty(this, property, { value, writable: true, enumerable: true, configurable: true });
    },
  };
}

/** What a property is to objects of a prototype. */
function describedIn(prototype: object, property: string): PropertyDescriptor | undefined {
  for (let holder: object | null = prototype; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    const found = Object.getOwnPropertyDescriptor(holder, property);
    if (found) return found;
  }
  return undefined;
}

/** Objects that are being printed. */
const printing = new WeakSet();

/** Prints an entity as a plain one would print: values instead of `[Getter/Setter]`. The `[util.inspect.custom]` of classes without one. */
export function inspectEntity(this: object, depth: number | null, options: InspectOptionsStylized): string {
  const name = (this.constructor as { name?: string }).name ?? "";
  if (depth !== null && depth < 0) return options.stylize(`[${name}]`, "special");
  if (printing.has(this)) return options.stylize("[Circular]", "special");
  printing.add(this);
  try {
    return inspect(doubleOf(this), { ...options, depth });
  } finally {
    printing.delete(this);
  }
}

/** An object that prints as a plain one: of the same class, so that it has the class's name, without the function above. */
function doubleOf(entity: object): object {
  const like = Object.create(Object.getPrototypeOf(entity) as object, {
    [inspect.custom]: { value: undefined },
  }) as object;
  const properties = Object.getOwnPropertyDescriptors(entity) as Record<string, PropertyDescriptor>;
  const instance = instanceOf(entity);
  for (const relation of instance?.model.relations ?? []) {
    const property = properties[relation.property];
    if (property) properties[relation.property] = { value: shownRelation(instance!, relation), enumerable: true };
  }
  return Object.create(like, properties) as object;
}

function shownRelation(instance: Instance, relation: RelationModel): unknown {
  const value = instance.relatedBy(relation);
  if (!value) return undefined;
  return Array.isArray(value) ? Array.from(value as unknown[]) : "entity" in value ? value.entity : value;
}
