import type { RelationModel } from "../../metadata/model";
import type { Query } from "../../query/query";
import type { Criteria } from "../../query/types";
import type { Instance } from "../state/instance";
import { compareMembers, type RelatedValue, type RelationChanges, type SavedRelation } from "../state/related-value";

/** What a collection reports its changes to, and loads its members with. */
export interface CollectionAdapter {
  /** Throws where an object is not of the relation's entity. */
  checkMember(relation: RelationModel, member: unknown): void;
  memberAdded(owner: Instance, relation: RelationModel, member: object): void;
  memberRemoved(owner: Instance, relation: RelationModel, member: object): void;
  /** The query of the related rows. */
  query(owner: Instance, relation: RelationModel): Query<object>;
  load(owner: Instance, relation: RelationModel): Promise<unknown>;
}

/** What was done with a member of a relation that is not loaded. */
export interface QueuedChange {
  readonly operation: "add" | "remove";
  /** Whether it was done on this side; otherwise the member's own side was set, and holds the change too. */
  readonly isOwn: boolean;
}

const EMPTY: readonly never[] = [];

/** From this many members on, a Set looks them up. */
const INDEXED_FROM = 16;

/**
 * A relation to many that is loaded: an array that keeps both sides of the relation in step. `u.posts.push(p)` sets
 * `p.author`, and a flush writes what changed. `all()`, `count()` and `filterBy()` work as on a relation that is not loaded.
 */
export class Collection<T extends object> extends Array<T> implements RelatedValue {
  #owner!: Instance;
  #relation!: RelationModel;
  #adapter!: CollectionAdapter;
  /** The members in the database. */
  #stored: readonly T[] = EMPTY;
  #needsStored = false;
  /**
   * The members whose other side was notified; undefined where they are the stored ones. Where the array differs from
   * them, it was changed by index, by `length` or by a method that is not overridden here.
   */
  #reported: T[] | undefined;
  /** The members that a running flush writes. */
  #flushing: readonly T[] | undefined;
  /** `#reported`, to look up one among many. */
  #index: Set<T> | undefined;
  /** Members that were added because their own side was changed, and not on this side too. */
  #setByMember: Set<T> | undefined;
  /** Whether a saved state has the same `#setByMember`. */
  #isSetSaved = false;
  /** The array that was assigned to the relation: what is put into it later belongs to the relation too. */
  #assigned: AssignedArray<T> | undefined;

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /**
   * @internal
   * @param needsStored whether the relation is assigned before it was read
   */
  static over<T extends object>(
    owner: Instance,
    relation: RelationModel,
    adapter: CollectionAdapter,
    stored: readonly T[],
    needsStored = false,
  ): Collection<T> {
    const collection = new Collection<T>();
    collection.#needsStored = needsStored;
    collection.#owner = owner;
    collection.#relation = relation;
    collection.#adapter = adapter;
    if (stored.length > 0) collection.#replaceMembers(stored);
    collection.#stored = stored;
    return collection;
  }

  /** The related entities, as a plain array. */
  async all(): Promise<T[]> {
    return [...this];
  }
  /** How many there are. */
  async count(): Promise<number> {
    return this.length;
  }
  /** The query of the related rows. */
  get query(): Query<T> {
    return this.#adapter.query(this.#owner, this.#relation) as unknown as Query<T>;
  }
  /** The query of the related rows that meet these criteria. */
  filterBy(criteria: Criteria<T>): Query<T> {
    return this.query.filterBy(criteria);
  }
  /** The query of the related rows in this order. */
  orderBy(...orders: Parameters<Query<T>["orderBy"]>): Query<T> {
    return this.query.orderBy(...orders);
  }
  /** The first of them, or null. */
  async first(): Promise<T | null> {
    return this[0] ?? null;
  }
  /** Adds members that are not there yet. */
  add(...members: T[]): this {
    for (const member of members)
      if (this.includes(member)) this.#notSetByMember(member);
      else this.push(member);
    return this;
  }
  /** The same as `add`; SQLAlchemy's name for it. */
  append(...members: T[]): this {
    return this.add(...members);
  }
  /** Removes members. They are not deleted, unless the relation declares it for orphans. */
  remove(...members: T[]): this {
    for (const member of members) {
      const position = this.indexOf(member);
      if (position >= 0) this.splice(position, 1);
    }
    return this;
  }

  /** Adds members at the end, and sets their other side. */
  override push(...members: T[]): number {
    for (const member of members) this.#adapter.checkMember(this.#relation, member);
    this.#changing();
    for (const member of members) {
      super.push(member);
      if (!this.#isReported(member)) {
        this.#report(member);
        this.#adapter.memberAdded(this.#owner, this.#relation, member);
      }
      this.#notSetByMember(member);
    }
    return this.length;
  }
  /** Adds members at the front, and sets their other side. */
  override unshift(...members: T[]): number {
    const length = super.unshift(...members);
    this.detectChanges();
    return length;
  }
  /** Removes the last member. */
  override pop(): T | undefined {
    const member = super.pop();
    this.detectChanges();
    return member;
  }
  /** Removes the first member. */
  override shift(): T | undefined {
    const member = super.shift();
    this.detectChanges();
    return member;
  }
  /** As of any array; the other side of the members is set. */
  override splice(start: number, deleteCount?: number, ...members: T[]): T[] {
    const removed = Array.prototype.splice.call(this, start, deleteCount ?? this.length - start, ...members) as T[];
    this.detectChanges();
    return [...removed];
  }

  // RelatedValue

  /** @internal */
  get isLoaded(): true {
    return true;
  }
  /** @internal */
  get isChanged(): boolean {
    return (
      this.#reported !== undefined ||
      this.#needsStored ||
      !this.#isAsReported() ||
      (this.#assigned !== undefined && !isSameList(this.#assigned.array, this.#assigned.taken))
    );
  }
  /** @internal */
  get value(): this {
    return this;
  }

  /** @internal */
  get stored(): readonly T[] | undefined {
    return this.#needsStored ? undefined : this.#stored;
  }
  /** @internal */
  members(): readonly T[] {
    return this;
  }
  /** @internal */
  changes(): RelationChanges {
    return compareMembers(this.#stored, this);
  }
  /** @internal */
  includesAny(entities: ReadonlySet<object>): boolean {
    for (let place = 0; place < this.length; place++) if (entities.has(this[place]!)) return true;
    return false;
  }
  /** @internal */
  forEachAssigned(visit: (member: T) => void): void {
    if (!this.#reported) return;
    const stored = this.#stored.length > 0 ? new Set(this.#stored) : undefined;
    for (let place = 0; place < this.length; place++) {
      const member = this[place]!;
      if (!this.#setByMember?.has(member) && !stored?.has(member)) visit(member);
    }
  }

  /** @internal */
  detectChanges(): void {
    this.takeAssigned();
    if (this.#isAsReported()) return;
    this.#changing();
    const { added, removed } = compareMembers(this.#reported ?? this.#stored, this);
    for (const member of added) this.#adapter.checkMember(this.#relation, member);
    this.#reported = [...new Set<T>(this)];
    this.#index = undefined;
    for (const member of removed) this.#notSetByMember(member as T);
    for (const member of removed) this.#adapter.memberRemoved(this.#owner, this.#relation, member);
    for (const member of added) this.#adapter.memberAdded(this.#owner, this.#relation, member);
  }
  /** @internal */
  get needsStored(): boolean {
    return this.#needsStored;
  }
  /** @internal */
  compareWith(stored: readonly T[]): void {
    this.#needsStored = false;
    this.#reported ??= [...this.#stored];
    this.#stored = stored;
    for (const member of stored)
      if (!this.#isReported(member)) this.#adapter.memberRemoved(this.#owner, this.#relation, member);
  }
  /** @internal */
  beginFlush(): void {
    this.#flushing = this.#reported ? this.#copied() : this.#stored;
  }
  /** @internal */
  endFlush(): boolean {
    const written = this.#flushing;
    this.#flushing = undefined;
    if (!this.#reported) return true;
    if (!written) return false;
    this.#stored = written;
    if (!this.#isAsStored()) return false;
    this.#reported = undefined;
    this.#index = undefined;
    this.#setByMember = undefined;
    return true;
  }
  /** @internal */
  without(deleted: ReadonlySet<object>): this {
    const remaining = (members: readonly T[]): T[] => members.filter((member) => !deleted.has(member));
    const reported = this.#reported;
    this.#replaceMembers(remaining(this));
    this.#reported = reported && remaining(reported);
    this.#stored = remaining(this.#stored);
    this.#flushing = this.#flushing && remaining(this.#flushing);
    return this;
  }

  /** @internal */
  save(): SavedRelation {
    this.#isSetSaved = true;
    // A change by index or length is in the array before it is detected; the stored members are what was there before it.
    return new SavedCollection<T>(
      this,
      this.#reported ? this.#copied() : this.#stored,
      this.#stored,
      this.#setByMember,
    );
  }
  /** @internal */
  discardUnreportedChanges(): void {
    if (!this.#isAsStored()) this.#replaceMembers(this.#stored);
    this.#assigned = undefined;
  }
  /** @internal */
  withoutRow(): this {
    this.#stored = [];
    this.#reported = [...this];
    this.#index = undefined;
    return this;
  }

  // For the other side of the relation, and for loading

  /** @internal Adds or removes a member whose own side was changed. */
  syncMember(member: T, belongs: boolean): void {
    if (this.#isReported(member) === belongs) return;
    this.#changing();
    if (belongs) {
      this.#report(member);
      this.#isSetByMember(member);
      super.push(member);
    } else {
      this.#reported = (this.#reported ?? this.#stored).filter((one) => one !== member);
      this.#index?.delete(member);
      this.#notSetByMember(member);
      // A list may have a member twice.
      for (let place = this.length - 1; place >= 0; place--)
        if (this[place] === member) Array.prototype.splice.call(this, place, 1);
    }
  }

  /** @internal Applies what was done before the members were read. The other sides were notified then. */
  applyQueue(queue: ReadonlyMap<T, QueuedChange>): void {
    const members = new Set(this.#stored);
    for (const [member, { operation, isOwn }] of queue)
      if (operation === "remove") members.delete(member);
      else {
        members.add(member);
        if (!isOwn) this.#isSetByMember(member);
      }
    this.restore([...members], this.#stored);
  }

  /** @internal Sets the members and the stored members, without notifying the other sides. */
  restore(members: readonly T[], stored: readonly T[]): void {
    this.#replaceMembers(members);
    this.#stored = stored;
    this.#needsStored = false;
    this.#flushing = undefined;
    this.#assigned = undefined;
    if (members !== stored) this.#reported = [...members];
  }

  /** @internal Restores the members and which of them their own side set. */
  restoreSaved(members: readonly T[], stored: readonly T[], setByMember: Set<T> | undefined): void {
    this.restore(members, stored);
    this.#setByMember = setByMember;
    this.#isSetSaved = true;
  }

  /**
   * @internal Replaces all members.
   *
   * @param given what was assigned to the relation
   * @param taken its members, for which `members` stand
   */
  assign(members: readonly T[], given: unknown, taken: readonly T[]): void {
    this.#setMembers(members);
    this.detectChanges();
    this.#setByMember = undefined;
    this.#assigned = undefined;
    if (!Array.isArray(given) || given instanceof Collection) return;
    this.#assigned = { array: given as T[], taken };
    if (this.#relation.isManyToMany) return;
    // A child has one parent: the array belongs to the object that it was assigned to last.
    const before = holders.get(given);
    if (before && before !== (this as unknown)) before.#assigned = undefined;
    holders.set(given, this as unknown as Collection<object>);
  }

  /** @internal Takes what was put into the assigned array, or removed from it, since it was assigned. */
  takeAssigned(): void {
    const assigned = this.#assigned;
    if (!assigned || isSameList(assigned.array, assigned.taken)) return;
    const now = [...assigned.array];
    const { added, removed } = compareMembers(assigned.taken, now);
    assigned.taken = now;
    const gone = new Set(removed);
    const kept = this.#copied().filter((member) => !gone.has(member));
    const present = new Set<object>(kept);
    for (const member of added as T[]) if (!present.has(member)) kept.push(member);
    this.#setMembers(kept);
    this.detectChanges();
  }

  #changing(): void {
    this.#owner.owner?.changing(this.#owner);
  }

  #isSetByMember(member: T): void {
    this.#unshareSet();
    (this.#setByMember ??= new Set()).add(member);
  }

  #notSetByMember(member: T): void {
    this.#unshareSet();
    this.#setByMember?.delete(member);
  }

  /** Copied when it changes, not when it is saved: most of what is saved is never changed again. */
  #unshareSet(): void {
    if (this.#isSetSaved) this.#setByMember &&= new Set(this.#setByMember);
    this.#isSetSaved = false;
  }

  #isReported(member: T): boolean {
    const reported = this.#reported ?? this.#stored;
    if (reported.length < INDEXED_FROM) return reported.includes(member);
    return (this.#index ??= new Set(reported)).has(member);
  }

  /** The members as a plain array; a spread would call the iterator for each. */
  #copied(): T[] {
    const members = new Array<T>(this.length);
    for (let index = 0; index < members.length; index++) members[index] = this[index]!;
    return members;
  }

  #report(member: T): void {
    if (this.#reported) this.#reported.push(member);
    else this.#reported = this.#stored.length === 0 ? [member] : [...this.#stored, member];
    this.#index?.add(member);
  }

  #isAsReported(): boolean {
    const reported = this.#reported ?? this.#stored;
    if (isSameList(this, reported)) return true;
    // In another order, or with a member twice, it has the same members.
    const members = new Set<T>(this);
    return members.size === new Set(reported).size && reported.every((member) => members.has(member));
  }

  #isAsStored(): boolean {
    return isSameList(this, this.#stored);
  }

  /** A spread could be more arguments than a call takes. */
  #setMembers(members: readonly T[]): void {
    this.length = 0;
    for (const member of members) super.push(member);
  }

  #replaceMembers(members: readonly T[]): void {
    this.#setMembers(members);
    this.#reported = undefined;
    this.#index = undefined;
  }
}

/** The one-to-many relations that arrays were assigned to last. */
const holders = new WeakMap<object, Collection<object>>();

/** An array that was assigned to a relation. */
interface AssignedArray<T> {
  readonly array: readonly T[];
  /** Its members when the collection took them. */
  taken: readonly T[];
}

function isSameList(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false;
  for (let place = 0; place < left.length; place++) if (left[place] !== right[place]) return false;
  return true;
}

/** Restores the same collection object, so that a variable that holds it shows the restored members. */
class SavedCollection<T extends object> implements SavedRelation {
  readonly #collection: Collection<T>;
  readonly #members: readonly T[];
  readonly #stored: readonly T[];
  readonly #setByMember: Set<T> | undefined;

  constructor(collection: Collection<T>, members: readonly T[], stored: readonly T[], setByMember: Set<T> | undefined) {
    this.#collection = collection;
    this.#members = members;
    this.#stored = stored;
    this.#setByMember = setByMember;
  }

  includes(entity: object): boolean {
    return (this.#members as readonly object[]).includes(entity);
  }

  restore(): RelatedValue {
    this.#collection.restoreSaved(this.#members, this.#stored, this.#setByMember);
    return this.#collection;
  }
}
