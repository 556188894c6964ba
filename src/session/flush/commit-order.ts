import type { Dependency } from "./dependency";
import { unresolvableCycle } from "../state/errors";
import type { Instance } from "../state/instance";

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
  const waiting = new Map<Instance, Wait>();
  const dependants = new Map<Instance, Dependant[]>();
  let wave: Instance[] = [];
  for (const instance of instances) {
    const dependencies = dependenciesOf(instance);
    if (dependencies.length === 0) {
      wave.push(instance);
      continue;
    }
    const wait: Wait = { instance, dependencies, left: dependencies.length, opened: undefined };
    waiting.set(instance, wait);
    for (const dependency of dependencies) {
      const list = dependants.get(dependency.on);
      if (list) list.push({ wait, dependency });
      else dependants.set(dependency.on, [{ wait, dependency }]);
    }
  }

  const waves: Instance[][] = [];
  const free = (wait: Wait, next: Instance[]): void => {
    if (--wait.left > 0) return;
    waiting.delete(wait.instance);
    next.push(wait.instance);
  };
  for (;;) {
    while (wave.length > 0) {
      waves.push(wave);
      const next: Instance[] = [];
      for (const instance of wave)
        for (const { wait, dependency } of dependants.get(instance) ?? NOBODY)
          if (!wait.opened?.has(dependency)) free(wait, next);
      wave = next;
    }
    if (waiting.size === 0) return waves;
    const circle = findCircle(waiting);
    const opened = openedBy(ways, circle);
    if (!opened) throw unresolvableCycle(circle.map(([{ instance }, dependency]) => [instance, dependency]));
    const [wait, dependency] = opened;
    (wait.opened ??= new Set()).add(dependency);
    free(wait, wave);
  }
}

function openedBy(ways: readonly Opening[], circle: readonly Link[]): Link | undefined {
  for (const open of ways) {
    const opened = circle.find(([{ instance }, dependency]) => open(instance, dependency));
    if (opened) return opened;
  }
  return undefined;
}

/** Somebody in a circle, with what makes them wait for the next one. */
type Link = readonly [Wait, Dependency];

/** An object that waits for others. */
interface Wait {
  readonly instance: Instance;
  readonly dependencies: readonly Dependency[];
  /** How many of them are still to be written. */
  left: number;
  /** Those that are not waited for any more. */
  opened: Set<Dependency> | undefined;
}

interface Dependant {
  readonly wait: Wait;
  readonly dependency: Dependency;
}

const NOBODY: readonly Dependant[] = [];

/** Everybody left waits for somebody who waits: going from one to the next comes round to somebody who was met before. */
function findCircle(waiting: ReadonlyMap<Instance, Wait>): Link[] {
  const path: Link[] = [];
  const places = new Map<Wait, number>();
  let [wait] = waiting.values() as Iterable<Wait> as [Wait];
  while (!places.has(wait)) {
    places.set(wait, path.length);
    const { dependencies, opened } = wait;
    const dependency = dependencies.find((one) => waiting.has(one.on) && !opened?.has(one))!;
    path.push([wait, dependency]);
    wait = waiting.get(dependency.on)!;
  }
  return path.slice(places.get(wait));
}
