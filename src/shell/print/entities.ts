import { inspect, types } from "node:util";
import { isAwaitable } from "../../query/awaitable";
import { instanceOf } from "../../session/state/instance";
import { currentValue } from "../../session/state/values";
import { inspectEntity } from "../../session/relations/instrument";
import type { EntityModel, RelationModel } from "../../metadata/model";

/** The models of entities by class and by object, and what can be read of an entity without a query. */
export class Entities {
  private readonly byTarget = new Map<unknown, EntityModel>();

  constructor(readonly models: readonly EntityModel[]) {
    for (const model of models) this.byTarget.set(model.target, model);
  }

  /** The model of an entity's class or schema. */
  ofTarget(target: unknown): EntityModel | undefined {
    return this.byTarget.get(target);
  }

  /** The model of an object; undefined for anything that is not an entity. */
  of(value: unknown): EntityModel | undefined {
    // Reading a proxy runs its handler.
    if (typeof value !== "object" || value === null || types.isProxy(value)) return undefined;
    // What the session created or loaded has its model, also where an EntitySchema has no class.
    const known = instanceOf(value)?.model.target;
    if (known !== undefined && this.byTarget.has(known)) return this.byTarget.get(known);
    for (
      let prototype: unknown = Object.getPrototypeOf(value);
      prototype;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      const own = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value as unknown;
      const model = own === undefined ? undefined : this.byTarget.get(own);
      if (model) return model;
    }
    return undefined;
  }

  /** An entity in a few characters: its own `toString`, or `User #1`. Not escaped. */
  label(entity: object, model: EntityModel): string {
    return ownText(entity, model) ?? `${model.name}${keyOf(entity, model)}`;
  }
}

/** The text of an `[util.inspect.custom]` or `toString` that the class defines. Not escaped. */
export function ownText(entity: object, model: EntityModel): string | undefined {
  const { target } = model;
  const prototype = typeof target === "function" ? (target.prototype as Record<PropertyKey, unknown>) : undefined;
  if (!prototype) return undefined;
  try {
    if (inspect.custom in prototype && prototype[inspect.custom] !== inspectEntity)
      return inspect(entity, { depth: 1 });
    if (prototype["toString"] === Object.prototype.toString) return undefined;
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- checked above: it is not that of Object
    const text: unknown = entity.toString();
    return typeof text === "string" ? text : undefined;
  } catch {
    // A toString that throws (on a relation that is not loaded, say) must not keep the row from being shown.
    return undefined;
  }
}

function keyOf(entity: object, model: EntityModel): string {
  const keys = model.primary.map(({ property }) => readPath(entity, property));
  if (keys.some((key) => key === undefined || key === null)) return "";
  return ` #${keys.map(String).join("/")}`;
}

/** A property by its path, `name.first`. */
export function readPath(entity: object, path: string): unknown {
  let value: unknown = entity;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A relation's value if it is loaded. Sends no query and runs no accessor of the class. */
export function loadedRelation(entity: object, relation: RelationModel): { readonly value: unknown } | undefined {
  const own = Object.getOwnPropertyDescriptor(entity, relation.property);
  if (!own?.enumerable) return undefined;
  const value = (entity as Record<string, unknown>)[relation.property];
  return value === undefined || isAwaitable(value) ? undefined : { value };
}

/** The relations of an entity whose foreign key is in no property: `author` of a post without `authorId`. */
export function unmappedForeignKeys(model: EntityModel): RelationModel[] {
  return model.relations.filter(
    ({ holdsKey, joins, metadata }) =>
      holdsKey && metadata.persistenceEnabled !== false && joins.every(({ foreign }) => foreign.isVirtual),
  );
}

/** The foreign key of a relation as `→ 3`; null where it refers to nothing, undefined where it is not known. Sends no query. */
export function foreignKeyText(entity: object, relation: RelationModel): string | null | undefined {
  const instance = instanceOf(entity);
  if (!instance) return undefined;
  const values = relation.joins.map(({ foreign }) => currentValue(instance, foreign));
  if (values.some((value) => value === undefined)) return undefined;
  return values.every((value) => value === null) ? null : `→ ${values.map(String).join("/")}`;
}
