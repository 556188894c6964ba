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
export function commitOrder(instances: Iterable<Instance>, dependenciesOf: (instance: Instance) => readonly Dependency[]): CommitOrder {
  const waiting = new Map<Instance, Dependency[]>();
  const dependants = new Map<Instance, Instance[]>();
  const postponed: CommitOrder["postponed"] = [];
  let wave: Instance[] = [];
  for (const instance of instances) {
    const dependencies = [...dependenciesOf(instance)];
    if (dependencies.length === 0) wave.push(instance);
    else waiting.set(instance, dependencies);
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
      wave = nextWave(wave, waiting, dependants);
    }
    if (waiting.size === 0) return { waves, postponed };
    wave = openCircle(waiting, postponed);
  }
}

function nextWave(done: readonly Instance[], waiting: Map<Instance, Dependency[]>, dependants: ReadonlyMap<Instance, Instance[]>): Instance[] {
  const finished = new Set(done);
  const candidates = new Set<Instance>();
  for (const instance of done) for (const dependant of dependants.get(instance) ?? []) candidates.add(dependant);
  const next: Instance[] = [];
  for (const candidate of candidates) {
    const rest = waiting.get(candidate)?.filter(({ on }) => !finished.has(on));
    if (!rest) continue;
    if (rest.length > 0) {
      waiting.set(candidate, rest);
      continue;
    }
    waiting.delete(candidate);
    next.push(candidate);
  }
  return next;
}

/** Everything left waits for somebody who waits: one of them goes first, without the keys it cannot have yet. */
function openCircle(waiting: Map<Instance, Dependency[]>, postponed: CommitOrder["postponed"]): Instance[] {
  for (const [instance, dependencies] of waiting) {
    if (!dependencies.every(({ relation }) => mayWait(relation))) continue;
    waiting.delete(instance);
    for (const { relation } of dependencies) postponed.push({ instance, relation });
    return [instance];
  }
  // Some circles open at one of several keys: give up those that may wait, and let the others decide.
  for (const [instance, dependencies] of waiting) {
    const firm = dependencies.filter(({ relation }) => !mayWait(relation));
    if (firm.length === dependencies.length) continue;
    waiting.set(instance, firm);
    for (const { relation } of dependencies) if (mayWait(relation)) postponed.push({ instance, relation });
    return [];
  }
  throw unresolvableCycle([...waiting.values()].slice(0, 3).flatMap((dependencies) => dependencies.map(({ relation }) => relation.label)));
}

function mayWait(relation: RelationModel): boolean {
  return relation.joins.every(({ foreign }) => foreign.metadata.isNullable && !foreign.isPrimary);
}
