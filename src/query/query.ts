import { inspect } from "node:util";
import { RetortError } from "../errors";
import { isObject, isRecord } from "../values";
import type { Row, RowLock } from "../dialect/dialect";
import { shown } from "../metadata/errors";
import type { ColumnModel, EntityModel, EntityTarget, RelationModel } from "../metadata/model";
import { wrongType, type Refusal } from "../metadata/inspection/refusal";
import type { QueryContext } from "./context";
import { conditionOf } from "./criteria";
import {
  aliasOfAnother,
  badCount,
  badDirection,
  batchesNotInOrder,
  bothLockOptions,
  emptyWrite,
  insertsNoSelection,
  locksNothing,
  manyResults,
  noDeleteDate,
  noPlaces,
  noResult,
  noRowLocks,
  notAnExpression,
  notCriteria,
  placeIsGone,
  placeOfAnother,
  tooManyRows,
  unknownProperty,
} from "./errors";
import {
  and,
  Column,
  Condition,
  Expression,
  Labelled,
  or,
  Order,
  checkCondition,
  condition,
  isSubquery,
  Rendered,
  renderInto,
  Scalar,
  type Alias,
  type Renderer,
  type Subquery,
} from "./expression";
import { assignmentsOf } from "./assignments";
import { Batches, type Batch, type BatchFacts } from "./batches";
import { BulkInsert, type OnConflict } from "./bulk-insert";
import { ColumnUsage } from "./column-usage";
import { columnsOfAlias } from "./columns";
import { defaultOrder } from "./default-order";
import { LabelReference } from "./label-reference";
import { digestOf, isOwn, reversed, totalOrder, type Side } from "./keyset";
import type { LoadOption } from "./loading";
import { missingIndexes } from "./missing-indexes";
import { pageOf, Pagination, type PaginateOptions } from "./pagination";
import {
  checkCursor,
  conditionOfBound,
  keyOfPlace,
  placeColumns,
  textOfPlace,
  valuesOfBound,
  valuesOfObject,
  type Bound,
  type Ordered,
} from "./places";
import { RelationExpression, relationOf } from "./relation";
import { relationsAlong } from "./scope";
import { Sql } from "./sql";
import { SelectCompiler } from "./select";
import { everyRow, type EntityStatement, type Join, type Selection, type Statement } from "./selection";
import { misuseOf, notAValue } from "./value-check";
import type { Assignments, Columns, Criteria, Key, PropertyOf, Selectable, SelectedRow, Values } from "./types";

/** Rows that `stream()` reads at a time. */
const STREAM_BATCH = 1_000;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever entity
type AnyAliased = Aliased<any>;

interface Load {
  readonly strategy: LoadOption["strategy"];
  readonly relations: readonly RelationModel[];
}

interface QueryState extends Selection {
  readonly loads: readonly Load[];
  readonly populateExisting: boolean;
  /** Collects the objects that were not loaded before. */
  readonly newlyLoaded: Set<object> | undefined;
  /** Whether the user has asked for it, and not the session for what it needs. */
  readonly isUsers: boolean;
  /** The places that rows are selected beyond, one for each side at most. */
  readonly bounds: readonly Bound[];
}

/** Where `after` and `before` begin: an entity, an object with its key, or a cursor; null leaves nothing out. */
export type PlaceArgument<T> = T | Readonly<Record<string, unknown>> | string | null;

/** What happens with rows that another transaction has locked; without an option the statement waits for them. */
export interface LockOptions {
  /** Leaves them out. */
  readonly skipLocked?: boolean;
  /** Fails with `database/locked`. */
  readonly nowait?: boolean;
}

/** What `insert` takes. */
export interface InsertOptions {
  /** Whether rows that exist are left out. Default false. */
  readonly ignore?: boolean;
}

/** What `upsert` takes. */
export interface UpsertOptions {
  /** The properties of the key or unique constraint that tells which row exists. */
  readonly conflict?: readonly string[];
  /** The properties that are set in existing rows. */
  readonly update?: readonly string[];
}

/**
 * An argument of `orderBy`: an expression, a name (`"username"`, `"author.username"`, the name of a value of `select(…)`), or
 * `{ username: "DESC" }`.
 */
export type OrderArgument<T, R = T> =
  | Order
  | Scalar
  | PropertyOf<T>
  | PropertyOf<R>
  | `${string}.${string}`
  | Partial<Record<PropertyOf<T> | PropertyOf<R>, "ASC" | "DESC" | "asc" | "desc">>;

/** A relation, by its name, a path of names, or an expression. */
export type RelationArgument<T> = PropertyOf<T> | `${string}.${string}` | RelationExpression;

/**
 * A query of one entity, with SQLAlchemy's methods. It is immutable: methods that refine it return a new query, and
 * nothing is sent before `all()`, `first()`, `count()` and the like, which return promises.
 *
 * `T` is the queried entity, `R` the type of the results: the entity, or the rows of `select(…)`.
 */
export class Query<T extends object = object, R extends object = T> implements Subquery, AsyncIterable<R> {
  readonly #context: () => QueryContext;
  readonly #state: QueryState;

  /** @internal Queries are made by `db.query(User)`, `session.query(User)` and `User.query`. */
  constructor(context: () => QueryContext, state: QueryState) {
    this.#context = context;
    this.#state = state;
  }

  /** @internal A query of every row of an entity. */
  static of<T extends object>(context: () => QueryContext, model: EntityModel, alias?: Alias): Query<T> {
    return new Query<T>(context, {
      ...everyRow(model, alias),
      loads: [],
      populateExisting: false,
      newlyLoaded: undefined,
      bounds: [],
      isUsers: false,
    });
  }

  /** @internal The same for `User.query`, whose `all()` obeys the session's limit of rows. */
  static ofUser<T extends object>(context: () => QueryContext, model: EntityModel): Query<T> {
    return Query.of<T>(context, model).#with({ isUsers: true });
  }

  /** The queried entity. */
  get entity(): EntityTarget {
    return this.#state.model.target;
  }

  // Methods that return a new query

  /** Selects rows by properties: `filterBy({ username: "susan", posts: { body: Like("%first%") } })`. */
  filterBy(criteria: Criteria<T>): Query<T, R> {
    return this.filter(criteria);
  }

  /** Selects rows that meet all of these conditions: `filter(User.c.age.gt(18), or(…))`. */
  filter(...conditions: (Condition | Criteria<T>)[]): Query<T, R> {
    return this.#with({ conditions: [...this.#state.conditions, ...conditions.map((one) => this.#condition(one))] });
  }

  /** Sorts by these expressions, after those of earlier calls. A name is that of a value of `select(…)`, else of a property. */
  orderBy(...orders: OrderArgument<T, R>[]): Query<T, R> {
    return this.#with({ orders: [...this.#state.orders, ...orders.flatMap((order) => this.#orders(order))] });
  }

  /** Limits the number of entities, or of rows of `select(…)`; a non-negative integer. */
  limit(limit: number): Query<T, R> {
    return this.#with({ limit: wholeNumber("limit", limit) });
  }

  /** Skips this many of the first results, a non-negative integer. Use it with `orderBy`: rows have no order of their own. */
  offset(offset: number): Query<T, R> {
    return this.#with({ offset: wholeNumber("offset", offset) });
  }

  /**
   * Selects the rows after a place in the query's order, which gets the primary key as its last term: keyset pagination. Unlike `offset`
   * it reads none of the rows before, where an index has the order. NULL stands where the database sorts it. The last call counts.
   *
   * @param place the entity (or an object with its key) that the page before ended with, or its cursor; null for the first page, which
   *   gets the same order
   * @throws RetortError `query/cursor`, when the query is sent, for a place in another order or of another entity
   * @example
   * const users = await User.query.orderBy("name").after(request.query.after ?? null).limit(20).all();
   * @see sqlakeyset
   */
  after(place: PlaceArgument<T>): Query<T, R> {
    return this.#bound("after", place);
  }

  /**
   * Selects the rows before a place in the query's order. A limit counts backwards from the place, and the rows come in the query's order:
   * `before(users[0]).limit(20)` is the page before.
   *
   * @param place as of `after`; null for the last page
   */
  before(place: PlaceArgument<T>): Query<T, R> {
    return this.#bound("before", place);
  }

  #bound(side: Side, place: PlaceArgument<T>): Query<T, R> {
    const isPlace = typeof place === "string" || (typeof place === "object" && !Array.isArray(place));
    const { name } = this.#state.model;
    if (!isPlace) throw placeOfAnother(side, name, shown(place));
    if (typeof place === "string") checkCursor(place, side, name);
    return this.#with({ bounds: [...this.#otherBounds(side), { side, at: place, isInclusive: false }] });
  }

  #otherBounds(side: Side): readonly Bound[] {
    return this.#state.bounds.filter((bound) => bound.side !== side);
  }

  /** @internal The rows beyond a place of known values. */
  beyond(side: Side, values: readonly unknown[], isInclusive: boolean): Query<T, R> {
    return this.#with({ bounds: [...this.#otherBounds(side), { side, at: null, isInclusive, values }] });
  }

  /** Removes duplicate rows of `select(…)`. Entities are never returned twice. */
  distinct(): Query<T, R> {
    return this.#with({ distinct: true });
  }

  /**
   * Joins a relation, so that its columns can be used in conditions; rows without it are left out: `Post.query.join("author").filter(User.c.age.gt(18))`.
   *
   * @param as an alias for the related entity, where the query contains it already: `db.aliased(User)`
   */
  join(relation: RelationArgument<T>, as?: AnyAliased): Query<T, R> {
    return this.#joined(relation, "INNER", as);
  }

  /** Joins a relation, and keeps the rows without it. */
  leftJoin(relation: RelationArgument<T>, as?: AnyAliased): Query<T, R> {
    return this.#joined(relation, "LEFT", as);
  }

  /**
   * Groups rows by these values, for aggregates: `groupBy("author").select("author", Post.c.id.count().as("n"))`. A name is that of a
   * property, else of a selected value: `select(Post.c.body.length().as("size"), func.count().as("n")).groupBy("size")`.
   */
  groupBy(...groups: (Scalar | PropertyOf<T> | PropertyOf<R>)[]): Query<T, R> {
    return this.#with({ groups: [...this.#state.groups, ...groups.map((group) => this.#grouped(group))] });
  }

  /** Selects groups that meet all of these conditions: `having(Post.c.id.count().gt(5))`. */
  having(...conditions: Condition[]): Query<T, R> {
    for (const one of conditions) checkCondition("having(…)", one);
    return this.#with({ having: [...this.#state.having, ...conditions] });
  }

  /** Returns values instead of entities: the rows of `select(User.c.username, User.c.id.count().as("n"))` are `{ username, n }`. */
  select<const V extends readonly Selectable<T>[]>(...values: V): Query<T, SelectedRow<T, V>> {
    return new Query<T, SelectedRow<T, V>>(this.#context, { ...this.#state, values: this.#labelled(values) });
  }

  /** Sets how relations are loaded: `options(joined("author"), selectin("posts"))`. */
  options(...loads: LoadOption[]): Query<T, R> {
    const all: Load[] = [...this.#state.loads];
    const fetched = [...this.#state.fetched];
    for (const { strategy, path } of loads) {
      const relations = this.#relations(path);
      // A relation behind one that is loaded by its own statement cannot be joined to this one.
      if (
        strategy === "joined" &&
        !all.some((other) => other.strategy === "selectin" && beginsWith(relations, other.relations))
      )
        fetched.push(relations);
      all.push({ strategy, relations });
    }
    return this.#with({ loads: all, fetched });
  }

  /** Includes soft-removed rows. */
  withDeleted(): Query<T, R> {
    return this.#with({ withDeleted: true });
  }

  /** Overwrites loaded objects with the values that are read, and discards their unflushed changes. */
  populateExisting(): Query<T, R> {
    return this.#with({ populateExisting: true });
  }

  /**
   * Locks the rows until the transaction ends, which it begins where none is open: no other transaction changes or locks them.
   * Loaded objects take the values that are read; their unflushed changes are flushed first. On SQLite the whole database is locked.
   *
   * @param options.skipLocked leaves out rows that another transaction has locked, instead of waiting; with a limit, only where no join
   *   makes rows of an entity several
   * @param options.nowait fails with `database/locked` where another transaction has locked one
   * @throws RetortError `query/lock` where both are asked for, or the database has no locks of rows (SQLite)
   * @example const job = await Job.query.orderBy("id").limit(1).forUpdate({ skipLocked: true }).first();
   * @see SQLAlchemy's `Query.with_for_update()`
   */
  forUpdate(options: LockOptions = {}): Query<T, R> {
    return this.#locked("update", options);
  }

  /** Locks the rows as `forUpdate` does, but others may read them with `forShare` at the same time. */
  forShare(options: LockOptions = {}): Query<T, R> {
    return this.#locked("share", options);
  }

  #locked(mode: RowLock["mode"], { skipLocked = false, nowait = false }: LockOptions): Query<T, R> {
    if (skipLocked && nowait) throw bothLockOptions();
    const ifLocked = skipLocked ? "skip" : nowait ? "fail" : undefined;
    const { dialect } = this.#context();
    if (ifLocked && !dialect.supportsRowLocks)
      throw noRowLocks(dialect.displayName, skipLocked ? "skipLocked" : "nowait");
    return this.#with({ lock: { mode, ifLocked }, populateExisting: true });
  }

  /** @throws RetortError `query/lock` where the query is to lock rows, which this method cannot */
  #refuseLock(method: string): void {
    if (this.#state.lock) throw locksNothing(method, this.#state.lock.mode === "update" ? "forUpdate" : "forShare");
  }

  /** @internal Collects the objects that were not loaded before, for a stream. */
  collectNewlyLoaded(newlyLoaded: Set<object> | undefined): Query<T, R> {
    return this.#with({ newlyLoaded });
  }

  // Methods that send a statement

  /** All entities, each once. */
  async all(): Promise<R[]> {
    const located = this.#located("all");
    if (located instanceof Promise) return (await located).all();
    const { isUsers, limit, lock } = this.#state;
    const { rowLimit } = this.#context();
    if (rowLimit !== undefined && isUsers && limit === undefined && !lock) return this.#upTo(rowLimit);
    return this.#state.values ? this.#values("all") : this.#entities("all");
  }

  /** All of them, unless they are more than can be held in memory. */
  async #upTo(rowLimit: number): Promise<R[]> {
    const found = await this.limit(rowLimit + 1).all();
    if (found.length > rowLimit) throw tooManyRows(this.#state.model.name, rowLimit);
    return found;
  }

  /** The entity of this primary key, or null. A loaded one is returned without a statement. */
  async get(key: Key): Promise<R | null> {
    const { conditions, joins, loads, bounds, withDeleted, populateExisting, values, model } = this.#state;
    const bare =
      conditions.length + joins.length + loads.length + bounds.length === 0 &&
      !withDeleted &&
      !populateExisting &&
      !values;
    if (bare) return (await this.#context().get(model, key)) as R | null;
    const parts = this.#context().keyParts(model, key);
    return this.filter(and(...model.primary.map((column, place) => this.#column(column).eq(parts[place])))).first();
  }

  /** The entity of this primary key. @throws RetortError `query/no-result` */
  async getOrFail(key: Key): Promise<R> {
    return (await this.get(key)) ?? this.#failed();
  }

  /** The first entity, or null. */
  async first(): Promise<R | null> {
    return (await this.#atMost(1).all())[0] ?? null;
  }

  /** The first entity. @throws RetortError `query/no-result` */
  async firstOrFail(): Promise<R> {
    return (await this.first()) ?? this.#failed();
  }

  /** The only entity. @throws RetortError `query/no-result`, `query/many-results` */
  async one(): Promise<R> {
    return (await this.oneOrNull()) ?? this.#failed();
  }

  /** The only entity, or null. @throws RetortError `query/many-results` */
  async oneOrNull(): Promise<R | null> {
    const found = await this.#atMost(2).all();
    if (found.length > 1) throw manyResults(this.#state.model.name);
    return found[0] ?? null;
  }

  /** The first value of the first row, or null: `User.query.select(User.c.age.max()).scalar()`. Without `select`, the first column of the primary key. */
  async scalar<V = unknown>(): Promise<V | null> {
    const located = this.#located("scalar");
    if (located instanceof Promise) return (await located).scalar<V>();
    const { values, model } = this.#state;
    const [first] = values ?? [new Labelled<unknown>(this.#column(model.primary[0] ?? model.columns[0]!), "key")];
    const rows = await this.#rows(this.#atMost(1).#compiler().values([first!]), "scalar", this.#state.lock);
    return rows.length === 0 ? null : (first!.scalar.decode(rows[0]![0]) as V);
  }

  /** The number of entities, or of rows of `select(…)`. */
  async count(): Promise<number> {
    this.#refuseLock("count()");
    const located = this.#located("count");
    if (located instanceof Promise) return (await located).count();
    const [row] = await this.#rows(this.#compiler().count(), "count");
    return Number(row![0]);
  }

  /** Whether there is a result. */
  async exists(): Promise<boolean> {
    this.#refuseLock("exists()");
    const located = this.#located("exists");
    if (located instanceof Promise) return (await located).exists();
    const [row] = await this.#rows(this.#compiler().found(), "exists");
    return Boolean(row![0]);
  }

  /** One page of the results. */
  async paginate(options: PaginateOptions = {}): Promise<Pagination<R>> {
    const { page, perPage } = pageOf(options);
    const items = await this.limit(perPage)
      .offset((page - 1) * perPage)
      .all();
    // A first page that is not full is all there is.
    const unlocked = this.#with({ lock: undefined });
    const total = page === 1 && items.length < perPage ? items.length : await unlocked.count();
    return new Pagination(items, page, perPage, total, (other) => this.paginate({ ...options, page: other }));
  }

  /**
   * Reads any number of entities in bounded memory, one after the other. An object that was not loaded before is detached
   * when the stream has passed it, unless it was changed.
   */
  async *stream(): AsyncGenerator<R> {
    const { values, model } = this.#state;
    this.#refuseLock("stream()");
    const located = this.#located("stream");
    if (located instanceof Promise) {
      yield* (await located).stream();
      return;
    }
    // The rows are read from the last one on; their limit is the user's own.
    if (this.#isBackward) {
      yield* await this.all();
      return;
    }
    const context = this.#context();
    const connection = await context.ready(`${model.name}.query.stream()`);
    const statement = values ? this.#compiler().values(values) : this.#streamed().#compiler().entities(true);
    for await (const rows of context.stream(connection, statement.sql, statement.parameters, STREAM_BATCH)) {
      if (values) yield* this.#decoded(rows);
      else yield* this.#batch(statement as EntityStatement, rows);
    }
  }

  /**
   * Reads and writes any number of rows in batches, each found by its place in the order (`after`). A batch is a statement of its own: no
   * transaction is held open between two batches, and what others commit meanwhile is seen.
   *
   * - `for await (const users of User.query.inBatches(500))` gives lists of entities, in the query's order; those that were not loaded
   *   before and not changed are detached when the next list is read.
   * - `update(values)` and `delete()` write each batch in a transaction of its own, or in the session's where one is open.
   *
   * @param size rows of a batch. Default 1000
   * @example const rows = await User.query.filter(User.c.seen.lt(day)).inBatches(10_000).delete();
   * @see Rails' `find_in_batches` and `in_batches`
   */
  inBatches(size = 1_000): Batches<T, R> {
    const { model, limit, bounds } = this.#state;
    if (wholeNumber("inBatches", size) === 0) throw badCount("inBatches", size);
    this.#refuseLock("inBatches()");
    if (limit !== undefined && this.#isBackward)
      throw batchesNotInOrder(model.name, "before() with a limit counts backwards", "use after(), or no limit");
    return new Batches<T, R>(bounds.some(({ side }) => side === "after") ? this : this.after(null), size, model);
  }

  /** @internal What `inBatches` needs to know. */
  get batchFacts(): BatchFacts {
    const { limit, offset } = this.#state;
    const hasOffset = Boolean(offset);
    const { terms } = this.#ordered("inBatches");
    return { context: this.#context(), limit, hasOffset, isLimited: hasOffset || limit !== undefined, terms };
  }

  /** @internal The same rows, sorted by the primary key alone. */
  inKeyOrder(): Query<T, R> {
    return this.#with({ orders: this.#state.model.primary.map((column) => this.#column(column).asc()) });
  }

  /** @internal The first and the last key of the table in the query's order; undefined where that is not by a number that is the key. */
  async tableEnds(): Promise<readonly [number, number] | undefined> {
    const [term] = this.#ordered("inBatches").terms;
    const [key, ...others] = this.#state.model.primary;
    if (others.length > 0 || !(term!.scalar instanceof Column) || term!.scalar.model !== key || !term!.scalar.isNumber)
      return undefined;
    const table = Query.of<T>(this.#context, this.#state.model).withDeleted();
    const ends = [await table.orderBy(term!.order).scalar(), await table.orderBy(reversed(term!.order)).scalar()];
    const [first, last] = ends.map(Number) as [number, number];
    return Number.isFinite(first) && Number.isFinite(last) ? [first, last] : undefined;
  }

  /** @internal The same query without an offset. */
  withoutOffset(): Query<T, R> {
    return this.#with({ offset: undefined });
  }

  /** @internal The next rows, and the place of the last one. */
  async readBatch(size: number): Promise<Batch<R>> {
    const query = this.#atMost(size);
    const located = query.#located("inBatches");
    if (located instanceof Promise) return (await located).readBatch(size);
    const { values } = this.#state;
    if (values) return query.#readValues(values);
    const newlyLoaded = new Set<object>();
    const rows = await query.collectNewlyLoaded(newlyLoaded).#entities("inBatches");
    const last = await query.#placeOfLast(rows);
    return { rows, last, sql: query.toSQL().sql, release: () => this.#context().release(newlyLoaded) };
  }

  async #readValues(values: readonly Labelled[]): Promise<Batch<R>> {
    const columns = [...values, ...placeColumns(this.#ordered("inBatches").terms)];
    const statement = this.#compiler().values(columns);
    const rows = await this.#rows(statement, "inBatches");
    const last = rows.at(-1)?.slice(values.length);
    return { rows: this.#decoded(rows), last, sql: statement.sql, release: () => undefined };
  }

  /** The place of the last of these entities whose row is still there. */
  async #placeOfLast(entities: readonly object[]): Promise<readonly unknown[] | undefined> {
    for (const entity of [...entities].reverse()) {
      const values = await this.#placeOf(entity, "after");
      if (values) return values;
    }
    if (entities.length > 0) throw placeIsGone(this.#state.model.name, "inBatches");
    return undefined;
  }

  /** @internal The place of the row with this number, counted from 0; undefined where there are fewer. */
  async placeAt(number: number): Promise<{ readonly values: readonly unknown[] | undefined; readonly sql: string }> {
    const located = this.#located("inBatches");
    if (located instanceof Promise) return (await located).placeAt(number);
    const query = this.offset((this.#state.offset ?? 0) + number).limit(1);
    const statement = query.#compiler().values(placeColumns(this.#ordered("inBatches").terms));
    const [values] = await this.#rows(statement, "inBatches");
    return { values, sql: statement.sql };
  }

  /**
   * The place of an entity in the query's order as a text of letters, digits, `-` and `_`, for a URL: `after(cursor)` goes on behind it, in
   * another process too, and when the row is gone. It holds the values that the query sorts by, encoded and not encrypted.
   *
   * @param entity an entity, or an object with its key, such as a row of `select(…)`
   * @throws RetortError `query/cursor` where the row is gone
   */
  async cursorOf(entity: R | T | Readonly<Record<string, unknown>>): Promise<string> {
    if (!isObject(entity)) throw placeOfAnother("cursorOf", this.#state.model.name, shown(entity));
    const values = await this.#placeOf(entity, "cursorOf");
    if (!values) throw placeIsGone(this.#state.model.name, "cursorOf");
    return textOfPlace(this.#ordered("cursorOf"), values);
  }

  /** The place of an object in the order; undefined where it has to be read, and the row is gone. */
  async #placeOf(object: object, method: string): Promise<readonly unknown[] | undefined> {
    const ordered = this.#ordered(method);
    return (
      valuesOfObject(object, method, ordered) ?? (await this.#readPlace(keyOfPlace(object, method, ordered), method))
    );
  }

  async #readPlace(key: readonly unknown[], method: string): Promise<readonly unknown[] | undefined> {
    const { terms } = this.#ordered(method);
    const { primary } = this.#state.model;
    const ofRow = condition((renderer) =>
      primary
        .map((column, index) => {
          const { value } = renderer.dialect.columnTypes.place(column.databaseType);
          return `${renderer.expression(this.#column(column))} = ${value(renderer.parameter(key[index]))}`;
        })
        .join(" AND "),
    );
    const row = this.#with({
      bounds: [],
      conditions: [ofRow],
      orders: [],
      limit: 1,
      offset: undefined,
      withDeleted: true,
    });
    const [values] = await row.#rows(row.#compiler().values(placeColumns(terms)), method);
    return values;
  }

  /** The query with the places of its bounds read, where only the database knows them: digits of a date, an expression, another table. */
  #located(method: string): this | Promise<Query<T, R>> {
    const { bounds } = this.#state;
    if (bounds.length === 0) return this;
    const ordered = this.#ordered(method);
    const isKnown = (bound: Bound): boolean =>
      (bound.at === null && !bound.values) || valuesOfBound(bound, ordered) !== undefined;
    return bounds.every(isKnown) ? this : this.#readBounds(ordered, isKnown);
  }

  async #readBounds(ordered: Ordered, isKnown: (bound: Bound) => boolean): Promise<Query<T, R>> {
    const bounds: Bound[] = [];
    for (const bound of this.#state.bounds) {
      if (isKnown(bound)) bounds.push(bound);
      else {
        const values = await this.#readPlace(keyOfPlace(bound.at as object, bound.side, ordered), bound.side);
        if (!values) throw placeIsGone(ordered.model.name, bound.side);
        bounds.push({ ...bound, values });
      }
    }
    return this.#with({ bounds });
  }

  /** Whether rows are read backwards from a place, since a limit counts from it. */
  get #isBackward(): boolean {
    const { bounds, limit, offset } = this.#state;
    return bounds.length === 1 && bounds[0]!.side === "before" && (limit !== undefined || Boolean(offset));
  }

  /** The query's order, in which every row has a place. @throws RetortError `query/cursor` where it has none */
  #ordered(method: string): Ordered {
    const { model, alias, groups, having, distinct, values, joins } = this.#state;
    const refuse = (why: string, hint: string): RetortError => noPlaces(model.name, method, why, hint);
    if (model.primary.length === 0) throw refuse("it has no primary key", "paginate() takes pages by their numbers");
    if (groups.length + having.length > 0 || (distinct && values))
      throw refuse("rows of groups and distinct values have none", "paginate() takes pages by their numbers");
    const context = this.#context();
    const orders = this.#resolvedOrders();
    const isRepeated = joins.some(({ relations }) => relations.some(({ toMany }) => toMany));
    if (isRepeated && !orders.every(({ scalar }) => isOwn(scalar, model, alias)))
      throw refuse(
        "the order is by a value of a join to many, of which an entity has several",
        "select with exists(…) instead of the join, or sort by columns of the entity",
      );
    const terms = totalOrder(model, alias, orders, context.dialect, (scalar) => this.#digestOf(scalar));
    return { model, alias, terms, context };
  }

  #digestOf(scalar: Scalar): string {
    const { joins, model, alias } = this.#state;
    const selection = { ...everyRow(model, alias), joins };
    const { sql, parameters } = new SelectCompiler(this.#context().dialect, selection).values([
      new Labelled(scalar, "it"),
    ]);
    return `expression:${digestOf(sql, parameters)}`;
  }

  /** `for await (const user of User.query)`: the same as `stream()`. */
  [Symbol.asyncIterator](): AsyncGenerator<R> {
    return this.stream();
  }

  /**
   * Updates all rows of the query, in the session's transaction. Loaded objects are read again; their unflushed changes stay.
   * Listeners are not called.
   *
   * @param values values, or expressions of the row's columns: `update({ age: User.c.age.plus(1) })`; a relation is set by an entity
   * @returns the number of rows
   */
  async update(values: Assignments<T>): Promise<number> {
    const assigned = assignmentsOf(this.#state.model, values, this.#context().strict);
    if (assigned.length === 0) throw emptyWrite("update");
    return this.#write(
      "update",
      assigned.map(({ column }) => column),
      (compiler) => compiler.update(assigned),
    );
  }

  /**
   * Deletes all rows of the query, in the session's transaction. Their loaded objects become deleted, and so do those whose
   * rows the database deletes with them (`onDelete: "CASCADE"`). Listeners are not called.
   *
   * @returns the number of rows
   */
  async delete(): Promise<number> {
    return this.#write("delete", [], (compiler) => compiler.delete());
  }

  /**
   * Soft-removes all rows of the query, by their delete date (`@DeleteDateColumn`), in the session's transaction. Listeners
   * are not called.
   *
   * @returns the number of rows
   * @throws RetortError `query/no-delete-date` where the entity has no delete date
   */
  async softDelete(): Promise<number> {
    const column = this.#deleteDate();
    const value = new Sql([this.#context().dialect.now(column.metadata.precision)], []);
    return this.#write("softDelete", [column], (compiler) => compiler.update([{ column, value }]));
  }

  /** Clears the delete date of all soft-removed rows of the query; returns their number. */
  async restore(): Promise<number> {
    const column = this.#deleteDate();
    const hidden = this.withDeleted().filter(this.#column(column).isNotNull());
    return hidden.#write("restore", [column], (compiler) => compiler.update([{ column, value: null }]));
  }

  /**
   * Inserts rows with few statements and without objects, in the session's transaction. Listeners are not called, nothing cascades, and
   * generated values are not read.
   *
   * @param rows values by property, or one such object
   * @param options.ignore whether rows whose key, or other unique value, exists are left out
   * @throws ValueError for a value that the column would not keep
   * @example await User.query.insert([{ username: "susan" }, { username: "joe" }], { ignore: true });
   */
  async insert(rows: Values<T> | readonly Values<T>[], { ignore = false }: InsertOptions = {}): Promise<void> {
    await this.#insertRows("insert", rows, { action: ignore ? "ignore" : "fail" });
  }

  /**
   * Inserts rows, and updates those that exist. Loaded objects are read again.
   *
   * @param options.conflict the properties of the key or unique constraint that tells which row exists; default: the primary key, or the
   *   unique constraint that every row has values for. On MySQL and MariaDB every key counts.
   * @param options.update the properties that are set in existing rows; default: all that are given
   * @throws RetortError `query/no-conflict-target`
   * @example await User.query.upsert({ username: "susan", age: 20 }, { conflict: ["username"] });
   */
  async upsert(rows: Values<T> | readonly Values<T>[], options: UpsertOptions = {}): Promise<void> {
    const { conflict, update } = options;
    await this.#insertRows("upsert", rows, { action: "update", conflict, update });
  }

  async #insertRows(
    method: "insert" | "upsert",
    rows: Values<T> | readonly Values<T>[],
    onConflict: OnConflict,
  ): Promise<void> {
    const { model, conditions, joins, bounds, limit, offset, lock } = this.#state;
    if (conditions.length + joins.length + bounds.length > 0 || limit !== undefined || offset !== undefined || lock)
      throw insertsNoSelection(model.name, `${method}()`);
    const list = (Array.isArray(rows) ? rows : [rows]) as readonly object[];
    if (list.length === 0) return;
    const { dialect, strict } = this.#context();
    const insert = new BulkInsert(dialect, model, list, strict, onConflict);
    await this.#context().write({
      origin: `${model.name}.query.${method}()`,
      kind: method === "insert" ? "insert" : "update",
      model,
      columns: insert.columns,
      keyQuery: (most) => this.withDeleted().filter(anyOf(insert)).#atMost(most).#compiler().keys(),
      run: async (connection) => {
        for (const { sql, parameters } of insert.statements()) await connection.run(sql, parameters);
        return list.length;
      },
    });
  }

  #deleteDate(): ColumnModel {
    const { model } = this.#state;
    if (!model.deleteDate) throw noDeleteDate(model.name);
    return model.deleteDate;
  }

  /**
   * The database's plan for this query, as lines of text. Where it reads a large table as a whole (10,000 rows or more), a last line names
   * the columns of the conditions, joins or order that have no index.
   */
  async explain(): Promise<string[]> {
    const { plan, remarks } = await this.explained();
    return [...plan, ...remarks];
  }

  /** @internal The plan, and remarks on missing indexes. */
  async explained(): Promise<{ readonly plan: string[]; readonly remarks: string[] }> {
    const located = this.#located("explain");
    if (located instanceof Promise) return (await located).explained();
    const { dialect } = this.#context();
    const { values, limit } = this.#state;
    const usage = new ColumnUsage();
    const compiler = new SelectCompiler(dialect, this.#selection(), undefined, usage);
    const { sql, parameters } = values ? compiler.values(values) : compiler.entities();
    const rows = await this.#rows({ sql: dialect.explainPrefix + sql, parameters }, "explain");
    const send = (statement: Statement): Promise<Row[]> => this.#rows(statement, "explain");
    const remarks = await missingIndexes(rows, usage, limit !== undefined, dialect, send);
    return { plan: dialect.planLines(rows), remarks };
  }

  /** The statement and its parameters, without sending it. */
  toSQL(): Statement {
    const { values } = this.#state;
    const { sql, parameters } = values ? this.#compiler().values(values) : this.#compiler().entities();
    return { sql, parameters };
  }

  /** A scalar subquery: the only column of `select(…)`, of the first row. */
  asScalar(): Scalar<R[keyof R] | null> {
    const [first] = this.#state.values ?? [];
    const { primary, columns } = this.#state.model;
    const type = (first?.scalar ?? this.#column(primary[0] ?? columns[0]!)).valueType;
    return new Rendered<R[keyof R] | null>((renderer) => `(${renderer.subquery(this)})`, type);
  }

  /** @internal Renders a subquery: `User.c.id.in(Post.query.select("user_id"))`. */
  [renderInto](renderer: Renderer): string {
    this.#refuseLock("a subquery");
    return new SelectCompiler(
      renderer.dialect,
      this.#selection(),
      (renderer as SelectCompiler).outerScope,
    ).renderInside();
  }

  get [Symbol.toStringTag](): string {
    return `Query of ${this.#state.model.name}`;
  }

  #with(changes: Partial<QueryState>): Query<T, R> {
    return new Query<T, R>(this.#context, { ...this.#state, ...changes });
  }

  #atMost(limit: number): Query<T, R> {
    return this.#with({ limit: Math.min(this.#state.limit ?? limit, limit) });
  }

  #compiler(): SelectCompiler {
    return new SelectCompiler(this.#context().dialect, this.#selection());
  }

  async #rows({ sql, parameters }: Statement, origin: string, lock?: RowLock): Promise<Row[]> {
    const call = `${this.#state.model.name}.query.${origin}()`;
    const ready = lock ? this.#context().lockable(call) : this.#context().ready(call);
    const connection = ready instanceof Promise ? await ready : ready;
    return connection.rows(sql, parameters);
  }

  async #entities(origin: string): Promise<R[]> {
    const { sql, parameters, segments, repeats } = this.#compiler().entities();
    const rows = await this.#rows({ sql, parameters }, origin, this.#state.lock);
    const { loads } = this.#state;
    const materialized = this.#context().materialize(segments, rows, this.#state);
    const entities = (materialized instanceof Promise ? await materialized : materialized) as R[];
    // A join of a relation to many repeats the entity for each of its members.
    const found = repeats ? [...new Set(entities)] : entities;
    if (loads.length > 0) await this.#loadRelations(found, this.#state.newlyLoaded);
    return this.#isBackward ? found.reverse() : found;
  }

  async #loadRelations(entities: readonly object[], newlyLoaded: Set<object> | undefined): Promise<void> {
    const context = this.#context();
    for (const { strategy, relations } of this.#state.loads) {
      const last = relations.length - 1;
      let owners = entities;
      for (const [depth, relation] of relations.entries()) {
        if (owners.length === 0) break;
        if (strategy !== "raise") await context.loadRelation(owners, relation, newlyLoaded);
        else if (depth === last) context.forbidLoading(owners, relation);
        if (depth < last) owners = [...new Set(owners.flatMap((owner) => context.membersOf(owner, relation)))];
      }
    }
  }

  /** A relation to many is not joined in a stream: the rows of an entity could be split between two batches. */
  #streamed(): Query<T, R> {
    return this.#with({ fetched: this.#state.fetched.filter((relations) => !relations.some(({ toMany }) => toMany)) });
  }

  async *#batch({ segments, repeats }: EntityStatement, rows: readonly Row[]): AsyncGenerator<R> {
    const context = this.#context();
    const newlyLoaded = new Set<object>();
    const entities = (await context.materialize(segments, rows, {
      populateExisting: this.#state.populateExisting,
      newlyLoaded,
    })) as R[];
    await this.#loadRelations(entities, newlyLoaded);
    try {
      yield* repeats ? new Set(entities) : entities;
    } finally {
      context.release(newlyLoaded);
    }
  }

  async #values(origin: string): Promise<R[]> {
    const rows = this.#decoded(
      await this.#rows(this.#compiler().values(this.#state.values!), origin, this.#state.lock),
    );
    return this.#isBackward ? rows.reverse() : rows;
  }

  #decoded(rows: readonly Row[]): R[] {
    const values = this.#state.values!;
    return rows.map((row) => {
      const result: Record<string, unknown> = {};
      for (let place = 0; place < values.length; place++)
        result[values[place]!.name] = values[place]!.scalar.decode(row[place]);
      return result as R;
    });
  }

  #write(
    method: "update" | "delete" | "softDelete" | "restore",
    columns: readonly ColumnModel[],
    compile: (compiler: SelectCompiler) => Statement,
  ): Promise<number> {
    const { model } = this.#state;
    this.#refuseLock(`${method}()`);
    const located = this.#located(method);
    if (located instanceof Promise) return located.then((query) => query.#write(method, columns, compile));
    const { sql, parameters } = compile(this.#compiler());
    return this.#context().write({
      origin: `${model.name}.query.${method}()`,
      kind: method === "delete" ? "delete" : "update",
      model,
      columns,
      keyQuery: (limit) => this.#with({ values: undefined }).#atMost(limit).#compiler().keys(),
      run: async (connection) => (await connection.run(sql, parameters)).changes,
    });
  }

  #condition(condition: Condition | Criteria<T>): Condition {
    if (condition instanceof Condition) return condition;
    const { model, alias } = this.#state;
    // JavaScript callers may pass anything: a number would filter nothing, and update() and delete() would affect all rows.
    const misuse = misuseOf(condition);
    if (misuse) throw notCriteria(model.name, condition, misuse.hint);
    if (condition instanceof Scalar) throw notCriteria(model.name, condition, "compare it: column.eq(true)");
    if (!isRecord(condition) || condition instanceof Expression || isSubquery(condition))
      throw notCriteria(model.name, condition);
    return conditionOf(model, condition, alias);
  }

  #joined(argument: RelationArgument<T>, kind: Join["kind"], as: AnyAliased | undefined): Query<T, R> {
    const relations = this.#relations(argument);
    const from = argument instanceof RelationExpression ? relationOf(argument).path.alias : undefined;
    const last = relations.at(-1)!;
    if (as && as.alias.model.root !== last.target.root) throw aliasOfAnother(as.alias.model.name, last);
    return this.#with({ joins: [...this.#state.joins, { relations, kind, from, as: as?.alias }] });
  }

  #relations(argument: string | RelationExpression): readonly RelationModel[] {
    if (argument instanceof RelationExpression) {
      const { path, relation } = relationOf(argument);
      return [...path.relations, relation];
    }
    if (typeof argument !== "string")
      throw notAnExpression("a relation", argument, 'its name, "author", or an expression, Post.c.author');
    const { relations, rest } = relationsAlong(this.#state.model, argument);
    if (rest === "" && relations.length > 0) return relations;
    const last = relations.at(-1)?.target ?? this.#state.model;
    throw unknownProperty(
      last.name,
      rest,
      last.relations.map(({ property }) => property),
    );
  }

  #orders(order: OrderArgument<T, R>): Order[] {
    if (order instanceof Order) return [order];
    if (order instanceof Labelled) return [order.scalar.asc()];
    if (order instanceof Scalar) return [order.asc()];
    if (typeof order === "string") return [this.#sorted(order).asc()];
    if (!isRecord(order) || misuseOf(order))
      throw notAnExpression("orderBy(…)", order, 'orderBy("name"), orderBy(User.c.name.desc())');
    return Object.entries(order).map(([name, direction]) => {
      const scalar = this.#sorted(name);
      if (!/^(asc|desc)$/i.test(String(direction))) throw badDirection(name, direction);
      return /^desc$/i.test(direction as string) ? scalar.desc() : scalar.asc();
    });
  }

  /** As in SQL, a name in ORDER BY is first that of a selected value, and one in GROUP BY that of a column. */
  #sorted(name: string): Scalar {
    return new LabelReference(name, this.#named(name), "label");
  }

  #grouped(group: Scalar | Labelled | string): Scalar {
    if (typeof group === "string") return new LabelReference(group, this.#named(group), "column");
    return this.#scalar(group);
  }

  /** The column of a name, or why there is none. */
  #named(name: string): Scalar | RetortError {
    try {
      return this.#scalar(name);
    } catch (error) {
      if (error instanceof RetortError) return error;
      throw error;
    }
  }

  /** The clauses, with names of selected values replaced by those, and the places of bounds as conditions. */
  #selection(): Selection {
    const { groups, orders, bounds, model } = this.#state;
    if (bounds.length > 0) return this.#boundSelection();
    if (groups.length + orders.length === 0)
      return model.metadata.orderBy && !this.#state.values
        ? { ...this.#state, orders: this.#resolvedOrders() }
        : this.#state;
    return {
      ...this.#state,
      groups: groups.map((group) => this.#resolved(group)),
      orders: this.#resolvedOrders(),
    };
  }

  #boundSelection(): Selection {
    const { bounds, conditions } = this.#state;
    const ordered = this.#ordered(bounds[0]!.side);
    const orders = ordered.terms.map(({ order }) => order);
    const beyondBounds = bounds.flatMap((bound) => conditionOfBound(bound, ordered) ?? []);
    return {
      ...this.#state,
      conditions: [...conditions, ...beyondBounds],
      orders: this.#isBackward ? orders.map(reversed) : orders,
    };
  }

  /** The orders, or what the entity declares where there are none. */
  #resolvedOrders(): readonly Order[] {
    const { orders, values, model, alias } = this.#state;
    if (orders.length === 0 && model.metadata.orderBy && !values) return defaultOrder(model, alias);
    return orders.map((order) => order.of(this.#resolved(order.scalar)));
  }

  #resolved(scalar: Scalar): Scalar {
    return scalar instanceof LabelReference ? scalar.among(this.#state.values ?? []) : scalar;
  }

  /** A column, by its name or by a path along relations: `author.username`. */
  #scalar(value: Scalar | Labelled | string): Scalar {
    if (value instanceof Labelled) return value.scalar;
    if (value instanceof Scalar) return value;
    if (typeof value !== "string") throw notAnExpression("a query", value, '"username", User.c.username');
    const { model } = this.#state;
    const own = model.column(value);
    if (own && !own.isVirtual) return this.#column(own);
    const { relations, rest } = relationsAlong(model, value);
    const last = relations.at(-1)?.target ?? model;
    const column = rest === "" ? undefined : last.column(rest);
    if (column && !column.isVirtual) return this.#column(column, relations);
    const columns = last.columns.filter(({ isVirtual }) => !isVirtual).map(({ property }) => property);
    throw unknownProperty(last.name, rest || value, relations.length > 0 ? columns : model.properties);
  }

  #column(column: ColumnModel, relations: readonly RelationModel[] = []): Column {
    return new Column(column, { relations, alias: this.#state.alias });
  }

  #labelled(values: readonly (Labelled | Scalar | string)[]): Labelled[] {
    const taken = new Set<string>();
    return values.map((value, place) => {
      const labelled =
        value instanceof Labelled ? value : new Labelled(this.#scalar(value), nameOf(value, place, taken));
      taken.add(labelled.name);
      return labelled as Labelled;
    });
  }

  #failed(): never {
    throw noResult(this.#state.model.name);
  }
}

/**
 * An entity under a second name, for queries that use its table twice: a subquery of the same entity, or a join to it.
 *
 * ```ts
 * const other = db.aliased(User);
 * User.query.filter(exists(other.query.filter(other.c.email.eq(User.c.email), other.c.id.ne(User.c.id))));
 * User.query.join("mentor", other).filter(other.c.age.gt(60));
 * ```
 */
export class Aliased<T extends object = object> {
  /** Its columns and relations as expressions, which mean this occurrence and no other. */
  readonly c: Columns<T>;
  /** @internal */
  readonly alias: Alias;
  readonly #context: () => QueryContext;

  /** @internal Aliases are made by `db.aliased(User)` and `session.aliased(User)`. */
  constructor(context: () => QueryContext, model: EntityModel, name: string) {
    this.#context = context;
    this.alias = { name, model };
    this.c = columnsOfAlias(this.alias) as Columns<T>;
  }

  /** @internal */
  get [notAValue](): Refusal {
    return wrongType(`it is a second name of ${this.alias.model.name}`, "alias.c.id");
  }
  /** What messages show of it. */
  [inspect.custom](): string {
    return `[alias ${this.alias.name}]`;
  }

  /** A query of every row of the entity, under this name. */
  get query(): Query<T> {
    return Query.of<T>(this.#context, this.alias.model, this.alias);
  }
}

/** The default name of a selected value: its property's, with its entity's where another value has that name. */
function nameOf(value: Scalar | string, place: number, taken: ReadonlySet<string>): string {
  if (typeof value === "string") return value;
  if (!(value instanceof Column)) return `value${place + 1}`;
  const name = value.model.path.at(-1)!;
  return taken.has(name) ? `${value.model.model.name}.${name}` : name;
}

function beginsWith(path: readonly RelationModel[], beginning: readonly RelationModel[]): boolean {
  return beginning.every((relation, depth) => path[depth] === relation);
}

/** The condition that a row exists that one of these is in conflict with. */
function anyOf(insert: BulkInsert): Condition {
  const columns = insert.conflict.map((column) => new Column(column));
  const [only, ...others] = columns;
  const values = insert.conflictValues();
  if (others.length === 0) return only!.in(values.map(([value]) => value));
  return or(...values.map((row) => and(...columns.map((column, place) => column.eq(row[place])))));
}

function wholeNumber(method: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw badCount(method, value);
  return value;
}
