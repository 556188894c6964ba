import type { RelationModel } from "../metadata/model";
import { unresolvableCycle } from "./errors";
import type { Instance } from "./instance";

/** One object's need of another one's row: a foreign key. */
export interface Dependency {
  readonly on: Instance;
  readonly relation: RelationModel;
}

export interface CommitOrder {
  /** Objects in waves: each needs only objects of the waves before. */
  readonly waves: Instance[][];
  /** Foreign keys that close a circle: they are written by an UPDATE when both rows are there. */
  readonly postponed: { readonly instance: Instance; readonly relation: RelationModel }[];
}

/**
 * Sorts objects so that what is referenced comes first, a whole wave at a time, so that many rows go into one statement.
 * A circle is opened at a foreign key that may be NULL for a moment.
 */
export function commitOrder(
  instances: Iterable<Instance>,
  dependenciesOf: (instance: Instance) => readonly Dependency[],
): CommitOrder {
  const waiting = new Map<Instance, number>();
  const dependants = new Map<Instance, Instance[]>();
  const postponed: CommitOrder["postponed"] = [];
  let wave: Instance[] = [];
  for (const instance of instances) {
    const dependencies = dependenciesOf(instance);
    if (dependencies.length === 0) wave.push(instance);
    else waiting.set(instance, dependencies.length);
    for (const { on } of dependencies) {
      const list = dependants.get(on);
      if (list) list.push(instance);
      else dependants.set(on, [instance]);
    }
  }

  const waves: Instance[][] = [];
  for (;;) {
    while (wave.length > 0) {
      waves.push(wave);
      wave = released(wave, waiting, dependants);
    }
    if (waiting.size === 0) return { waves, postponed };
    wave = openCircle(waiting, dependenciesOf, postponed);
  }
}

/** Those who waited for nobody but the objects of a wave. */
function released(
  wave: readonly Instance[],
  waiting: Map<Instance, number>,
  dependants: ReadonlyMap<Instance, Instance[]>,
): Instance[] {
  const next: Instance[] = [];
  for (const instance of wave) {
    for (const dependant of dependants.get(instance) ?? []) {
      const left = waiting.get(dependant);
      if (left === undefined) continue;
      if (left > 1) waiting.set(dependant, left - 1);
      else {
        waiting.delete(dependant);
        next.push(dependant);
      }
    }
  }
  return next;
}

/** Everything left waits for somebody who waits: one of them goes first, without the keys it cannot have yet. */
function openCircle(
  waiting: Map<Instance, number>,
  dependenciesOf: (instance: Instance) => readonly Dependency[],
  postponed: CommitOrder["postponed"],
): Instance[] {
  let mended: { instance: Instance; relations: RelationModel[] } | undefined;
  for (const instance of waiting.keys()) {
    const blocking = dependenciesOf(instance).filter(({ on }) => waiting.has(on));
    if (!blocking.every(({ relation }) => mayWait(relation))) continue;
    mended = { instance, relations: [...new Set(blocking.map(({ relation }) => relation))] };
    break;
  }
  if (!mended)
    throw unresolvableCycle(
      [...waiting.keys()]
        .slice(0, 3)
        .flatMap((instance) => dependenciesOf(instance).map(({ relation }) => relation.label)),
    );
  waiting.delete(mended.instance);
  for (const relation of mended.relations) postponed.push({ instance: mended.instance, relation });
  return [mended.instance];
}

function mayWait(relation: RelationModel): boolean {
  return relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
}
