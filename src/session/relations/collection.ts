import { inspect } from "node:util";
import type { RelationModel } from "../../metadata/model";
import { awaitable } from "../../query/awaitable";
import type { Query } from "../../query/query";
import type { Criteria } from "../../query/types";
import { noCollection, notLoaded } from "../state/errors";
import type { Instance } from "../state/instance";

/** What a collection needs done when it changes, and when it is asked. */
export interface CollectionKeeper {
  /** Throws where an object is none of the relation's. */
  checkMember(relation: RelationModel, member: unknown): void;
  joined(owner: Instance, relation: RelationModel, member: object): void;
  left(owner: Instance, relation: RelationModel, member: object): void;
  /** Whether a member came because its own side was set. */
  follows(relation: RelationModel, member: object): boolean;
  /** The query of the related rows. */
  query(owner: Instance, relation: RelationModel): Query<object>;
  load(owner: Instance, relation: RelationModel): Promise<unknown>;
}

const NONE: readonly never[] = [];

/** From this many members on, they are found by an index. */
const MANY = 16;

/**
 * A relation to many that is loaded: an array, whose members know their owner. `u.posts.push(p)` sets `p.author`, and a
 * flush writes what changed. `all()`, `count()` and `filterBy()` work as on a relation that is not loaded.
 */
export class Collection<T extends object> extends Array<T> {
  #owner!: Instance;
  #relation!: RelationModel;
  #keeper!: CollectionKeeper;
  /** The members as the database has them. */
  #stored: readonly T[] = NONE;
  /** @internal The whole relation was set before anybody read it: who has to leave is known once it was, before the next flush. */
  get unread(): boolean {
    return this.#unread;
  }
  #unread = false;
  /** The members whose other side was told, where they are not the stored ones; what differs was changed by index, length or splice. */
  #told: T[] | undefined;
  /** The members that a running flush writes. */
  #written: readonly T[] | undefined;
  /** Those told, for finding one among many. */
  #index: Set<T> | undefined;
  /** Members of a many-to-many that came because the other side was changed. */
  #followed: Set<T> | undefined;

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** @internal */
  static over<T extends object>(
    owner: Instance,
    relation: RelationModel,
    keeper: CollectionKeeper,
    stored: readonly T[],
    unread = false,
  ): Collection<T> {
    const collection = new Collection<T>();
    collection.#unread = unread;
    collection.#owner = owner;
    collection.#relation = relation;
    collection.#keeper = keeper;
    if (stored.length > 0) collection.#replaceMembers(stored);
    collection.#stored = stored;
    return collection;
  }

  /** The related entities: these. */
  async all(): Promise<T[]> {
    return [...this];
  }
  /** How many there are. */
  async count(): Promise<number> {
    return this.length;
  }
  /** The query of the related rows, for conditions that the database should decide. */
  get query(): Query<T> {
    return this.#keeper.query(this.#owner, this.#relation) as unknown as Query<T>;
  }
  /** A query of the related rows of which this holds. */
  filterBy(criteria: Criteria<T>): Query<T> {
    return this.query.filterBy(criteria);
  }
  /** A query of the related rows in this order. */
  orderBy(...orders: Parameters<Query<T>["orderBy"]>): Query<T> {
    return this.query.orderBy(...orders);
  }
  /** The first of them, or null. */
  async first(): Promise<T | null> {
    return this[0] ?? null;
  }
  /** Puts members in that are not there yet. */
  add(...members: T[]): this {
    for (const member of members) if (!this.includes(member)) this.push(member);
    return this;
  }
  /** The same as `add`, in SQLAlchemy's word. */
  append(...members: T[]): this {
    return this.add(...members);
  }
  /** Takes members out; they are not deleted, unless the relation says so of orphans. */
  remove(...members: T[]): this {
    for (const member of members) {
      const position = this.indexOf(member);
      if (position >= 0) this.splice(position, 1);
    }
    return this;
  }

  /** Puts members at the end, and tells their other side. */
  override push(...members: T[]): number {
    for (const member of members) this.#keeper.checkMember(this.#relation, member);
    this.#changing();
    for (const member of members) {
      super.push(member);
      if (this.#isToldOf(member)) continue;
      this.#tell(member);
      this.#keeper.joined(this.#owner, this.#relation, member);
    }
    return this.length;
  }
  /** Puts members in front, and tells their other side. */
  override unshift(...members: T[]): number {
    const length = super.unshift(...members);
    this.synchronize();
    return length;
  }
  /** Takes the last member out. */
  override pop(): T | undefined {
    const member = super.pop();
    this.synchronize();
    return member;
  }
  /** Takes the first member out. */
  override shift(): T | undefined {
    const member = super.shift();
    this.synchronize();
    return member;
  }
  /** As of any array; the members' other side is told. */
  override splice(start: number, deleteCount?: number, ...members: T[]): T[] {
    const removed = Array.prototype.splice.call(this, start, deleteCount ?? this.length - start, ...members) as T[];
    this.synchronize();
    return [...removed];
  }

  /** @internal Tells the other sides of members that came or went since the last time. */
  synchronize(): void {
    if (this.#isTold()) return;
    this.#changing();
    const told = new Set(this.#told ?? this.#stored);
    const now = new Set<T>(this);
    for (const member of now) if (!told.has(member)) this.#keeper.checkMember(this.#relation, member);
    this.#told = [...now];
    this.#index = undefined;
    for (const member of told) if (!now.has(member)) this.#keeper.left(this.#owner, this.#relation, member);
    for (const member of now) if (!told.has(member)) this.#keeper.joined(this.#owner, this.#relation, member);
  }

  /** @internal Takes a member in or out because its other side changed. */
  follow(member: T, belongs: boolean): void {
    if (this.#isToldOf(member) === belongs) return;
    this.#changing();
    if (belongs) {
      this.#tell(member);
      // The other side of a one-to-many remembers this by itself.
      if (this.#relation.isManyToMany) (this.#followed ??= new Set()).add(member);
      super.push(member);
    } else {
      this.#told = (this.#told ?? this.#stored).filter((one) => one !== member);
      this.#index?.delete(member);
      const position = this.indexOf(member);
      if (position >= 0) Array.prototype.splice.call(this, position, 1);
    }
  }

  /** @internal The database has deleted some of the members: that is no change to be written. */
  lose(gone: ReadonlySet<object>): void {
    const staying = (members: readonly T[]): T[] => members.filter((member) => !gone.has(member));
    const told = this.#told;
    this.#replaceMembers(staying(this));
    this.#told = told && staying(told);
    this.#stored = staying(this.#stored);
    this.#written = this.#written && staying(this.#written);
  }

  /** @internal Takes over what was done before the members were read; the other sides know of it. */
  catchUp(moves: ReadonlyMap<T, Move>): void {
    const members = new Set(this.#stored);
    for (const [member, { way, here }] of moves)
      if (way === "went") members.delete(member);
      else {
        members.add(member);
        if (!here && this.#relation.isManyToMany) (this.#followed ??= new Set()).add(member);
      }
    this.restore([...members], this.#stored);
  }

  /** @internal Learns who was there before the whole relation was set; those who are not in it any more leave. */
  compareWith(stored: readonly T[]): void {
    this.#unread = false;
    this.#told ??= [...this.#stored];
    this.#stored = stored;
    for (const member of stored) if (!this.#isToldOf(member)) this.#keeper.left(this.#owner, this.#relation, member);
  }

  /** @internal Members that were put in here, not on their own side. */
  forEachGiven(visit: (member: T) => void): void {
    for (let place = 0; place < this.length; place++) {
      const member = this[place]!;
      if (!(this.#relation.isManyToMany ? this.#followed?.has(member) : this.#keeper.follows(this.#relation, member)))
        visit(member);
    }
  }

  /** @internal Members that the database does not have yet, and those it still has. */
  get changes(): { added: T[]; removed: T[] } {
    const stored = new Set(this.#stored);
    const now = new Set<T>(this);
    return {
      added: [...now].filter((member) => !stored.has(member)),
      removed: this.#stored.filter((member) => !now.has(member)),
    };
  }

  /** @internal */
  get stored(): readonly T[] {
    return this.#stored;
  }

  /** @internal The members before whatever is going on now: a change by index, length or `pop` is in the array before anybody hears of it. */
  get remembered(): readonly T[] {
    return this.#told ? [...this] : this.#stored;
  }

  /** @internal Whether members came or went since it was read or written. */
  get isChanged(): boolean {
    return this.#told !== undefined || this.#unread || !this.#isTold();
  }

  /** @internal Takes back changes that nobody was told of. */
  reset(): void {
    if (!this.#isAsStored()) this.#replaceMembers(this.#stored);
  }

  /** @internal The owner's row is gone: nothing of this is in the database. */
  unstore(): void {
    this.#stored = [];
    this.#told = [...this];
    this.#index = undefined;
  }

  /** @internal Puts back what was there, or takes what was read, and tells nobody. */
  restore(members: readonly T[], stored: readonly T[]): void {
    this.#replaceMembers(members);
    this.#stored = stored;
    this.#written = undefined;
    if (members !== stored) this.#told = [...members];
  }

  /** @internal A flush writes what is here now; what comes and goes while it does so is the next one's. */
  flushing(): void {
    this.#written = this.#told ? this.#copied() : this.#stored;
  }

  /** @internal The database has what was written. Gives whether that is all there is; what came into being since is not. */
  flushed(): boolean {
    const written = this.#written;
    this.#written = undefined;
    if (!this.#told) return true;
    if (!written) return false;
    this.#stored = written;
    if (!this.#isAsStored()) return false;
    this.#told = undefined;
    this.#index = undefined;
    this.#followed = undefined;
    return true;
  }

  #changing(): void {
    this.#owner.owner?.changing(this.#owner);
  }

  #isToldOf(member: T): boolean {
    const told = this.#told ?? this.#stored;
    if (told.length < MANY) return told.includes(member);
    return (this.#index ??= new Set(told)).has(member);
  }

  /** The members as an ordinary array; a spread would ask the iterator for each. */
  #copied(): T[] {
    const members = new Array<T>(this.length);
    for (let index = 0; index < members.length; index++) members[index] = this[index]!;
    return members;
  }

  #tell(member: T): void {
    if (this.#told) this.#told.push(member);
    else this.#told = this.#stored.length === 0 ? [member] : [...this.#stored, member];
    this.#index?.add(member);
  }

  #isTold(): boolean {
    const told = this.#told ?? this.#stored;
    if (this.length !== told.length) return false;
    for (let index = 0; index < told.length; index++)
      if (this[index] !== told[index] && !this.#isToldOf(this[index]!)) return false;
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
    this.#told = undefined;
    this.#index = undefined;
  }
}

/** What happened to one member of a relation that is not loaded. */
interface Move {
  readonly way: "came" | "went";
  /** Whether it was put in or taken out here; otherwise its own side was changed, which remembers that itself. */
  readonly here: boolean;
}

/** A relation to many that is not loaded. `await` it, or ask it: `u.posts.all()`, `u.posts.count()`, `u.posts.filterBy(…)`. */
export class LazyCollection<T extends object = object> implements PromiseLike<T[]> {
  /** @internal Marks what the prompt waits for. */
  readonly [awaitable] = true;
  readonly #owner: Instance;
  readonly #relation: RelationModel;
  readonly #keeper: CollectionKeeper;
  /** @internal Members that came or went before anybody asked who was there. */
  moves: ReadonlyMap<T, Move> = new Map();
  #written: ReadonlyMap<T, Move> | undefined;

  /** @internal */
  constructor(owner: Instance, relation: RelationModel, keeper: CollectionKeeper) {
    this.#owner = owner;
    this.#relation = relation;
    this.#keeper = keeper;
  }

  /** What `await user.posts` does: reads the members, for all objects of the same query at once. */
  then<R, E>(
    resolved?: ((members: T[]) => R | PromiseLike<R>) | null,
    failed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return (this.#keeper.load(this.#owner, this.#relation) as Promise<T[]>).then(resolved, failed);
  }
  /** The related entities, read and kept. */
  async all(): Promise<T[]> {
    return [...((await this.#keeper.load(this.#owner, this.#relation)) as T[])];
  }
  /** How many there are, counted by the database. */
  async count(): Promise<number> {
    return this.query.count();
  }
  /** The query of the related rows. */
  get query(): Query<T> {
    return this.#keeper.query(this.#owner, this.#relation) as unknown as Query<T>;
  }
  /** A query of the related rows of which this holds. */
  filterBy(criteria: Criteria<T>): Query<T> {
    return this.query.filterBy(criteria);
  }
  /** A query of the related rows in this order. */
  orderBy(...orders: Parameters<Query<T>["orderBy"]>): Query<T> {
    return this.query.orderBy(...orders);
  }
  /** The first related row, or null. */
  first(): Promise<T | null> {
    return this.query.first();
  }
  /** Adds members without reading those that are there. */
  push(...members: T[]): this {
    for (const member of members) this.#keeper.checkMember(this.#relation, member);
    const loaded = this.#loaded();
    if (loaded) loaded.add(...members);
    else
      for (const member of members) {
        this.#move(member, "came", true);
        this.#keeper.joined(this.#owner, this.#relation, member);
      }
    return this;
  }
  /** The same as `push`. */
  add(...members: T[]): this {
    return this.push(...members);
  }
  /** The same as `push`, in SQLAlchemy's word. */
  append(...members: T[]): this {
    return this.push(...members);
  }
  /** Takes members out without reading the others. */
  remove(...members: T[]): this {
    const loaded = this.#loaded();
    if (loaded) loaded.remove(...members);
    else
      for (const member of members) {
        this.#move(member, "went", true);
        this.#keeper.left(this.#owner, this.#relation, member);
      }
    return this;
  }

  /** @internal Takes a member in or out because its other side changed. */
  follow(member: T, belongs: boolean): void {
    this.#move(member, belongs ? "came" : "went", false);
  }

  /** @internal Members that were put in here, not on their own side. */
  forEachGiven(visit: (member: T) => void): void {
    for (const [member, { way, here }] of this.moves) if (here && way === "came") visit(member);
  }

  /** @internal Members that were put in, here or on their own side. */
  *arrived(): Generator<T> {
    for (const [member, { way }] of this.moves) if (way === "came") yield member;
  }

  /** @internal The owner has no row any more, and so nobody to be read: those who came are all there are. */
  withoutRow(): Collection<T> {
    const collection = Collection.over<T>(this.#owner, this.#relation, this.#keeper, []);
    collection.catchUp(this.moves);
    return collection;
  }

  /** @internal A flush writes what came and went until now. */
  flushing(): void {
    this.#written = new Map(this.moves);
  }

  /** @internal The database has it. Gives whether that is all there is. */
  flushed(): boolean {
    const written = this.#written;
    this.#written = undefined;
    if (written) this.moves = new Map([...this.moves].filter(([member, move]) => written.get(member) !== move));
    return this.moves.size === 0;
  }

  #move(member: T, way: Move["way"], here: boolean): void {
    this.#owner.owner?.changing(this.#owner);
    if (this.moves.get(member)?.way === way && !here) return;
    (this.moves as Map<T, Move>).set(member, { way, here });
  }

  /** The collection that took this one's place when it was read; whoever kept this one means that one. */
  #loaded(): Collection<T> | undefined {
    const now = this.#owner.relatedBy(this.#relation);
    if (now instanceof Collection) return now as unknown as Collection<T>;
    if (now !== this) this.#owner.relate(this.#relation, this as unknown as LazyCollection);
    return undefined;
  }

  /** Not known: an error that says how to ask. `count()` does. */
  get length(): number {
    throw notLoaded(this.#relation);
  }
  /** Not known: an error that says how to ask. `await` it first. */
  [Symbol.iterator](): Iterator<T> {
    throw notLoaded(this.#relation);
  }
  /** What is not loaded is left out of JSON. */
  toJSON(): undefined {
    return undefined;
  }
  /** For printing. */
  [inspect.custom](): string {
    return `[${this.#relation.label}: not loaded]`;
  }
}

/** A relation to one that is not loaded: `(await p.author).username`. */
export class LazyReference implements PromiseLike<object | null> {
  /** @internal Marks what the prompt waits for. */
  readonly [awaitable] = true;
  readonly #owner: Instance;
  readonly #relation: RelationModel;
  readonly #keeper: CollectionKeeper;

  /** @internal */
  constructor(owner: Instance, relation: RelationModel, keeper: CollectionKeeper) {
    this.#owner = owner;
    this.#relation = relation;
    this.#keeper = keeper;
  }

  /** What `await post.author` does: reads the entity, for all objects of the same query at once. */
  then<R, E>(
    resolved?: ((entity: object | null) => R | PromiseLike<R>) | null,
    failed?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return (this.#keeper.load(this.#owner, this.#relation) as Promise<object | null>).then(resolved, failed);
  }
  /** What is not loaded is left out of JSON. */
  toJSON(): undefined {
    return undefined;
  }
  /** For printing. */
  [inspect.custom](): string {
    return `[${this.#relation.label}: not loaded]`;
  }
}

/**
 * A relation to many by what Retort makes of it, for entities whose property is declared as a plain list:
 * `collection(user.posts).filterBy({ body: "x" }).count()`. It is the property itself, with another type.
 *
 * @param related the property of an object that a session holds
 * @throws RetortError `session/no-collection` for any other list
 */
export function collection<T extends object>(related: readonly T[] | PromiseLike<readonly T[]>): Collection<T> {
  if (related instanceof Collection || related instanceof LazyCollection) return related as unknown as Collection<T>;
  throw noCollection();
}
