import type { ColumnModel } from "../../metadata/model";
import { Collection, LazyCollection } from "../relations/collection";
import { shownKeys } from "../relations/relation-ids";
import { instanceOf, type Instance, type Reference, type Related } from "../state/instance";

type SavedRelation =
  | { readonly kind: "reference"; readonly reference: Reference }
  | {
      readonly kind: "collection";
      readonly collection: Collection<object>;
      readonly members: readonly object[];
      readonly stored: readonly object[];
    }
  | { readonly kind: "lazy"; readonly lazy: LazyCollection; readonly moves: LazyCollection["moves"] };

/** One object as it was at the last commit or savepoint: enough to make it so again without asking the database. */
export interface UndoRecord {
  readonly instance: Instance;
  /** Whether the session has it again after a rollback. */
  held: boolean;
  readonly snapshot: unknown[] | undefined;
  readonly key: unknown;
  deletion: Instance["deletion"];
  readonly generation: number;
  readonly related: readonly (SavedRelation | undefined)[] | undefined;
  /** The keys of related rows that its properties showed (`@RelationId`). */
  readonly shown: readonly unknown[];
  /** What a flush filled in. */
  filled: Filled | undefined;
  /** The level that it belongs to. */
  level: Level;
  /** What the level around it remembers of the object. */
  readonly outer: UndoRecord | undefined;
}

/** What a flush gives a new object: a generated key, a default, a foreign key. */
export interface Filled {
  readonly columns: readonly ColumnModel[];
  /** What the properties held before, by the columns' index. */
  readonly held: readonly unknown[];
}

/** What was remembered since the last commit, or since a savepoint. */
type Level = UndoRecord[];

/** Mementos of everything that changed since the last commit, a level for each open savepoint. An object knows its own. */
export class UndoLog {
  readonly #levels: Level[] = [[]];

  /** Called before the first change of an object at this level; later calls find it there. */
  record(instance: Instance): void {
    const level = this.#innermost;
    const last = instance.memento;
    if (last?.level === level) return;
    // What another session remembers of it is no business of this one's.
    const outer = last && this.#levels.includes(last.level) ? last : undefined;
    level.push((instance.memento = mementoOf(instance, level, outer)));
  }

  /** The session lets go of an object for good. What was written of it is taken back by a rollback all the same. */
  letGo(instance: Instance): void {
    for (let memento = instance.memento; memento; memento = memento.outer) {
      memento.held = false;
      if (memento.deletion === "asked") memento.deletion = "none";
    }
  }

  /** Remembers what a new object held before a flush fills it in. */
  filling(instance: Instance, filled: Filled): void {
    // An object that had a row when its level began is restored from its snapshot; the level in which it was new knows it without.
    for (let memento = instance.memento; memento; memento = memento.outer) {
      if (memento.snapshot !== undefined) continue;
      memento.filled ??= filled;
      return;
    }
  }

  /** A savepoint: what changes from now on is remembered apart. */
  push(): void {
    this.#levels.push([]);
  }

  /** A savepoint was released: what it remembers is its outer level's now, unless that knows an older truth. */
  merge(): void {
    const inner = this.#levels.pop()!;
    const outer = this.#innermost;
    for (const memento of inner) {
      if (!isCurrent(memento)) continue;
      if (memento.outer?.level === outer) {
        // New in both, and filled in only now.
        if (memento.outer.snapshot === undefined) memento.outer.filled ??= memento.filled;
        leave(memento, memento.outer);
      } else {
        memento.level = outer;
        outer.push(memento);
      }
    }
  }

  /** The mementos of the innermost level, newest first; the level is left empty. */
  take(): UndoRecord[] {
    const level = this.#innermost;
    const mementos = level.filter(isCurrent).reverse();
    this.#levels[this.#levels.length - 1] = [];
    for (const memento of mementos) leave(memento, memento.outer);
    return mementos;
  }

  /** A savepoint was rolled back and is gone. */
  pop(): void {
    this.#levels.pop();
  }

  get depth(): number {
    return this.#levels.length - 1;
  }

  /** Everything is final: gives the objects that changed, and forgets what they were. */
  commit(): Instance[] {
    while (this.depth > 0) this.merge();
    return this.take().map(({ instance }) => instance);
  }

  clear(): void {
    for (const level of this.#levels.splice(0, Infinity, [])) for (const memento of level) leave(memento, undefined);
  }

  get #innermost(): Level {
    return this.#levels[this.#levels.length - 1]!;
  }
}

/** False once another session has had the object: what that one made of it is the truth. */
function isCurrent(memento: UndoRecord): boolean {
  return memento.instance.memento === memento;
}

/** The object's memento is over. */
function leave(memento: UndoRecord, outer: UndoRecord | undefined): void {
  if (isCurrent(memento)) memento.instance.memento = outer;
}

function mementoOf(instance: Instance, level: Level, outer: UndoRecord | undefined): UndoRecord {
  return {
    instance,
    held: instance.owner !== undefined,
    // A flush replaces snapshots, it does not change them; so this one stays as it is.
    snapshot: instance.snapshot,
    key: instance.key,
    deletion: instance.deletion,
    generation: instance.generation,
    related: instance.related?.map(saved),
    shown: shownKeys(instance),
    filled: undefined,
    level,
    outer,
  };
}

function saved(related: Related | undefined): SavedRelation | undefined {
  if (related === undefined) return undefined;
  if (related instanceof Collection)
    return { kind: "collection", collection: related, members: related.remembered, stored: related.stored };
  if (related instanceof LazyCollection) return { kind: "lazy", lazy: related, moves: new Map(related.moves) };
  return { kind: "reference", reference: { ...related } };
}

/** Gives a new object back what its properties held before a flush filled them in. */
export function emptyAgain({ instance, filled }: UndoRecord): void {
  if (filled) for (const column of filled.columns) column.write(instance.entity, filled.held[column.index]);
}

/** A relation of an object that is new again: what was put into it stays, and nothing of it is in the database. */
export function unstored(related: Related | undefined, saved: SavedRelation | undefined): Related | undefined {
  if (!saved && related instanceof LazyCollection && related.moves.size > 0) return related.withoutRow();
  const kept = related === undefined || related instanceof LazyCollection ? restored(saved) : related;
  if (kept instanceof Collection) kept.unstore();
  else if (kept && !(kept instanceof LazyCollection)) return { ...kept, assigned: true };
  return kept;
}

/** Those who came since a relation was saved, and no session has: the other side of it forgets them now. */
export function* forgottenBy(related: Related | undefined, saved: SavedRelation | undefined): Generator<Instance> {
  for (const entity of membersOf(related)) {
    const instance = instanceOf(entity);
    if (instance && !instance.owner && !isAmong(saved, entity)) yield instance;
  }
}

function membersOf(related: Related | undefined): Iterable<object> {
  if (!related) return [];
  if (related instanceof Collection) return related;
  if (related instanceof LazyCollection) return related.moves.keys();
  return related.entity ? [related.entity] : [];
}

function isAmong(saved: SavedRelation | undefined, entity: object): boolean {
  switch (saved?.kind) {
    case undefined:
      return false;
    case "collection":
      return saved.members.includes(entity);
    case "lazy":
      return saved.moves.has(entity);
    case "reference":
      return saved.reference.entity === entity;
  }
}

/** The relation as it was when it was saved; the same collection object, so that whoever holds it sees it too. */
export function restored(relation: SavedRelation | undefined): Related | undefined {
  switch (relation?.kind) {
    case undefined:
      return undefined;
    case "collection":
      relation.collection.restore(relation.members, relation.stored);
      return relation.collection;
    case "lazy":
      relation.lazy.moves = new Map(relation.moves);
      return relation.lazy;
    case "reference":
      return relation.reference;
  }
}
