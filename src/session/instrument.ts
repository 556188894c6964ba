import { inspect, type InspectOptionsStylized } from "node:util";
import type { EntityModel, RelationModel } from "../metadata/model";
import { attach, instanceOf, type Instance } from "./instance";
import type { Relationships } from "./relationships";

/** For each model and each prototype its objects had, the prototype that knows their relations. */
const shadows = new WeakMap<EntityModel, Map<object, object>>();

/**
 * Gives an object the properties of its relations. They live on a prototype between the object and its class, so that
 * `instanceof` and `constructor` stay what they were and nothing is to be seen on the object itself.
 */
export function instrument(instance: Instance, relationships: Relationships): void {
  const { entity, model } = instance;
  const brought = takeRelations(entity, model);
  Object.setPrototypeOf(entity, shadowOf(model, Object.getPrototypeOf(entity) as object, relationships));
  attach(entity, instance);
  if (!brought) return;
  for (const [relation, value] of brought)
    if (value !== undefined && value !== null) expose(instance, relation, relationships);
  for (const [relation, value] of brought) relationships.adopt(instance, relation, value);
}

/** Takes the relations out of an object's own properties, so that those of its prototype are found. */
function takeRelations(entity: object, model: EntityModel): [RelationModel, unknown][] | undefined {
  const holder = entity as Record<string, unknown>;
  let brought: [RelationModel, unknown][] | undefined;
  for (const relation of model.relations)
    if (relation.path.length === 1 && Object.hasOwn(entity, relation.property))
      (brought ??= []).push([relation, broughtAlong(entity, relation)]);
  if (!brought) return undefined;
  // V8 looks properties up slowly in an object that lost one, unless it was the last: what comes behind is put back after it.
  const names = Object.keys(entity);
  const kept: string[] = [];
  const values: unknown[] = [];
  let left = brought.length;
  for (let place = names.length - 1; left > 0 && place >= 0; place--) {
    const name = names[place]!;
    if (brought.some(([{ property }]) => property === name)) left--;
    else if ("value" in Object.getOwnPropertyDescriptor(entity, name)!) {
      kept.push(name);
      values.push(holder[name]);
    } else break;
    delete holder[name];
  }
  for (let place = kept.length - 1; place >= 0; place--) holder[kept[place]!] = values[place];
  if (left > 0) for (const [{ property }] of brought) delete holder[property];
  return brought;
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

/** The prototype for objects of a model whose class has this one. */
export function shadowOf(model: EntityModel, prototype: object, relationships: Relationships): object {
  let ofModel = shadows.get(model);
  if (!ofModel) shadows.set(model, (ofModel = new Map<object, object>()));
  let shadow = ofModel.get(prototype);
  if (!shadow) {
    shadow = Object.create(prototype) as object;
    for (const relation of model.relations)
      if (relation.path.length === 1) define(shadow, relation, relationships, false);
    if (!(inspect.custom in prototype))
      Object.defineProperty(shadow, inspect.custom, { value: inspectEntity, configurable: true, writable: true });
    ofModel.set(prototype, shadow);
  }
  return shadow;
}

/** Makes a relation that is known a property of the object's own: JSON and spreading see it. */
export function expose(instance: Instance, told: RelationModel, relationships: Relationships): void {
  const relation = instance.model.ownRelation(told) ?? told;
  const { exposed } = instance;
  if (exposed === relation || (exposed instanceof Set && exposed.has(relation)) || relation.path.length > 1) return;
  // Most objects have one relation, so a set is made for the second only.
  instance.exposed =
    exposed === undefined ? relation : exposed instanceof Set ? exposed.add(relation) : new Set([exposed, relation]);
  define(instance.entity, relation, relationships, true);
}

/** Takes a relation that is not known any more out of sight. */
export function conceal(instance: Instance, told: RelationModel): void {
  const relation = instance.model.ownRelation(told) ?? told;
  const { exposed } = instance;
  if (exposed === relation) instance.exposed = undefined;
  else if (!(exposed instanceof Set && exposed.delete(relation))) return;
  delete (instance.entity as Record<string, unknown>)[relation.property];
}

/** Makes an object plain again: its relations are ordinary properties, as far as they were loaded. */
export function release(instance: Instance): void {
  const { entity, model } = instance;
  const loaded: [string, unknown][] = [];
  for (const relation of model.relations) {
    if (relation.path.length > 1) continue;
    const own = Object.getOwnPropertyDescriptor(entity, relation.property);
    if (!own) continue;
    if (own.enumerable) loaded.push([relation.property, (entity as Record<string, unknown>)[relation.property]]);
    delete (entity as Record<string, unknown>)[relation.property];
  }
  const shadow = Object.getPrototypeOf(entity) as object;
  Object.setPrototypeOf(entity, Object.getPrototypeOf(shadow) as object);
  for (const [property, value] of loaded)
    (entity as Record<string, unknown>)[property] = Array.isArray(value) ? Array.from(value) : value;
}

/** The property of a relation, hidden and in sight; one a relation, so that objects share their hidden class. */
const descriptors = new WeakMap<RelationModel, { hidden: PropertyDescriptor; visible: PropertyDescriptor }>();

function define(target: object, relation: RelationModel, relationships: Relationships, visible: boolean): void {
  let pair = descriptors.get(relation);
  if (!pair) {
    const hidden = { ...accessorsOf(relation, relationships), enumerable: false, configurable: true };
    descriptors.set(relation, (pair = { hidden, visible: { ...hidden, enumerable: true } }));
  }
  Object.defineProperty(target, relation.property, visible ? pair.visible : pair.hidden);
}

function accessorsOf(
  relation: RelationModel,
  relationships: Relationships,
): Required<Pick<PropertyDescriptor, "get" | "set">> {
  return {
    get(this: object) {
      const instance = instanceOf(this);
      return instance && relationships.read(instance, relation);
    },
    set(this: object, value: unknown) {
      const instance = instanceOf(this);
      if (instance) relationships.write(instance, relation, value);
      else
        Object.defineProperty(this, relation.property, { value, writable: true, enumerable: true, configurable: true });
    },
  };
}

/** Prints an entity as a plain one would print: values instead of `[Getter/Setter]`. */
function inspectEntity(this: object, depth: number, options: InspectOptionsStylized): unknown {
  const name = (this.constructor as { name?: string }).name ?? "";
  if (depth < 0) return options.stylize(`[${name}]`, "special");
  const instance = instanceOf(this);
  const shown: Record<string, unknown> = Object.create({ constructor: this.constructor }) as Record<string, unknown>;
  for (const key of Object.keys(this)) {
    const related = instance?.model.relation(key);
    shown[key] = related && instance ? shownRelation(instance, related) : (this as Record<string, unknown>)[key];
  }
  return shown;
}

function shownRelation(instance: Instance, relation: RelationModel): unknown {
  const value = instance.relatedBy(relation);
  if (!value) return undefined;
  return Array.isArray(value) ? Array.from(value as unknown[]) : "entity" in value ? value.entity : value;
}
