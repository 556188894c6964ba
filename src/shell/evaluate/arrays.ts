import { isAwaitable } from "../../query/awaitable";

/*
 * Array methods whose callbacks may have to be awaited. Each is a generator that yields what a callback gave and receives the
 * value; its driver decides whether to await. They follow the specification of the methods that they stand for: the length is read
 * once, holes are skipped, a subclass makes arrays of its own kind.
 */

type Callback = (...values: unknown[]) => unknown;
type Steps = Generator<unknown, unknown, unknown>;
type Method = (list: unknown[], callback: Callback, values: readonly unknown[], seen: Seen) => Steps;
type Seen = (value: unknown) => unknown;
/** The values of an iterable; a promise where it has to wait. */
type ListOf = (source: unknown) => unknown;

/** The method of this name for this receiver, or undefined when the receiver's own is the one to call. */
export function callbackMethod(
  receiver: unknown,
  name: string,
  values: readonly unknown[],
  seen: Seen,
  listOf: ListOf,
): Steps | undefined {
  if (name === "from") return arrayFrom(receiver, values, listOf);
  const [callback] = values;
  if (typeof callback !== "function") return undefined;
  const own = (receiver as Record<string, unknown> | null | undefined)?.[name];
  if (name === "forEach" && isCollectionMethod(receiver, own))
    return forEachEntry(receiver as Map<unknown, unknown>, callback as Callback, values[1]);
  if (!Array.isArray(receiver) || own !== (Array.prototype as unknown as Record<string, unknown>)[name])
    return undefined;
  return METHODS[name]?.(receiver, callback as Callback, values, seen);
}

function isCollectionMethod(receiver: unknown, method: unknown): boolean {
  if (receiver instanceof Map) return method === Map.prototype.forEach;
  return receiver instanceof Set && method === Set.prototype.forEach;
}

const METHODS: Readonly<Record<string, Method>> = {
  *map(list, callback, [, self]) {
    const { length } = list;
    const mapped = newArray(list, length);
    for (const index of present(list, length))
      define(mapped, index, yield callback.call(self, list[index], index, list));
    return mapped;
  },
  *filter(list, callback, [, self]) {
    const { length } = list;
    const kept = newArray(list, 0);
    let size = 0;
    for (const index of present(list, length)) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) define(kept, size++, item);
    }
    return kept;
  },
  *forEach(list, callback, [, self]) {
    for (const index of present(list, list.length)) yield callback.call(self, list[index], index, list);
    return undefined;
  },
  *some(list, callback, [, self]) {
    for (const index of present(list, list.length))
      if (yield callback.call(self, list[index], index, list)) return true;
    return false;
  },
  *every(list, callback, [, self]) {
    for (const index of present(list, list.length))
      if (!(yield callback.call(self, list[index], index, list))) return false;
    return true;
  },
  *find(list, callback, [, self]) {
    const { length } = list;
    for (let index = 0; index < length; index += 1) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) return item;
    }
    return undefined;
  },
  *findIndex(list, callback, [, self]) {
    const { length } = list;
    for (let index = 0; index < length; index += 1)
      if (yield callback.call(self, list[index], index, list)) return index;
    return -1;
  },
  *findLast(list, callback, [, self]) {
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) return item;
    }
    return undefined;
  },
  *findLastIndex(list, callback, [, self]) {
    for (let index = list.length - 1; index >= 0; index -= 1)
      if (yield callback.call(self, list[index], index, list)) return index;
    return -1;
  },
  *flatMap(list, callback, [, self]) {
    const { length } = list;
    const flat = newArray(list, 0);
    let size = 0;
    for (const index of present(list, length)) {
      const given = yield callback.call(self, list[index], index, list);
      if (!Array.isArray(given)) define(flat, size++, given);
      else for (const at of present(given, given.length)) define(flat, size++, (given as unknown[])[at]);
    }
    return flat;
  },
  *reduce(list, callback, values) {
    return yield* fold(list, [...present(list, list.length)], callback, values);
  },
  *reduceRight(list, callback, values) {
    return yield* fold(list, [...present(list, list.length)].reverse(), callback, values);
  },
  *sort(list, callback, _values, seen) {
    const indexes = [...present(list, list.length)];
    const items = indexes.map((index) => list[index]);
    const sorted = (yield* sortItems(items, "sort", callback, seen)) as unknown[];
    sorted.forEach((item, index) => (list[index] = item));
    // Holes come last.
    for (const index of indexes) if (index >= sorted.length) Reflect.deleteProperty(list, index);
    return list;
  },
  *toSorted(list, callback, _values, seen) {
    return yield* sortItems(Array.from(list), "toSorted", callback, seen);
  },
};

/** An array of the same class, as `map` and `filter` make them. */
function newArray(list: unknown[], length: number): unknown[] {
  let species = list.constructor as (new (size: number) => unknown[]) | undefined | null;
  if (Object(species) === species) species = (species as unknown as Record<symbol, typeof species>)[Symbol.species];
  return species === undefined || species === null ? new Array<unknown>(length) : new species(length);
}

function define(list: unknown[], index: number, value: unknown): void {
  Object.defineProperty(list, index, { value, configurable: true, enumerable: true, writable: true });
}

function* present(list: readonly unknown[], length: number): Generator<number> {
  for (let index = 0; index < length; index += 1) if (index in list) yield index;
}

function* fold(list: unknown[], indexes: number[], callback: Callback, values: readonly unknown[]): Steps {
  let result = values[1];
  if (values.length < 2) {
    const first = indexes.shift();
    if (first === undefined) throw new TypeError("Reduce of empty array with no initial value");
    result = list[first];
  }
  for (const index of indexes) if (index in list) result = yield callback(result, list[index], index, list);
  return result;
}

// Sorting -------------------------------------------------------------------------------------------------------------

/** Ends JavaScript's own sort. */
class HasToWait extends Error {}

/**
 * The sorted items. JavaScript's own method calls the comparator, so that it is called for the same pairs in the same order, until a
 * comparison has to be awaited; then a merge sort goes on with what was compared.
 */
function* sortItems(items: readonly unknown[], method: "sort" | "toSorted", compare: Callback, seen: Seen): Steps {
  const results = new Map<unknown, Map<unknown, unknown>>();
  const compared = (a: unknown, b: unknown): unknown => {
    const result = seen(compare(a, b));
    if (!results.has(a)) results.set(a, new Map());
    results.get(a)!.set(b, result);
    return result;
  };
  try {
    return nativelySorted([...items], method, (a, b) => {
      const result = compared(a, b);
      if (isAwaitable(result)) throw new HasToWait();
      return result as number;
    });
  } catch (error) {
    if (!(error instanceof HasToWait)) throw error;
  }
  const isDefined = (item: unknown): boolean => item !== undefined;
  const known = (a: unknown, b: unknown): unknown => results.get(a)?.get(b) ?? compared(a, b);
  const sorted = yield* mergeSort(items.filter(isDefined), known);
  return [...sorted, ...items.filter((item) => !isDefined(item))];
}

function nativelySorted(
  items: unknown[],
  method: "sort" | "toSorted",
  compare: (a: unknown, b: unknown) => number,
): unknown[] {
  return method === "sort" ? items.sort(compare) : items.toSorted(compare);
}

function* mergeSort(list: readonly unknown[], compare: Callback): Generator<unknown, unknown[], unknown> {
  if (list.length < 2) return [...list];
  const middle = list.length >> 1;
  const left = yield* mergeSort(list.slice(0, middle), compare);
  const right = yield* mergeSort(list.slice(middle), compare);
  const merged: unknown[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const order = Number(yield compare(left[l], right[r]));
    merged.push(order > 0 ? right[r++] : left[l++]);
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}

// Others --------------------------------------------------------------------------------------------------------------

function arrayFrom(receiver: unknown, [source, callback, self]: readonly unknown[], listOf: ListOf): Steps | undefined {
  if (receiver !== Array || (callback !== undefined && typeof callback !== "function")) return undefined;
  if (source === null || source === undefined) return undefined;
  return from(source as Iterable<unknown>, callback as Callback | undefined, self, listOf);
}

function* from(
  source: Iterable<unknown> | ArrayLike<unknown>,
  callback: Callback | undefined,
  self: unknown,
  listOf: ListOf,
): Steps {
  const mapped: unknown[] = [];
  // Not by Array.from() first, which Ctrl-C could not end: there may be 1e9 elements.
  const values = isIterable(source) ? ((yield listOf(source)) as Iterable<unknown>) : elements(source);
  for (const item of values) mapped.push(callback ? yield callback.call(self, item, mapped.length) : item);
  return mapped;
}

function isIterable(source: Iterable<unknown> | ArrayLike<unknown>): source is Iterable<unknown> {
  return typeof (source as Iterable<unknown>)[Symbol.iterator] === "function";
}

function* elements(source: ArrayLike<unknown>): Generator {
  for (let index = 0; index < source.length; index += 1) yield source[index];
}

function* forEachEntry(entries: Map<unknown, unknown> | Set<unknown>, callback: Callback, self: unknown): Steps {
  for (const [key, value] of entries.entries()) yield callback.call(self, value, key, entries);
  return undefined;
}
