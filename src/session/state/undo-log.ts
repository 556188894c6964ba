import type { FilledProperties, Instance, UndoRecord } from "./instance";
import { relationIdValues } from "./values";

/**
 * Undo records of all objects that changed since the last commit, on one level for each open savepoint. Each object holds
 * its own innermost record.
 */
export class UndoLog {
  readonly #levels: UndoRecord[][] = [[]];

  /** Called before an object changes; only the first call on a level has an effect. */
  record(instance: Instance): void {
    const level = this.#innermost;
    const last = instance.undoRecord;
    if (last?.level === level) return;
    // A record of another session does not concern this one.
    const outer = last && this.#levels.includes(last.level) ? last : undefined;
    level.push((instance.undoRecord = recordOf(instance, level, outer)));
  }

  /** The session expunges an object. A rollback still takes back what was written of it. */
  detach(instance: Instance): void {
    for (let record = instance.undoRecord; record; record = record.outer) {
      record.isOwned = false;
      if (record.deletion === "asked") record.deletion = "none";
    }
  }

  /** Records what a new object held before a flush fills it in. */
  recordFilled(instance: Instance, filled: FilledProperties): void {
    // Where the object had a row, its snapshot restores it; so this belongs to the level in which it was new.
    for (let record = instance.undoRecord; record; record = record.outer) {
      if (record.snapshot !== undefined) continue;
      record.filled ??= filled;
      return;
    }
  }

  /** Opens a level for a savepoint. */
  push(): void {
    this.#levels.push([]);
  }

  /** Releases the innermost savepoint: its records move to the enclosing level, unless that has an older one. */
  merge(): void {
    const inner = this.#levels.pop()!;
    const outer = this.#innermost;
    for (const record of inner) {
      if (!isCurrent(record)) continue;
      if (record.outer?.level === outer) {
        // New on both levels, and filled in only on the inner one.
        if (record.outer.snapshot === undefined) record.outer.filled ??= record.filled;
        close(record, record.outer);
      } else {
        record.level = outer;
        outer.push(record);
      }
    }
  }

  /** Returns the records of the innermost level, newest first, and empties it. */
  take(): UndoRecord[] {
    const level = this.#innermost;
    const records = level.filter(isCurrent).reverse();
    this.#levels[this.#levels.length - 1] = [];
    for (const record of records) close(record, record.outer);
    return records;
  }

  /** Removes the level of a savepoint that was rolled back. */
  pop(): void {
    this.#levels.pop();
  }

  /** How many savepoints are open. */
  get depth(): number {
    return this.#levels.length - 1;
  }

  /** Discards all records; returns the objects that changed. */
  commit(): Instance[] {
    while (this.depth > 0) this.merge();
    const changed: Instance[] = [];
    for (const record of this.#innermost) {
      if (!isCurrent(record)) continue;
      record.instance.undoRecord = record.outer;
      changed.push(record.instance);
    }
    this.#levels[0] = [];
    return changed;
  }

  clear(): void {
    for (const level of this.#levels.splice(0, Infinity, [])) for (const record of level) close(record, undefined);
  }

  get #innermost(): UndoRecord[] {
    return this.#levels[this.#levels.length - 1]!;
  }
}

/** False once another session has owned the object and changed it. */
function isCurrent(record: UndoRecord): boolean {
  return record.instance.undoRecord === record;
}

function close(record: UndoRecord, outer: UndoRecord | undefined): void {
  if (isCurrent(record)) record.instance.undoRecord = outer;
}

function recordOf(instance: Instance, level: UndoRecord[], outer: UndoRecord | undefined): UndoRecord {
  return {
    instance,
    isOwned: instance.owner !== undefined,
    // A flush replaces snapshots and never changes one, so no copy is needed.
    snapshot: instance.snapshot,
    key: instance.key,
    deletion: instance.deletion,
    generation: instance.generation,
    related: instance.related?.map((value) => value?.save()),
    exposed: instance.exposed instanceof Set ? new Set(instance.exposed) : instance.exposed,
    relationIds: relationIdValues(instance),
    filled: undefined,
    level,
    outer,
  };
}
