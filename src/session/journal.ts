import type { ColumnModel } from "../metadata/model";
import { Collection, LazyCollection } from "./collection";
import { instanceOf, type Instance, type Reference, type Related } from "./instance";

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
export interface Memento {
  readonly instance: Instance;
  readonly held: boolean;
  readonly snapshot: unknown[] | undefined;
  readonly key: unknown;
  readonly deletion: Instance["deletion"];
  readonly generation: number;
  readonly related: readonly (SavedRelation | undefined)[] | undefined;
  /** What a flush filled in: the columns (a generated key, a default, a foreign key), and what all properties held before. */
  filled: { readonly columns: readonly ColumnModel[]; readonly held: readonly unknown[] } | undefined;
}

/** Mementos of everything that changed since the last commit, a level for each open savepoint. */
export class Journal {
  readonly #levels = [new Map<Instance, Memento>()];

  /** Called before the first change of an object at this level; later calls find it there. */
  record(instance: Instance): void {
    const level = this.#levels[this.#levels.length - 1]!;
    if (!level.has(instance)) level.set(instance, mementoOf(instance));
  }

  /** The object is no business of the session's any more. */
  forget(instance: Instance): void {
    for (const level of this.#levels) level.delete(instance);
  }

  /**
   * Remembers what a new object held before a flush fills it in.
   *
   * @param columns the columns that are filled in
   * @param held what their properties hold, by the columns' index
   */
  filling(instance: Instance, columns: readonly ColumnModel[], held: readonly unknown[]): void {
    // An object that had a row when its level began is restored from its snapshot; the level in which it was new knows it without.
    for (let depth = this.#levels.length - 1; depth >= 0; depth--) {
      const memento = this.#levels[depth]!.get(instance);
      if (memento?.snapshot !== undefined || !memento) continue;
      memento.filled ??= { columns, held };
      return;
    }
  }

  /** A savepoint: what changes from now on is remembered apart. */
  push(): void {
    this.#levels.push(new Map());
  }

  /** A savepoint was released: what it remembers is its outer level's now, unless that knows an older truth. */
  merge(): void {
    const inner = this.#levels.pop()!;
    const outer = this.#levels[this.#levels.length - 1]!;
    for (const [instance, memento] of inner) if (!outer.has(instance)) outer.set(instance, memento);
  }

  /** The mementos of the innermost level, newest first; the level is left empty. */
  take(): Memento[] {
    const level = this.#levels[this.#levels.length - 1]!;
    const mementos = [...level.values()].reverse();
    level.clear();
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
  commit(): Set<Instance> {
    const changed = new Set<Instance>();
    for (const level of this.#levels) for (const instance of level.keys()) changed.add(instance);
    this.clear();
    return changed;
  }

  clear(): void {
    this.#levels.length = 0;
    this.#levels.push(new Map());
  }
}

function mementoOf(instance: Instance): Memento {
  return {
    instance,
    held: instance.owner !== undefined,
    // A flush replaces snapshots, it does not change them; so this one stays as it is.
    snapshot: instance.snapshot,
    key: instance.key,
    deletion: instance.deletion,
    generation: instance.generation,
    related: instance.related?.map(saved),
    filled: undefined,
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
export function emptyAgain({ instance, filled }: Memento): void {
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
