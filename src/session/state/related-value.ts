/** Members that a flush has to add to a relation, and to remove from it. */
export interface RelationChanges {
  readonly added: readonly object[];
  readonly removed: readonly object[];
}

/** A relation as an undo record keeps it. */
export interface SavedRelation {
  includes(entity: object): boolean;
  /** Makes the relation what it was, and returns it. */
  restore(): RelatedValue;
}

/**
 * The value of one relation of one object: a `Collection`, a `LazyCollection` or a `Reference`. It knows what the database
 * stores and what the object holds, so that a flush can compare the two without knowing which of the three it is.
 */
export interface RelatedValue {
  /** Whether the members are known. A relation that is not loaded only knows what was added and removed since. */
  readonly isLoaded: boolean;
  /** Whether it holds anything that is not stored. */
  readonly isChanged: boolean;
  /** What the property of the relation returns. */
  readonly value: unknown;

  /** The members in the database, as of the last load or flush; undefined where they were never read. */
  readonly stored: readonly object[] | undefined;
  /** The members now; of a relation that is not loaded, those that were added. */
  members(): readonly object[];
  /** The difference of `stored` and `members()`; of a relation that is not loaded, what was added and removed on this side. */
  changes(): RelationChanges;
  includesAny(entities: ReadonlySet<object>): boolean;
  /** Visits the members that were set on this side. A member that is here because its own side was set does not cascade. */
  forEachAssigned(visit: (member: object) => void): void;

  // Around a flush

  /** Finds changes that no method or setter reported (by index, by `length`), and notifies the other sides. */
  detectChanges(): void;
  /** Whether the relation was assigned before it was read, so that a flush has to read what it replaces. */
  readonly needsStored: boolean;
  /** Takes the members that the database stores, and notifies those that the assignment removed. */
  compareWith(stored: readonly object[]): void;
  /** A flush writes the relation as it is now. What changes while it runs is left to the next flush. */
  beginFlush(): void;
  /** The flush is done, and what it wrote is stored. Returns whether nothing is left to write. */
  endFlush(): boolean;
  /** The relation when the rows of some members were deleted, which is no change to write. */
  without(deleted: ReadonlySet<object>): RelatedValue;

  // Around a rollback

  save(): SavedRelation;
  /** Takes back changes that no method or setter reported, and of which there is no undo record. */
  discardUnreportedChanges(): void;
  /** The relation of an object whose row is gone: it keeps its members, and none of them is stored. */
  withoutRow(): RelatedValue;
}

/** Compares the members that are stored with those that there are. Both results are in the order of their list. */
export function compareMembers(stored: Iterable<object>, members: Iterable<object>): RelationChanges {
  const before = new Set(stored);
  const now = new Set(members);
  return {
    added: [...now].filter((member) => !before.has(member)),
    removed: [...before].filter((member) => !now.has(member)),
  };
}
