import type { Dependency } from "./dependency";
import { unresolvableCycle } from "./errors";
import type { Instance } from "./instance";

/** Breaks a circle at a dependency of an object; says whether it could. */
export type Opening = (instance: Instance, dependency: Dependency) => boolean;

/**
 * Sorts objects in waves, each of which needs only the waves before, so that many rows go into one statement.
 *
 * @param ways how a circle is broken at one of its dependencies, the best first; each says whether it could
 * @throws RetortError `session/cycle` where no dependency of a circle can be broken
 */
export function commitOrder(
  instances: Iterable<Instance>,
  dependenciesOf: (instance: Instance) => readonly Dependency[],
  ...ways: readonly Opening[]
): Instance[][] {
  const waiting = new Map<Instance, Set<Dependency>>();
  const dependants = new Map<Instance, [Instance, Dependency][]>();
  let wave: Instance[] = [];
  for (const instance of instances) {
    const dependencies = dependenciesOf(instance);
    if (dependencies.length === 0) wave.push(instance);
    else waiting.set(instance, new Set(dependencies));
    for (const dependency of dependencies) {
      const list = dependants.get(dependency.on);
      if (list) list.push([instance, dependency]);
      else dependants.set(dependency.on, [[instance, dependency]]);
    }
  }

  const waves: Instance[][] = [];
  for (;;) {
    while (wave.length > 0) {
      waves.push(wave);
      const next: Instance[] = [];
      for (const instance of wave)
        for (const [dependant, dependency] of dependants.get(instance) ?? [])
          if (isFreed(waiting, dependant, dependency)) next.push(dependant);
      wave = next;
    }
    if (waiting.size === 0) return waves;
    const circle = findCircle(waiting);
    const opened = openedBy(ways, circle);
    if (!opened) throw unresolvableCycle(circle);
    if (isFreed(waiting, ...opened)) wave = [opened[0]];
  }
}

function openedBy(
  ways: readonly Opening[],
  circle: readonly [Instance, Dependency][],
): [Instance, Dependency] | undefined {
  for (const open of ways) {
    const opened = circle.find(([instance, dependency]) => open(instance, dependency));
    if (opened) return opened;
  }
  return undefined;
}

/** Takes one dependency off an object; true where it was the last. */
function isFreed(waiting: Map<Instance, Set<Dependency>>, instance: Instance, dependency: Dependency): boolean {
  const left = waiting.get(instance);
  if (!left?.delete(dependency) || left.size > 0) return false;
  waiting.delete(instance);
  return true;
}

/** Everybody left waits for somebody who waits: going from one to the next comes round to somebody who was met before. */
function findCircle(waiting: ReadonlyMap<Instance, ReadonlySet<Dependency>>): [Instance, Dependency][] {
  const path: [Instance, Dependency][] = [];
  const places = new Map<Instance, number>();
  let [instance] = waiting.keys() as Iterable<Instance> as [Instance];
  while (!places.has(instance)) {
    places.set(instance, path.length);
    const [dependency] = waiting.get(instance) as Iterable<Dependency> as [Dependency];
    path.push([instance, dependency]);
    instance = dependency.on;
  }
  return path.slice(places.get(instance));
}
