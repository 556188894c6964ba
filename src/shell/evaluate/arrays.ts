/*
 * Array methods whose callbacks may have to be awaited. Each is a generator that yields what a callback gave and receives the
 * value; its driver decides whether to await. Holes are skipped as JavaScript does.
 */

type Callback = (...values: unknown[]) => unknown;
type Steps = Generator<unknown, unknown, unknown>;

/** The method of this name for this receiver, or undefined when the receiver's own is the one to call. */
export function callbackMethod(receiver: unknown, name: string, values: readonly unknown[]): Steps | undefined {
  if (receiver === Array && name === "from") {
    const [source, callback, self] = values;
    return typeof callback === "function" ? from(source as Iterable<unknown>, callback as Callback, self) : undefined;
  }
  const [callback, second] = values;
  if (typeof callback !== "function") return undefined;
  if (name === "forEach" && (receiver instanceof Map || receiver instanceof Set)) {
    return forEachEntry(receiver, callback as Callback, second);
  }
  if (!Array.isArray(receiver)) return undefined;
  const method = METHODS[name];
  return method?.(receiver, callback as Callback, second, values.length > 1);
}

type Method = (list: unknown[], callback: Callback, second: unknown, hasSecond: boolean) => Steps;

const METHODS: Readonly<Record<string, Method>> = {
  *map(list, callback, self) {
    const mapped = new Array<unknown>(list.length);
    for (const index of present(list)) mapped[index] = yield callback.call(self, list[index], index, list);
    return mapped;
  },
  *filter(list, callback, self) {
    const kept: unknown[] = [];
    for (const index of present(list)) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) kept.push(item);
    }
    return kept;
  },
  *forEach(list, callback, self) {
    for (const index of present(list)) yield callback.call(self, list[index], index, list);
    return undefined;
  },
  *some(list, callback, self) {
    for (const index of present(list)) if (yield callback.call(self, list[index], index, list)) return true;
    return false;
  },
  *every(list, callback, self) {
    for (const index of present(list)) if (!(yield callback.call(self, list[index], index, list))) return false;
    return true;
  },
  *find(list, callback, self) {
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) return item;
    }
    return undefined;
  },
  *findIndex(list, callback, self) {
    for (let index = 0; index < list.length; index += 1) {
      if (yield callback.call(self, list[index], index, list)) return index;
    }
    return -1;
  },
  *findLast(list, callback, self) {
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const item = list[index];
      if (yield callback.call(self, item, index, list)) return item;
    }
    return undefined;
  },
  *findLastIndex(list, callback, self) {
    for (let index = list.length - 1; index >= 0; index -= 1) {
      if (yield callback.call(self, list[index], index, list)) return index;
    }
    return -1;
  },
  *flatMap(list, callback, self) {
    const flat: unknown[] = [];
    for (const index of present(list)) {
      const given = yield callback.call(self, list[index], index, list);
      if (Array.isArray(given)) for (const at of present(given)) flat.push((given as unknown[])[at]);
      else flat.push(given);
    }
    return flat;
  },
  *reduce(list, callback, initial, hasInitial) {
    return yield* fold(list, [...present(list)], callback, initial, hasInitial);
  },
  *reduceRight(list, callback, initial, hasInitial) {
    return yield* fold(list, [...present(list)].reverse(), callback, initial, hasInitial);
  },
  *sort(list, callback) {
    const sorted = (yield* mergeSort(
      list.filter((item) => item !== undefined),
      callback,
    )) as unknown[];
    const last = list.length;
    for (let index = 0; index < last; index += 1) list[index] = sorted[index];
    return list;
  },
  *toSorted(list, callback) {
    const sorted = (yield* mergeSort(
      list.filter((item) => item !== undefined),
      callback,
    )) as unknown[];
    return [...sorted, ...new Array<undefined>(list.length - sorted.length).fill(undefined)];
  },
};

function* present(list: readonly unknown[]): Generator<number> {
  for (let index = 0; index < list.length; index += 1) if (index in list) yield index;
}

function* fold(list: unknown[], indexes: number[], callback: Callback, initial: unknown, hasInitial: boolean): Steps {
  let result = initial;
  if (!hasInitial) {
    const first = indexes.shift();
    if (first === undefined) throw new TypeError("Reduce of empty array with no initial value");
    result = list[first];
  }
  for (const index of indexes) result = yield callback(result, list[index], index, list);
  return result;
}

/** A stable sort, as JavaScript's is. */
function* mergeSort(list: readonly unknown[], compare: Callback): Steps {
  if (list.length < 2) return [...list];
  const middle = list.length >> 1;
  const left = (yield* mergeSort(list.slice(0, middle), compare)) as unknown[];
  const right = (yield* mergeSort(list.slice(middle), compare)) as unknown[];
  const merged: unknown[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const order = Number(yield compare(left[l], right[r]));
    merged.push(order > 0 ? right[r++] : left[l++]);
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}

function* from(source: Iterable<unknown> | ArrayLike<unknown>, callback: Callback, self: unknown): Steps {
  const mapped: unknown[] = [];
  // Not by Array.from() first, which Ctrl-C could not end: there may be 1e9 elements.
  for (const item of isIterable(source) ? source : elements(source)) {
    mapped.push(yield callback.call(self, item, mapped.length));
  }
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
