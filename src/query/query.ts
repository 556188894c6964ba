import type { Row } from "../dialect/dialect";
import type { EntityModel, EntityTarget } from "../metadata/model";
import type { QueryContext } from "./context";
import { conditionOf } from "./criteria";
import { badCount, emptyWrite, manyResults, noResult, unknownProperty } from "./errors";
import {
  Column,
  Condition,
  Expression,
  Labelled,
  Order,
  Rendered,
  Scalar,
  type Renderer,
  type Subquery,
} from "./expression";
import type { LoadOption } from "./loading";
import { pageOf, Pagination, type PaginateOptions } from "./pagination";
import { relationsAlong, SelectCompiler, type EntityStatement, type Join, type Selection, type Statement } from "./select";
import type { Criteria, Key, PropertyOf } from "./types";

/** Rows that `stream()` holds in memory at a time. */
const STREAM_PORTION = 1_000;

interface QueryState extends Selection {
  readonly loads: readonly LoadOption[];
  readonly populateExisting: boolean;
}

/** What `orderBy` takes: expressions, names (`"username"`, `"author.username"`), or `{ username: "DESC" }`. */
export type OrderArgument<T> = Order | Scalar | PropertyOf<T> | `${string}.${string}` | Partial<Record<PropertyOf<T>, "ASC" | "DESC" | "asc" | "desc">>;

/**
 * A question to the database, in SQLAlchemy's words. A query is immutable: every method gives a new one, and nothing is
 * sent before `all()`, `first()`, `count()` and their like, which give promises.
 */
export class Query<T extends object = object> implements Subquery, AsyncIterable<T> {
  readonly #context: () => QueryContext;
  readonly #state: QueryState;

  /** @internal Queries are made by `db.query(User)`, `session.query(User)` and `User.query`. */
  constructor(context: () => QueryContext, state: QueryState) {
    this.#context = context;
    this.#state = state;
  }

  /** @internal A query of every row of an entity. */
  static of<T extends object>(context: () => QueryContext, model: EntityModel): Query<T> {
    return new Query<T>(context, {
      model,
      conditions: [],
      orders: [],
      joins: [],
      groups: [],
      having: [],
      values: undefined,
      limit: undefined,
      offset: undefined,
      distinct: false,
      withDeleted: false,
      loads: [],
      populateExisting: false,
    });
  }

  /** The entity that is asked for. */
  get entity(): EntityTarget {
    return this.#state.model.target;
  }

  // Narrowing. Each gives a new query.

  /** Only rows whose properties are these: `filterBy({ username: "susan", posts: { body: Like("%first%") } })`. */
  filterBy(criteria: Criteria<T>): Query<T> {
    return this.#with({ conditions: [...this.#state.conditions, conditionOf(this.#state.model, criteria)] });
  }

  /** Only rows for which all these hold: `filter(User.c.age.gt(18), or(…))`. */
  filter(...conditions: (Expression | Criteria<T>)[]): Query<T> {
    const added = conditions.map((condition) => {
      if (condition instanceof Rendered) return new Condition((renderer) => `(${condition.render(renderer)})`);
      return condition instanceof Expression ? condition : conditionOf(this.#state.model, condition);
    });
    return this.#with({ conditions: [...this.#state.conditions, ...added] });
  }

  /** Adds to the order; the first call decides first. */
  orderBy(...orders: OrderArgument<T>[]): Query<T> {
    let query: Query<T> = this;
    for (const order of orders) query = query.#orderedBy(order);
    return query;
  }

  limit(limit: number): Query<T> {
    return this.#with({ limit: wholeNumber("limit", limit) });
  }

  offset(offset: number): Query<T> {
    return this.#with({ offset: wholeNumber("offset", offset) });
  }

  distinct(): Query<T> {
    return this.#with({ distinct: true });
  }

  /** Joins a relation, so that its columns can be used in conditions: `Post.query.join("author").filter(User.c.age.gt(18))`. */
  join(path: PropertyOf<T> | `${string}.${string}`): Query<T> {
    return this.#joined(path, "INNER", false);
  }

  leftJoin(path: PropertyOf<T> | `${string}.${string}`): Query<T> {
    return this.#joined(path, "LEFT", false);
  }

  groupBy(...groups: (Scalar | PropertyOf<T>)[]): Query<T> {
    return this.#with({ groups: [...this.#state.groups, ...groups.map((group) => this.#scalar(group))] });
  }

  having(...conditions: Expression[]): Query<T> {
    return this.#with({ having: [...this.#state.having, ...conditions] });
  }

  /** Reads values instead of entities: `select(User.c.username, User.c.id.count().as("n"))` gives `{ username, n }`. */
  select<R extends Record<string, unknown> = Record<string, unknown>>(...values: (Scalar<never> | Scalar | Labelled | PropertyOf<T>)[]): Query<R> {
    const labelled = values.map((value, index) => {
      if (value instanceof Labelled) return value;
      const scalar = this.#scalar(value as Scalar | string);
      return new Labelled(scalar, scalar instanceof Column ? scalar.model.property : `value${index + 1}`);
    });
    return new Query<R>(this.#context, { ...this.#state, values: labelled });
  }

  /** How relations are loaded: `options(joined("author"), selectin("posts"))`. */
  options(...loads: LoadOption[]): Query<T> {
    let query: Query<T> = this;
    for (const load of loads) query = query.#loading(load);
    return query;
  }

  /** Shows soft-deleted rows as well. */
  withDeleted(): Query<T> {
    return this.#with({ withDeleted: true });
  }

  /** Reads values over what loaded objects hold, local edits included. */
  populateExisting(): Query<T> {
    return this.#with({ populateExisting: true });
  }

  // Asking. Each sends.

  /** Every entity that is found. */
  async all(): Promise<T[]> {
    if (this.#state.values) return this.#values();
    return (await this.#load(this.#compiler().entities(), "all")) as T[];
  }

  /** The entity of this primary key, or null. A loaded one is given without asking the database. */
  async get(key: Key): Promise<T | null> {
    return (await this.#context().get(this.#state.model, key)) as T | null;
  }

  /** The entity of this primary key; an error where there is none. */
  async getOrFail(key: Key): Promise<T> {
    return (await this.get(key)) ?? this.#failed();
  }

  /** The first entity that is found, or null. */
  async first(): Promise<T | null> {
    return (await this.limit(1).all())[0] ?? null;
  }

  async firstOrFail(): Promise<T> {
    return (await this.first()) ?? this.#failed();
  }

  /** The only entity that is found; an error where there is none, and another where there are several. */
  async one(): Promise<T> {
    return (await this.oneOrNull()) ?? this.#failed();
  }

  /** The only entity that is found, or null; an error where there are several. */
  async oneOrNull(): Promise<T | null> {
    const found = await this.limit(2).all();
    if (found.length > 1) throw manyResults(this.#state.model.name);
    return found[0] ?? null;
  }

  /** The first value of the first row, or null: `User.query.select(User.c.age.max()).scalar()`. */
  async scalar<V = unknown>(): Promise<V | null> {
    const values = this.#state.values ?? [new Labelled<unknown>(new Column(this.#state.model.primary[0]!), "key")];
    const row = (await this.#rows(this.limit(1).#compiler().values(values), "scalar"))[0];
    return row === undefined ? null : (values[0]!.scalar.decode(row[0]) as V);
  }

  /** How many entities there are. */
  async count(): Promise<number> {
    const [row] = await this.#rows(this.#compiler().count(), "count");
    return Number(row![0]);
  }

  /** Whether there is any. */
  async exists(): Promise<boolean> {
    const [row] = await this.#rows(this.#compiler().found(), "exists");
    return Boolean(row![0]);
  }

  /** One page of the results. */
  async paginate(options: PaginateOptions = {}): Promise<Pagination<T>> {
    const { page, perPage } = pageOf(options);
    const items = await this.limit(perPage)
      .offset((page - 1) * perPage)
      .all();
    // A first page that is not full tells the total by itself.
    const total = page === 1 && items.length < perPage ? items.length : await this.count();
    return new Pagination(items, page, perPage, total, (other) => this.paginate({ ...options, page: other }));
  }

  /** Reads any number of entities in bounded memory, one after the other. Those passed are let go of, unless changed. */
  async *stream(): AsyncGenerator<T> {
    const context = this.#context();
    const { sql, parameters, segments } = this.#compiler().entities();
    const connection = await context.ready("stream");
    for await (const rows of connection.stream(sql, parameters, STREAM_PORTION)) {
      const entities = (await context.materialize(segments, rows, this.#state)) as T[];
      yield* entities;
      context.release(entities);
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<T> {
    return this.stream();
  }

  /** Changes every row that is found, in the session's transaction; the number of rows. Loaded objects are read again later. */
  async update(values: { readonly [K in PropertyOf<T>]?: T[K] | Scalar | null }): Promise<number> {
    const { model } = this.#state;
    const assigned = Object.entries(values).map(([property, value]) => {
      const column = model.column(property);
      if (!column) throw unknownProperty(model.name, property, model.properties);
      return { column, value };
    });
    if (assigned.length === 0) throw emptyWrite("update");
    const { sql, parameters } = this.#compiler().update(assigned);
    return this.#context().write("update", model, async (connection) => (await connection.run(sql, parameters)).changes);
  }

  /** Deletes every row that is found, in the session's transaction; the number of rows. No listener hears of it. */
  async delete(): Promise<number> {
    const { sql, parameters } = this.#compiler().delete();
    return this.#context().write("delete", this.#state.model, async (connection) => (await connection.run(sql, parameters)).changes);
  }

  /** The plan that the database makes for this query, a line a step. */
  async explain(): Promise<string[]> {
    const { sql, parameters } = this.toSQL();
    const context = this.#context();
    const rows = await this.#rows({ sql: context.dialect.explain + sql, parameters }, "explain");
    // SQLite's rows end with the words; a server's are the words, or a row of columns.
    return rows.map((row) => (context.dialect.name === "mysql" ? row.map(String).join(" | ") : String(row[row.length - 1])));
  }

  /** The statement and its parameters, without sending it. */
  toSQL(): Statement {
    const { values } = this.#state;
    const { sql, parameters } = values ? this.#compiler().values(values) : this.#compiler().entities();
    return { sql, parameters };
  }

  /** @internal As a subquery: `User.c.id.in(Post.query.select("user_id"))`. */
  renderInto(renderer: Renderer): string {
    return this.#compiler().renderInto(renderer, this.#state.model.primary);
  }

  get [Symbol.toStringTag](): string {
    return `Query of ${this.#state.model.name}`;
  }

  // How it is done.

  #with(changes: Partial<QueryState>): Query<T> {
    return new Query<T>(this.#context, { ...this.#state, ...changes });
  }

  #compiler(): SelectCompiler {
    return new SelectCompiler(this.#context().dialect, this.#state);
  }

  async #rows({ sql, parameters }: Statement, origin: string): Promise<Row[]> {
    const ready = this.#context().ready(`${this.#state.model.name}.query.${origin}()`);
    const connection = ready instanceof Promise ? await ready : ready;
    return connection.rows(sql, parameters);
  }

  async #load(statement: EntityStatement, origin: string): Promise<object[]> {
    const rows = await this.#rows(statement, origin);
    const context = this.#context();
    const entities = await context.materialize(statement.segments, rows, this.#state);
    for (const { strategy, path } of this.#state.loads)
      if (strategy === "selectin") await this.#loadAlong(entities, path);
    return entities;
  }

  /** `posts.author`: the posts of all entities in one statement, then the authors of all posts in one. */
  async #loadAlong(entities: readonly object[], path: string): Promise<void> {
    let owners = entities;
    for (const relation of relationsAlong(this.#state.model, path)) {
      await this.#context().loadRelation(owners, relation);
      owners = owners.flatMap((owner) => (owner as Record<string, object[] | object | null>)[relation.property] ?? []);
    }
  }

  async #values(): Promise<T[]> {
    const values = this.#state.values!;
    const rows = await this.#rows(this.#compiler().values(values), "select");
    return rows.map((row) => Object.fromEntries(values.map(({ scalar, name }, index) => [name, scalar.decode(row[index])])) as T);
  }

  #joined(path: string, kind: Join["kind"], fetch: boolean): Query<T> {
    this.#checkPath(path);
    return this.#with({ joins: [...this.#state.joins, { path, kind, fetch }] });
  }

  #loading(load: LoadOption): Query<T> {
    this.#checkPath(load.path);
    const query = load.strategy === "joined" ? this.#joined(load.path, "LEFT", true) : this;
    return query.#with({ loads: [...this.#state.loads, load] });
  }

  #checkPath(path: string): void {
    let { model } = this.#state;
    for (const name of path.split(".")) {
      const relation = model.relation(name);
      if (!relation)
        throw unknownProperty(
          model.name,
          name,
          model.relations.map(({ property }) => property),
        );
      model = relation.target;
    }
  }

  #orderedBy(order: OrderArgument<T>): Query<T> {
    if (order instanceof Order) return this.#with({ orders: [...this.#state.orders, order] });
    if (order instanceof Scalar) return this.#orderedBy(order.asc());
    if (typeof order === "string") return this.#orderedByName(order, "ASC");
    let query: Query<T> = this;
    for (const [name, direction] of Object.entries(order))
      query = query.#orderedByName(name, /^desc$/i.test(direction as string) ? "DESC" : "ASC");
    return query;
  }

  #orderedByName(name: string, direction: "ASC" | "DESC"): Query<T> {
    const { model } = this.#state;
    const own = model.column(name);
    if (own && !own.isVirtual) return this.#with({ orders: [...this.#state.orders, new Order(new Column(own), direction)] });
    const path = name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const relations = relationsAlong(model, path || name);
    const column = path ? relations.at(-1)?.target.column(name.slice(path.length + 1)) : undefined;
    if (!column) throw unknownProperty(model.name, name, model.properties);
    return this.leftJoin(path as PropertyOf<T>).#with({ orders: [...this.#state.orders, new Order(new Column(column), direction)] });
  }

  #scalar(value: Scalar | string): Scalar {
    if (typeof value !== "string") return value;
    const column = this.#state.model.column(value);
    if (!column || column.isVirtual) throw unknownProperty(this.#state.model.name, value, this.#state.model.properties);
    return new Column(column);
  }

  #failed(): never {
    throw noResult(this.#state.model.name);
  }
}

function wholeNumber(method: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw badCount(method, value);
  return value;
}
