import type { EntityModel } from "../../metadata/model";
import type { Instance } from "./instance";

/** Things by what they have in common, in the order in which each of it is met. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let last: T[] | undefined;
  let lastKey: K | undefined;
  for (const item of items) {
    const key = keyOf(item);
    // Those of one group mostly stand together.
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

/** Objects by the entity that they are of. */
export function byModel(instances: Iterable<Instance>): Map<EntityModel, Instance[]> {
  return groupBy(instances, ({ model }) => model);
}
