import { inspect, types } from "node:util";
import { isAwaitable } from "../../query/awaitable";
import { instanceOf } from "../../session/state/instance";
import { inspectEntity } from "../../session/relations/instrument";
import type { ShellModel, ShellRelation } from "../world";

/** Knows which objects are entities, and what can be said of one without asking the database. */
export class Entities {
  private readonly byTarget = new Map<unknown, ShellModel>();

  constructor(readonly models: readonly ShellModel[]) {
    for (const model of models) this.byTarget.set(model.target, model);
  }

  /** The model of an entity's class or schema. */
  ofTarget(target: unknown): ShellModel | undefined {
    return this.byTarget.get(target);
  }

  /** The model of an object; undefined for anything that is no entity. */
  of(value: unknown): ShellModel | undefined {
    // A proxy would run somebody's code by being looked at.
    if (typeof value !== "object" || value === null || types.isProxy(value)) return undefined;
    // What the session made or holds knows its entity, also where there is no class.
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

  /** One entity in a few characters: its own words, or `User #1`. */
  label(entity: object, model: ShellModel): string {
    return ownText(entity, model) ?? `${model.name}${keyOf(entity, model)}`;
  }
}

/** What the entity says of itself, by an `[util.inspect.custom]` or `toString` of its own. */
export function ownText(entity: object, model: ShellModel): string | undefined {
  const { target } = model;
  const prototype = typeof target === "function" ? (target.prototype as Record<PropertyKey, unknown>) : undefined;
  if (!prototype) return undefined;
  try {
    if (inspect.custom in prototype && prototype[inspect.custom] !== inspectEntity)
      return inspect(entity, { depth: 1 });
    if (prototype["toString"] === Object.prototype.toString) return undefined;
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- it was found to have one of its own
    const text: unknown = entity.toString();
    return typeof text === "string" ? text : undefined;
  } catch {
    // A toString that fails (over a relation that is not loaded, say) must not keep the row from being seen.
    return undefined;
  }
}

function keyOf(entity: object, model: ShellModel): string {
  const keys = model.primary.map(({ property }) => readPath(entity, property));
  if (keys.some((key) => key === undefined || key === null)) return "";
  return ` #${keys.map(String).join("/")}`;
}

/** A property by its path, `name.first`; undefined where there is nothing. */
export function readPath(entity: object, path: string): unknown {
  let value: unknown = entity;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A relation's value if it is known; looking sends nothing and runs no accessor of the class. */
export function loadedRelation(entity: object, relation: ShellRelation): { readonly value: unknown } | undefined {
  const own = Object.getOwnPropertyDescriptor(entity, relation.property);
  if (!own?.enumerable) return undefined;
  const value = (entity as Record<string, unknown>)[relation.property];
  return value === undefined || isAwaitable(value) ? undefined : { value };
}
