import { inspect } from "node:util";
import type { RelationModel } from "../../metadata/model";
import { awaitable } from "../../query/awaitable";
import type { Query } from "../../query/query";
import type { Criteria } from "../../query/types";
import { noCollection, notLoaded } from "../state/errors";
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

  /** @internal */
  constructor(owner: Instance, relation: RelationModel, adapter: CollectionAdapter) {
    this.#owner = owner;
    this.#relation = relation;
    this.#adapter = adapter;
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
    const loaded = this.#loaded();
    if (loaded) loaded.add(...members);
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
    const loaded = this.#loaded();
    if (loaded) loaded.remove(...members);
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
    return this.#queue.size > 0;
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
    // Its methods report every change.
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
    return new SavedLazyCollection(this, new Map(this.#queue));
  }
  /** @internal */
  discardUnreportedChanges(): void {
    // Its methods report every change.
  }
  /** @internal There is no row to load members of: those that were added are all there are. */
  withoutRow(): Collection<T> {
    const collection = Collection.over<T>(this.#owner, this.#relation, this.#adapter, []);
    this.applyTo(collection);
    return collection;
  }

  // For the other side of the relation, and for loading

  /** @internal Adds or removes a member whose own side was changed. */
  syncMember(member: T, belongs: boolean): void {
    this.#enqueue(member, belongs ? "add" : "remove", false);
  }

  /** @internal Applies what was added and removed to the members that were loaded. */
  applyTo(collection: Collection<T>): void {
    if (this.#queue.size > 0) collection.applyQueue(this.#queue);
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

  /** The collection that replaced this object when the relation was loaded: a variable may still hold this object. */
  #loaded(): Collection<T> | undefined {
    const now = this.#owner.relatedValue(this.#relation);
    if (now?.isLoaded) return now as unknown as Collection<T>;
    if (now !== this) this.#owner.setRelatedValue(this.#relation, this);
    return undefined;
  }

  /** Throws: it is not known before the relation is loaded. `count()` asks the database. */
  get length(): number {
    throw notLoaded(this.#relation);
  }
  /** Throws: the members are not known before the relation is loaded with `await`. */
  [Symbol.iterator](): Iterator<T> {
    throw notLoaded(this.#relation);
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

  constructor(collection: LazyCollection<T>, queue: ReadonlyMap<T, QueuedChange>) {
    this.#collection = collection;
    this.#queue = queue;
  }

  includes(entity: object): boolean {
    return this.#queue.has(entity);
  }

  restore(): RelatedValue {
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
