import { types } from "node:util";
import { isAwaitable } from "../../query/awaitable";
import { isIterable, Iteration } from "./iteration";

/**
 * What a destructuring pattern reads: properties by name (`p`) or elements by position (`e`), each 1 or a pattern of its own, or 0
 * for an element that is skipped; `r` stands for the rest.
 */
export type Shape = 0 | 1 | PropertiesShape | ElementsShape;
interface PropertiesShape {
  readonly p: Readonly<Record<string, Shape>>;
  readonly r?: 1;
}
interface ElementsShape {
  readonly e: readonly Shape[];
  readonly r?: 1;
}

/** Tells the runtime about a value that was read, and returns it. */
export type Seen = (value: unknown) => unknown;

/**
 * A value whose parts that a shape names are awaited; a promise only where one of them is. The value itself is returned where
 * nothing was awaited and reading it again gives the same.
 */
export function settleParts(value: unknown, shape: Shape, seen: Seen): unknown {
  if (isAwaitable(value)) return Promise.resolve(value).then((settled) => settleParts(settled, shape, seen));
  if (typeof shape !== "object" || value === null || value === undefined) return value;
  if ("e" in shape) return settleElements(value, shape, seen);
  return typeof value === "object" || typeof value === "function" ? settleProperties(value, shape, seen) : value;
}

// Elements ------------------------------------------------------------------------------------------------------------

function settleElements(value: unknown, shape: ElementsShape, seen: Seen): unknown {
  if (!isIterable(value)) return value;
  if (Array.isArray(value) && value[Symbol.iterator] === Array.prototype[Symbol.iterator]) {
    const list = value as unknown[];
    const settled = list.map((item, index) => settlePart(item, shape.e[index] ?? (shape.r ? 1 : 0), seen));
    return settled.every((item, index) => item === list[index]) ? value : all(settled);
  }
  return typeof value === "string" ? value : taken(new Iteration(value, { seen }), shape, seen);
}

/** The elements that a pattern takes from an iterator. */
function taken(iteration: Iteration, shape: ElementsShape, seen: Seen): unknown {
  const items: unknown[] = [];
  const next = (): unknown => {
    while (shape.r || items.length < shape.e.length) {
      const waiting = iteration.next();
      if (waiting) return waiting.then(() => (take() ? next() : all(items)));
      if (!take()) break;
    }
    const closing = iteration.close();
    return isAwaitable(closing) ? Promise.resolve(closing).then(() => all(items)) : all(items);
  };
  const take = (): boolean => {
    if (!iteration.done) items.push(settlePart(iteration.value, shape.e[items.length] ?? 1, seen));
    return !iteration.done;
  };
  return next();
}

// Properties ----------------------------------------------------------------------------------------------------------

function settleProperties(value: object, shape: PropertiesShape, seen: Seen): unknown {
  const names = Object.keys(shape.p);
  if (names.every((name) => isPlainProperty(value, name, shape.p[name]!))) return value;
  // Getters run once: what the pattern reads afterwards is a copy.
  const read = names.map((name) => settlePart(seen((value as Record<string, unknown>)[name]), shape.p[name]!, seen));
  const rest = shape.r ? ownValues(value, new Set(names)) : {};
  const settled = all(read);
  const copy = (parts: readonly unknown[]): object =>
    Object.assign(
      Object.create(null) as object,
      rest,
      Object.fromEntries(names.map((name, index) => [name, parts[index]])),
    );
  return settled instanceof Promise ? settled.then(copy) : copy(settled);
}

/** Whether a property has a value that is not awaited, and that can be read twice. */
function isPlainProperty(value: object, name: string, shape: Shape): boolean {
  if (types.isProxy(value)) return false;
  for (let holder: unknown = value; holder; holder = Object.getPrototypeOf(holder)) {
    const own = Object.getOwnPropertyDescriptor(holder, name);
    if (own) return "value" in own && !isAwaitable(own.value) && (shape === 1 || Object(own.value) !== own.value);
    if (types.isProxy(holder)) return false;
  }
  return true;
}

/** An object whose getters were read, with what they gave awaited; the object itself where it has none. */
export function copied(value: object, seen: Seen): unknown {
  const hasGetter = (key: PropertyKey): boolean => Object.getOwnPropertyDescriptor(value, key)?.get !== undefined;
  if (!types.isProxy(value) && !Reflect.ownKeys(value).some(hasGetter)) return value;
  const read: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(value))
    if (Object.getOwnPropertyDescriptor(value, key)?.enumerable) read[key] = seen((value as typeof read)[key]);
  const keys = Reflect.ownKeys(read);
  const parts = all(keys.map((key) => read[key]));
  if (!(parts instanceof Promise)) return read;
  return parts.then((settled) => {
    keys.forEach((key, index) => (read[key] = settled[index]));
    return read;
  });
}

function ownValues(value: object, without: ReadonlySet<string>): Record<PropertyKey, unknown> {
  const values: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "string" && without.has(key)) continue;
    if (Object.getOwnPropertyDescriptor(value, key)?.enumerable) values[key] = (value as typeof values)[key];
  }
  return values;
}

// Both ----------------------------------------------------------------------------------------------------------------

function settlePart(part: unknown, shape: Shape, seen: Seen): unknown {
  return shape === 0 ? part : settleParts(part, shape, seen);
}

/** The values; a promise of them where one has to be awaited. */
function all(values: unknown[]): unknown[] | Promise<unknown[]> {
  return values.some(isAwaitable) ? Promise.all(values) : values;
}
