import { AsyncLocalStorage } from "node:async_hooks";
import type * as TypeORM from "typeorm";
import type { DataSource, DataSourceOptions, EntitySchema } from "typeorm";
import { databaseControlOf, dialectOf } from "../dialect/dialects";
import type { DatabaseListener, ObserveOptions, StatementEvent } from "../dialect/events";
import { Observers } from "../dialect/observers";
import { poolsOf, type PoolStatus } from "../dialect/pool-status";
import type { EntityModel, EntityTarget } from "../metadata/model";
import { columnsOf } from "../query/columns";
import type { Aliased, Query } from "../query/query";
import type { Columns, Values } from "../query/types";
import { copyOf, expectSupported as expectSupportedCopy, onlyLoadedCopy } from "../typeorm/copy";
import { Registry } from "./relations/registry";
import type { ScopeOptions, SessionOptions } from "./options";
import { scopeWrites } from "./state/errors";
import { Session, type EntityClass } from "./session";

/** A project's database: its entities, a session, and the queries. */
export class Database {
  /** TypeORM's DataSource, for everything that Retort does not do. */
  readonly dataSource: DataSource;
  readonly #session: Session;
  readonly #scopes = new AsyncLocalStorage<Session>();
  readonly #registry: Registry;
  readonly #observers = new Observers();
  readonly #closesDataSource: boolean;
  readonly #installed: (() => void)[] = [];

  /** @internal Use `connect`. */
  constructor(dataSource: DataSource, options: SessionOptions, closesDataSource: boolean) {
    this.dataSource = dataSource;
    // Throws for a database that is not supported.
    dialectOf(dataSource);
    this.#registry = Registry.of(dataSource);
    this.#closesDataSource = closesDataSource;
    this.#session = Session.observed(dataSource, { label: "db.session", ...options }, this.#observers);
    for (const model of this.models) this.#install(model);
  }

  /** The session of `User.query` and of the prompt; inside `scope` that of the scope. */
  get session(): Session {
    return this.#scopes.getStore() ?? this.#session;
  }

  /**
   * Runs a function with a session of its own, such as a request of a server: inside it, and in everything that it awaits, `db.session`,
   * `User.query` and the relations of its objects belong to that session. The function commits; at its end, or when it throws, what is
   * not committed is rolled back, and the session is closed. Inside another scope the function uses that one's session.
   *
   * @param options.fresh whether to open a session of its own inside another scope, too
   * @returns what the function returns
   * @throws RetortError `session/scope-writes` for a fresh scope on SQLite, where the outer session has written: both would wait for the lock
   * @example route.handler = (request, reply) => db.scope(() => handler(request, reply), { label: route.url });
   * @see Flask-SQLAlchemy's session, which belongs to the application context
   */
  async scope<T>(work: (session: Session) => T | Promise<T>, options: ScopeOptions = {}): Promise<T> {
    const { fresh = false, ...sessionOptions } = options;
    const outer = this.#scopes.getStore();
    if (outer && !fresh) return work(outer);
    if (outer?.inTransaction && !this.#registry.dialect.supportsRowLocks) throw scopeWrites();
    const session = this.newSession(sessionOptions);
    try {
      return await this.#scopes.run(session, work, session);
    } finally {
      await session.close();
    }
  }

  /** All entities by name: the class, or the EntitySchema where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own word for an entity class
  get entities(): ReadonlyMap<string, Function | EntitySchema> {
    return new Map(this.models.map(({ name, target }) => [name, target as () => void]));
  }

  /** The models of all entities: columns, relations, keys. */
  get models(): readonly EntityModel[] {
    return this.#registry.models.all();
  }

  /** The model of one entity. */
  model(entity: EntityTarget): EntityModel {
    return this.#registry.models.get(entity);
  }

  /** A query of all rows of an entity, in `db.session`. */
  query<T extends object>(entity: EntityClass<T>): Query<T> {
    return Session.queryOf(this.#current(), entity);
  }

  /**
   * An alias of an entity, for queries that use its table more than once: `db.aliased(User)`, with `query` and `c`.
   *
   * @param name the alias in the SQL; default: the name of the table
   */
  aliased<T extends object>(entity: EntityClass<T>, name?: string): Aliased<T> {
    return Session.aliasOf(this.#current(), entity, name);
  }

  /** The columns of an entity as expressions; also `User.c` where the class has no `c` of its own. */
  columns<T extends object>(entity: EntityClass<T>): Columns<T> {
    return columnsOf(this.model(entity as EntityTarget)) as Columns<T>;
  }

  /** Creates an object with these values. It is not added to the session. */
  create<T extends object>(entity: EntityClass<T>, values: Values<T> = {}): T {
    return this.session.create(entity, values);
  }

  /** A query that is made in a scope belongs to it; one that is made outside belongs to the scope that sends it, or to none. */
  #current(): () => Session {
    const scoped = this.#scopes.getStore();
    return scoped ? () => scoped : () => this.session;
  }

  /** Opens another session. The caller has to close it. */
  newSession(options: SessionOptions = {}): Session {
    return Session.observed(this.dataSource, options, this.#observers);
  }

  /** Makes the database refuse all writes from now on, on every connection of the DataSource. */
  async forbidWrites(): Promise<void> {
    await databaseControlOf(this.dataSource).forbidWrites(this.dataSource);
  }

  /**
   * Registers a listener for the statements, transactions and flushes of this Database's sessions: what was sent, how long it took, by
   * which session, and with what outcome, in the terms of OpenTelemetry's conventions for databases. It is called when a statement has
   * ended, in the asynchronous context of the code that has sent it. What it throws is a warning of the process, and the statement goes
   * on. Parameters are personal data often, and come only where they are asked for.
   *
   * @param options.parameters whether statements come with their parameters and errors. Default false
   * @param options.slowerThan in milliseconds: only statements that took as long are observed
   * @returns the function that removes the listener
   * @example db.observe(({ session, sql, milliseconds }) => log.warn({ session, sql, milliseconds }), { slowerThan: 200 });
   * @see SQLAlchemy's `before_cursor_execute` and `after_cursor_execute`
   */
  observe(
    listener: (event: StatementEvent) => void,
    options: ObserveOptions & { readonly slowerThan: number },
  ): () => void;
  observe(listener: DatabaseListener, options?: ObserveOptions): () => void;
  observe(listener: (event: never) => void, options: ObserveOptions = {}): () => void {
    return this.#observers.add(listener as DatabaseListener, options);
  }

  /**
   * The pools of the DataSource as they are now: their size, connections in use and idle, how many wait for one, and which sessions hold
   * one, what for, and since when. With `replication` there are two, `master` and `replicas`; on SQLite there is none, since each session
   * has a connection of its own.
   *
   * @see SQLAlchemy's `Pool.status()`
   */
  pools(): PoolStatus[] {
    return poolsOf(this.dataSource);
  }

  /** Closes the session, and the DataSource where `connect` initialised it. */
  async close(): Promise<void> {
    await this.#session.close();
    for (const uninstall of this.#installed) uninstall();
    if (this.#closesDataSource && this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** Defines `query` and `c` on a class, or on an EntitySchema, unless it has its own. */
  #install(model: EntityModel): void {
    const target = model.target as object;
    this.#define(target, "query", () => this.query(target as never));
    this.#define(target, "c", () => columnsOf(model));
  }

  #define(target: object, name: string, get: () => unknown): void {
    const own = Object.getOwnPropertyDescriptor(target, name);
    // A field that is only declared may exist as undefined. The getter of another Database may be replaced.
    if (own && !(own.configurable && ("value" in own ? own.value === undefined : installedGetters.has(own.get!))))
      return;
    if (!own && inheritedByHand(target, name)) return;
    installedGetters.add(get);
    Object.defineProperty(target, name, { get, configurable: true, enumerable: false });
    this.#installed.push(() => {
      if (Object.getOwnPropertyDescriptor(target, name)?.get === get) delete (target as Record<string, unknown>)[name];
    });
  }
}

/** Getters that a Database defined on classes; another one may replace them. */
const installedGetters = new WeakSet<object>();

function inheritedByHand(target: object, name: string): boolean {
  for (
    let parent: object | null = Object.getPrototypeOf(target) as object | null;
    parent;
    parent = Object.getPrototypeOf(parent) as object | null
  ) {
    const inherited = Object.getOwnPropertyDescriptor(parent, name);
    if (inherited) return !(inherited.get && installedGetters.has(inherited.get));
  }
  return false;
}

/**
 * Opens a project's database. A DataSource that is not initialised is initialised here, and destroyed by `db.close()`.
 *
 * @param source a DataSource, or its options
 * @throws RetortError `typeorm/unsupported` for a version of TypeORM, `dialect/unsupported` for a database that is not supported
 */
export async function connect(source: DataSource | DataSourceOptions, options: SessionOptions = {}): Promise<Database> {
  const dataSource = isDataSource(source) ? source : await newDataSource(source);
  const opened = !dataSource.isInitialized;
  expectSupported(dataSource);
  if (opened) await dataSource.initialize();
  try {
    return new Database(dataSource, options, opened);
  } catch (error) {
    if (opened) await dataSource.destroy();
    throw error;
  }
}

function isDataSource(source: DataSource | DataSourceOptions): source is DataSource {
  // Not by instanceof: the project may have another copy of TypeORM.
  return typeof (source as DataSource).createQueryRunner === "function";
}

/** The application's TypeORM: the copy that it has loaded, where that is one only. */
async function newDataSource(options: DataSourceOptions): Promise<DataSource> {
  const typeorm = (onlyLoadedCopy()?.load() ?? (await import("typeorm"))) as typeof TypeORM;
  return new typeorm.DataSource(options);
}

/**
 * What is not supported is refused before it connects.
 * @throws RetortError `typeorm/unsupported`, `dialect/unsupported`
 */
function expectSupported(dataSource: DataSource): void {
  const copy = copyOf(dataSource);
  if (copy) expectSupportedCopy(copy);
  dialectOf(dataSource);
}
