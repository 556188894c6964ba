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
  /** Whether a member is in the relation because its own side was set. */
  isSetByMember(relation: RelationModel, member: object): boolean;
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
  /** Members of a many-to-many that were added because their own side was changed. */
  #setByMember: Set<T> | undefined;

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
    for (const member of members) if (!this.includes(member)) this.push(member);
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
      if (this.#isReported(member)) continue;
      this.#report(member);
      this.#adapter.memberAdded(this.#owner, this.#relation, member);
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
    return this.#reported !== undefined || this.#needsStored || !this.#isAsReported();
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
    for (let place = 0; place < this.length; place++) {
      const member = this[place]!;
      const isSetByMember = this.#relation.isManyToMany
        ? this.#setByMember?.has(member)
        : this.#adapter.isSetByMember(this.#relation, member);
      if (!isSetByMember) visit(member);
    }
  }

  /** @internal */
  detectChanges(): void {
    if (this.#isAsReported()) return;
    this.#changing();
    const { added, removed } = compareMembers(this.#reported ?? this.#stored, this);
    for (const member of added) this.#adapter.checkMember(this.#relation, member);
    this.#reported = [...new Set<T>(this)];
    this.#index = undefined;
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
    // A change by index or length is in the array before it is detected; the stored members are what was there before it.
    return new SavedCollection<T>(this, this.#reported ? [...this] : this.#stored, this.#stored);
  }
  /** @internal */
  discardUnreportedChanges(): void {
    if (!this.#isAsStored()) this.#replaceMembers(this.#stored);
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
      // In a one-to-many the member's reference holds this.
      if (this.#relation.isManyToMany) (this.#setByMember ??= new Set()).add(member);
      super.push(member);
    } else {
      this.#reported = (this.#reported ?? this.#stored).filter((one) => one !== member);
      this.#index?.delete(member);
      const position = this.indexOf(member);
      if (position >= 0) Array.prototype.splice.call(this, position, 1);
    }
  }

  /** @internal Applies what was done before the members were read. The other sides were notified then. */
  applyQueue(queue: ReadonlyMap<T, QueuedChange>): void {
    const members = new Set(this.#stored);
    for (const [member, { operation, isOwn }] of queue)
      if (operation === "remove") members.delete(member);
      else {
        members.add(member);
        if (!isOwn && this.#relation.isManyToMany) (this.#setByMember ??= new Set()).add(member);
      }
    this.restore([...members], this.#stored);
  }

  /** @internal Sets the members and the stored members, without notifying the other sides. */
  restore(members: readonly T[], stored: readonly T[]): void {
    this.#replaceMembers(members);
    this.#stored = stored;
    this.#flushing = undefined;
    if (members !== stored) this.#reported = [...members];
  }

  #changing(): void {
    this.#owner.owner?.changing(this.#owner);
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
    if (this.length !== reported.length) return false;
    for (let index = 0; index < reported.length; index++)
      if (this[index] !== reported[index] && !this.#isReported(this[index]!)) return false;
    return true;
  }

  #isAsStored(): boolean {
    const stored = this.#stored;
    if (this.length !== stored.length) return false;
    for (let index = 0; index < stored.length; index++) if (this[index] !== stored[index]) return false;
    return true;
  }

  #replaceMembers(members: readonly T[]): void {
    this.length = 0;
    for (const member of members) super.push(member);
    this.#reported = undefined;
    this.#index = undefined;
  }
}

/** Restores the same collection object, so that a variable that holds it shows the restored members. */
class SavedCollection<T extends object> implements SavedRelation {
  readonly #collection: Collection<T>;
  readonly #members: readonly T[];
  readonly #stored: readonly T[];

  constructor(collection: Collection<T>, members: readonly T[], stored: readonly T[]) {
    this.#collection = collection;
    this.#members = members;
    this.#stored = stored;
  }

  includes(entity: object): boolean {
    return (this.#members as readonly object[]).includes(entity);
  }

  restore(): RelatedValue {
    this.#collection.restore(this.#members, this.#stored);
    return this.#collection;
  }
}
