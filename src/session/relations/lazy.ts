import { inspect } from "node:util";
import type { RelationModel } from "../../metadata/model";
import { awaitable } from "../../query/awaitable";
import type { Query } from "../../query/query";
import type { Criteria } from "../../query/types";
import { noCollection, notInSession, notLoaded } from "../state/errors";
import type { Instance } from "../state/instance";
import type { RelatedValue, RelationChanges, SavedRelation } from "../state/related-value";
import { Collection, type CollectionAdapter, type QueuedChange } from "./collection";

type Queue<T> = Map<T, QueuedChange>;

/** A relation to many that is not loaded. `await` it, or query it: `u.posts.all()`, `u.posts.count()`, `u.posts.filterBy(…)`. */
export class LazyCollection<T extends object = object> implements PromiseLike<T[]>, RelatedValue {
  /** @internal Marks what the prompt awaits. */
  readonly [awaitable] = true;
  readonly #owner: Instance;
  readonly #relation: RelationModel;
  readonly #adapter: CollectionAdapter;
  /** Members that were added or removed since the last flush. */
  #queue: Queue<T> = new Map();
  /** The queue that a running flush writes. */
  #flushing: Queue<T> | undefined;
  /** The collection that the relation was before it expired: a variable may hold it, and change it. */
  #expired: Collection<T> | undefined;

  /** @internal */
  constructor(owner: Instance, relation: RelationModel, adapter: CollectionAdapter, expired?: Collection<T>) {
    this.#owner = owner;
    this.#relation = relation;
    this.#adapter = adapter;
    this.#expired = expired;
  }

  /** Makes `await user.posts` load the members, for all objects of the same query at once. */
  then<R, E>(
    resolved?: ((members: T[]) => R | PromiseLike<R>) | null,
    failed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return (this.#adapter.load(this.#owner, this.#relation) as Promise<T[]>).then(resolved, failed);
  }
  /** Loads the related entities, and returns them as a plain array. */
  async all(): Promise<T[]> {
    return [...((await this.#adapter.load(this.#owner, this.#relation)) as T[])];
  }
  /** How many there are, counted by the database. */
  async count(): Promise<number> {
    return this.query.count();
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
  /** The first related row, or null. */
  first(): Promise<T | null> {
    return this.query.first();
  }
  /** Adds members without loading the others. */
  push(...members: T[]): this {
    for (const member of members) this.#adapter.checkMember(this.#relation, member);
    const current = this.#current();
    if (current) current.add(...members);
    else
      for (const member of members) {
        this.#enqueue(member, "add", true);
        this.#adapter.memberAdded(this.#owner, this.#relation, member);
      }
    return this;
  }
  /** The same as `push`. */
  add(...members: T[]): this {
    return this.push(...members);
  }
  /** The same as `push`; SQLAlchemy's name for it. */
  append(...members: T[]): this {
    return this.push(...members);
  }
  /** Removes members without loading the others. */
  remove(...members: T[]): this {
    const current = this.#current();
    if (current) current.remove(...members);
    else
      for (const member of members) {
        this.#enqueue(member, "remove", true);
        this.#adapter.memberRemoved(this.#owner, this.#relation, member);
      }
    return this;
  }

  // RelatedValue

  /** @internal */
  get isLoaded(): false {
    return false;
  }
  /** @internal */
  get isChanged(): boolean {
    return this.#queue.size > 0 || this.#expired?.isChanged === true;
  }
  /** @internal */
  get value(): this {
    return this;
  }

  /** @internal */
  get stored(): undefined {
    return undefined;
  }
  /** @internal */
  members(): readonly T[] {
    return this.#queued("add");
  }
  /** @internal */
  changes(): RelationChanges {
    return { added: this.#queued("add", true), removed: this.#queued("remove", true) };
  }
  /** @internal */
  includesAny(entities: ReadonlySet<object>): boolean {
    return this.members().some((member) => entities.has(member));
  }
  /** @internal */
  forEachAssigned(visit: (member: T) => void): void {
    for (const [member, { operation, isOwn }] of this.#queue) if (isOwn && operation === "add") visit(member);
  }

  /** @internal */
  detectChanges(): void {
    const expired = this.#expired;
    if (!expired?.isChanged) return;
    expired.detectChanges();
    const assigned = new Set<object>();
    expired.forEachAssigned((member) => assigned.add(member));
    const { added, removed } = expired.changes();
    for (const member of added as T[]) this.#enqueue(member, "add", assigned.has(member));
    for (const member of removed as T[]) this.#enqueue(member, "remove", true);
    expired.restore([...expired], [...expired]);
  }
  /** @internal */
  get needsStored(): false {
    return false;
  }
  /** @internal */
  compareWith(): void {
    // Its changes are known without the stored members.
  }
  /** @internal */
  beginFlush(): void {
    this.#flushing = new Map(this.#queue);
  }
  /** @internal */
  endFlush(): boolean {
    const written = this.#flushing;
    this.#flushing = undefined;
    if (written) this.#queue = new Map([...this.#queue].filter(([member, change]) => written.get(member) !== change));
    return this.#queue.size === 0;
  }
  /** @internal */
  without(): this {
    return this;
  }

  /** @internal */
  save(): SavedRelation {
    return new SavedLazyCollection(this, new Map(this.#queue), this.#expired?.save());
  }
  /** @internal */
  discardUnreportedChanges(): void {
    this.#expired?.discardUnreportedChanges();
  }
  /** @internal There is no row to load members of: those that were added are all there are. */
  withoutRow(): Collection<T> {
    return this.filled([]);
  }

  // For the other side of the relation, and for loading

  /** @internal Adds or removes a member whose own side was changed. */
  syncMember(member: T, belongs: boolean): void {
    this.#enqueue(member, belongs ? "add" : "remove", false);
  }

  /** @internal The collection of the members that were loaded, with what was added and removed. */
  filled(stored: readonly T[]): Collection<T> {
    this.detectChanges();
    const collection = this.#expired ?? Collection.over<T>(this.#owner, this.#relation, this.#adapter, stored);
    if (this.#expired) collection.restore(stored, stored);
    if (this.#queue.size > 0) collection.applyQueue(this.#queue);
    return collection;
  }

  /** @internal The collection that shows an object without a session what was added to a relation that is not loaded. */
  get expired(): Collection<T> | undefined {
    return this.#expired;
  }

  /** @internal Discards what was added and removed. */
  discard(): void {
    this.#queue = new Map();
    this.#expired?.discardUnreportedChanges();
  }

  /** @internal */
  restore(queue: ReadonlyMap<T, QueuedChange>): void {
    this.#queue = new Map(queue);
  }

  #enqueue(member: T, operation: QueuedChange["operation"], isOwn: boolean): void {
    this.#owner.owner?.changing(this.#owner);
    if (this.#queue.get(member)?.operation === operation && !isOwn) return;
    this.#queue.set(member, { operation, isOwn });
  }

  #queued(wanted: QueuedChange["operation"], onlyOwn = false): T[] {
    const members: T[] = [];
    for (const [member, { operation, isOwn }] of this.#queue)
      if (operation === wanted && (isOwn || !onlyOwn)) members.push(member);
    return members;
  }

  /** What replaced this object when the relation was loaded or expired: a variable may still hold this object. */
  #current(): Collection<T> | LazyCollection<T> | undefined {
    const current = this.#owner.relatedValue(this.#relation);
    if (current !== undefined && current !== this) return current as unknown as Collection<T> | LazyCollection<T>;
    if (!current) this.#owner.setRelatedValue(this.#relation, this);
    return undefined;
  }

  #unknown(): Error {
    return this.#owner.owner ? notLoaded(this.#relation) : notInSession(this.#owner.entity);
  }

  /** Throws: it is not known before the relation is loaded. `count()` asks the database. */
  get length(): number {
    throw this.#unknown();
  }
  /** Throws: the members are not known before the relation is loaded with `await`. */
  [Symbol.iterator](): Iterator<T> {
    throw this.#unknown();
  }
  /** Throws: a list that is not loaded must not look empty. */
  get 0(): T {
    throw this.#unknown();
  }
  /** JSON leaves out what is not loaded. */
  toJSON(): undefined {
    return undefined;
  }
  [inspect.custom](): string {
    return `[${this.#relation.label}: not loaded]`;
  }
}

class SavedLazyCollection<T extends object> implements SavedRelation {
  readonly #collection: LazyCollection<T>;
  readonly #queue: ReadonlyMap<object, QueuedChange>;
  readonly #expired: SavedRelation | undefined;

  constructor(collection: LazyCollection<T>, queue: ReadonlyMap<T, QueuedChange>, expired: SavedRelation | undefined) {
    this.#collection = collection;
    this.#queue = queue;
    this.#expired = expired;
  }

  includes(entity: object): boolean {
    return this.#queue.has(entity);
  }

  restore(): RelatedValue {
    this.#expired?.restore();
    this.#collection.restore(this.#queue as ReadonlyMap<T, QueuedChange>);
    return this.#collection;
  }
}

/** A relation to one that is not loaded: `(await p.author).username`. */
export class LazyReference implements PromiseLike<object | null> {
  /** @internal Marks what the prompt awaits. */
  readonly [awaitable] = true;
  readonly #owner: Instance;
  readonly #relation: RelationModel;
  readonly #adapter: CollectionAdapter;

  /** @internal */
  constructor(owner: Instance, relation: RelationModel, adapter: CollectionAdapter) {
    this.#owner = owner;
    this.#relation = relation;
    this.#adapter = adapter;
  }

  /** Makes `await post.author` load the entity, for all objects of the same query at once. */
  then<R, E>(
    resolved?: ((entity: object | null) => R | PromiseLike<R>) | null,
    failed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return (this.#adapter.load(this.#owner, this.#relation) as Promise<object | null>).then(resolved, failed);
  }
  /** @internal Whether it is this relation of this object. */
  isOf(owner: Instance, relation: RelationModel): boolean {
    return this.#owner === owner && this.#relation === relation;
  }
  /** @internal */
  get notLoaded(): Error {
    return notLoaded(this.#relation);
  }
  /** JSON leaves out what is not loaded. */
  toJSON(): undefined {
    return undefined;
  }
  [inspect.custom](): string {
    return `[${this.#relation.label}: not loaded]`;
  }
}

/**
 * Gives a relation to many the type `Collection`, for entities that declare the property as a plain list:
 * `collection(user.posts).filterBy({ body: "x" }).count()`. It returns its argument.
 *
 * @param related the property of an object that a session owns
 * @throws RetortError `session/no-collection` for any other list
 */
export function collection<T extends object>(related: readonly T[] | PromiseLike<readonly T[]>): Collection<T> {
  if (related instanceof Collection || related instanceof LazyCollection) return related as unknown as Collection<T>;
  throw noCollection();
}
