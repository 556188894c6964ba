import { compareMembers, type RelatedValue, type RelationChanges, type SavedRelation } from "./related-value";

type Status = "stored" | "assigned" | "flushing";

/** A relation to one whose entity is known: read from the database, or assigned. */
export class Reference implements RelatedValue, SavedRelation {
  // Declared here and set in the constructor: there are as many of them as of objects, and fields would be defined twice.
  declare readonly entity: object | null;
  /** The entity that the database stores; undefined where it was never read. */
  declare storedEntity: object | null | undefined;
  declare status: Status;
  /** Whether it was set because the other side changed. Such a reference does not cascade. */
  declare isNotified: boolean;
  /** Whether only the key is known: `post.author = { id: 1 }`. The entity is then no object of a session. */
  declare readonly isKeyOnly: boolean;
  /**
   * The values that were copied into the properties of the foreign key. A property that differs from its copy was set
   * later, and decides.
   */
  declare copiedKey: unknown[] | undefined;

  protected constructor(
    entity: object | null,
    storedEntity: object | null | undefined,
    status: Status,
    isNotified: boolean,
    isKeyOnly: boolean,
    copiedKey?: unknown[],
  ) {
    this.entity = entity;
    this.storedEntity = storedEntity;
    this.status = status;
    this.isNotified = isNotified;
    this.isKeyOnly = isKeyOnly;
    this.copiedKey = copiedKey;
  }

  /** A reference as the database has it. */
  static loaded(entity: object | null): Reference {
    return new Reference(entity, entity, "stored", false, false);
  }

  /**
   * A reference that was set.
   *
   * @param storedEntity what the database stores; undefined where that was never read
   */
  static assigned(
    entity: object | null,
    storedEntity: object | null | undefined,
    { isNotified = false, isKeyOnly = false } = NO_FLAGS,
  ): Reference {
    return new Reference(entity, storedEntity, "assigned", isNotified, isKeyOnly);
  }

  /** A reference to one of several entities that claim the object, of which none was the last: a flush throws this error. */
  static conflicting(entity: object | null, storedEntity: object | null | undefined, error: () => Error): Reference {
    return new ConflictingReference(entity, storedEntity, error);
  }

  get isLoaded(): true {
    return true;
  }
  /** Whether it was set since the last flush, so that the foreign key has to follow it. */
  get isChanged(): boolean {
    return this.status !== "stored";
  }
  get value(): object | null {
    return this.entity;
  }

  get stored(): readonly object[] | undefined {
    return this.storedEntity === undefined ? undefined : listOf(this.storedEntity);
  }
  members(): readonly object[] {
    return listOf(this.entity);
  }
  changes(): RelationChanges {
    return compareMembers(this.stored ?? EMPTY, this.members());
  }
  includesAny(entities: ReadonlySet<object>): boolean {
    return this.entity !== null && entities.has(this.entity);
  }
  forEachAssigned(visit: (member: object) => void): void {
    if (this.entity && this.isChanged && !this.isKeyOnly && !this.isNotified) visit(this.entity);
  }

  detectChanges(): void {
    // A setter reports every change.
  }
  get needsStored(): boolean {
    return this.status === "assigned" && this.storedEntity === undefined;
  }
  compareWith(stored: readonly object[]): void {
    this.storedEntity = stored[0] ?? null;
  }
  beginFlush(): void {
    if (this.status === "assigned") this.status = "flushing";
  }
  endFlush(): boolean {
    if (this.status === "flushing") {
      this.status = "stored";
      this.storedEntity = this.entity;
    }
    return this.status === "stored";
  }
  without(deleted: ReadonlySet<object>): Reference {
    return this.includesAny(deleted) ? Reference.loaded(null) : this;
  }

  save(): SavedRelation {
    return this.#with(this.entity, this.storedEntity, this.status);
  }
  includes(entity: object): boolean {
    return this.entity === entity;
  }
  restore(): Reference {
    return this;
  }
  discardUnreportedChanges(): void {
    // A setter reports every change.
  }
  withoutRow(): Reference {
    return this.#with(this.entity, null, "assigned");
  }

  /** What the database stores once the flush that may be running has written this reference. */
  get storedNext(): object | null | undefined {
    return this.status === "flushing" ? this.entity : this.storedEntity;
  }

  /** The same reference to another object, in whose place this one is: a clone of the entity. */
  to(entity: object | null): Reference {
    return this.#with(entity, this.storedEntity, this.status);
  }
  /** The reference when the row that it refers to belongs to another object now, which is no change to write. */
  movedTo(entity: object): Reference {
    return this.#with(entity, entity, "stored");
  }

  #with(entity: object | null, storedEntity: object | null | undefined, status: Status): Reference {
    return new Reference(entity, storedEntity, status, this.isNotified, this.isKeyOnly, this.copiedKey);
  }
}

/** Both sides of a relation were set before a session saw them, and name different objects. */
class ConflictingReference extends Reference {
  readonly #error: () => Error;

  constructor(entity: object | null, storedEntity: object | null | undefined, error: () => Error) {
    super(entity, storedEntity, "assigned", false, false);
    this.#error = error;
  }

  override forEachAssigned(): void {
    throw this.#error();
  }
  override save(): SavedRelation {
    return this;
  }
  override withoutRow(): Reference {
    return this;
  }
}

const NO_FLAGS: { isNotified?: boolean; isKeyOnly?: boolean } = {};
const EMPTY: readonly object[] = [];

function listOf(entity: object | null): readonly object[] {
  return entity ? [entity] : EMPTY;
}
