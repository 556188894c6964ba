import { RetortError } from "../../errors";
import type { ColumnModel } from "../../metadata/model";
import { nameOf } from "../state/errors";
import type { Instance } from "../state/instance";
import { throughOf, type Dependency } from "./dependency";

/** Removes a dependency of an object, to break a cycle there; returns whether it could. */
export type CycleBreaker = (instance: Instance, dependency: Dependency) => boolean;

/**
 * Sorts objects topologically, in waves: each wave depends only on the waves before, so that its rows can be written by
 * few statements.
 *
 * @param breakers the ways to break a cycle, in order of preference
 * @throws RetortError `session/cycle` where no dependency of a cycle can be removed
 */
export function commitOrder(
  instances: Iterable<Instance>,
  dependenciesOf: (instance: Instance) => readonly Dependency[],
  ...breakers: readonly CycleBreaker[]
): Instance[][] {
  const waiting = new Map<Instance, Node>();
  const dependants = new Map<Instance, Dependant[]>();
  let wave: Instance[] = [];
  for (const instance of instances) {
    const dependencies = dependenciesOf(instance);
    if (dependencies.length === 0) {
      wave.push(instance);
      continue;
    }
    const node: Node = { instance, dependencies, left: dependencies.length, removed: undefined };
    waiting.set(instance, node);
    for (const dependency of dependencies) {
      const list = dependants.get(dependency.on);
      if (list) list.push({ node, dependency });
      else dependants.set(dependency.on, [{ node, dependency }]);
    }
  }

  const waves: Instance[][] = [];
  const satisfy = (node: Node, next: Instance[]): void => {
    if (--node.left > 0) return;
    waiting.delete(node.instance);
    next.push(node.instance);
  };
  for (;;) {
    while (wave.length > 0) {
      waves.push(wave);
      const next: Instance[] = [];
      for (const instance of wave)
        for (const { node, dependency } of dependants.get(instance) ?? EMPTY)
          if (!node.removed?.has(dependency)) satisfy(node, next);
      wave = next;
    }
    if (waiting.size === 0) return waves;
    const cycle = findCycle(waiting);
    const broken = breakCycle(breakers, cycle);
    if (!broken) throw unresolvableCycle(cycle);
    const [node, dependency] = broken;
    (node.removed ??= new Set()).add(dependency);
    satisfy(node, wave);
  }
}

function breakCycle(breakers: readonly CycleBreaker[], cycle: readonly Edge[]): Edge | undefined {
  for (const breaks of breakers) {
    const broken = cycle.find(([{ instance }, dependency]) => breaks(instance, dependency));
    if (broken) return broken;
  }
  return undefined;
}

/** A node of a cycle, with its dependency on the next one. */
type Edge = readonly [Node, Dependency];

interface Node {
  readonly instance: Instance;
  readonly dependencies: readonly Dependency[];
  /** How many of them are not satisfied. */
  left: number;
  /** Those that were removed to break a cycle. */
  removed: Set<Dependency> | undefined;
}

interface Dependant {
  readonly node: Node;
  readonly dependency: Dependency;
}

const EMPTY: readonly Dependant[] = [];

/** Every node that is left depends on another one that is left, so a walk along dependencies comes back to one of its nodes. */
function findCycle(waiting: ReadonlyMap<Instance, Node>): Edge[] {
  const path: Edge[] = [];
  const places = new Map<Node, number>();
  let [node] = waiting.values() as Iterable<Node> as [Node];
  while (!places.has(node)) {
    places.set(node, path.length);
    const { dependencies, removed } = node;
    const dependency = dependencies.find((one) => waiting.has(one.on) && !removed?.has(one))!;
    path.push([node, dependency]);
    node = waiting.get(dependency.on)!;
  }
  return path.slice(places.get(node));
}

function unresolvableCycle(cycle: readonly Edge[]): RetortError {
  const needs = cycle.map(
    ([{ instance }, dependency]) =>
      `${nameOf(instance.entity)} needs ${nameOf(dependency.on.entity)} (${throughOf(dependency)})`,
  );
  const keys = new Set(cycle.flatMap(([, { relation, unique }]) => relation?.label ?? foreignKeyAmong(unique!) ?? []));
  const hint =
    keys.size > 0
      ? `make one of ${[...keys].join(", ")} nullable, or deferrable: { deferrable: "INITIALLY DEFERRED" }`
      : "give one of them another value and flush() before the others take theirs";
  return new RetortError("session/cycle", `rows need each other, and none can be written first: ${needs.join(", ")}`, {
    hint,
  });
}

function foreignKeyAmong(columns: readonly ColumnModel[]): string | undefined {
  return columns.find(({ metadata }) => metadata.referencedColumn)?.label;
}
