/** Groups items by a key; groups and items keep the order in which they are met. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let last: T[] | undefined;
  let lastKey: K | undefined;
  for (const item of items) {
    const key = keyOf(item);
    // Items of one group mostly follow each other: the map is asked once for such a run.
    if (last && key === lastKey) {
      last.push(item);
      continue;
    }
    last = groups.get(key);
    lastKey = key;
    if (last) last.push(item);
    else groups.set(key, (last = [item]));
  }
  return groups;
}
