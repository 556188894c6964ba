import type { DataSource, DataSourceOptions, EntitySchema } from "typeorm";
import type { DatabaseEvent, DatabaseListener } from "../dialect/dialect";
import { databaseControlOf, dialectOf } from "../dialect/dialects";
import type { EntityModel, EntityTarget } from "../metadata/model";
import { columnsOf } from "../query/columns";
import type { Aliased, Query } from "../query/query";
import type { Columns, Values } from "../query/types";
import { Registry } from "./relations/registry";
import type { SessionOptions } from "./options";
import { Session, type EntityClass } from "./session";

/** A project's database: its entities, a session, and the queries. */
export class Database {
  /** TypeORM's own, for everything that Retort does not do. */
  readonly dataSource: DataSource;
  /** The session that `User.query` and the shell work with. */
  readonly session: Session;
  readonly #registry: Registry;
  readonly #listeners = new Set<DatabaseListener>();
  readonly #closesDataSource: boolean;
  readonly #installed: (() => void)[] = [];

  /** @internal Databases are made by `connect`. */
  constructor(dataSource: DataSource, options: SessionOptions, closesDataSource: boolean) {
    this.dataSource = dataSource;
    // Throws at once where the database is not supported.
    dialectOf(dataSource);
    this.#registry = Registry.of(dataSource);
    this.#closesDataSource = closesDataSource;
    this.session = new Session(dataSource, options, (event) => this.#tell(event));
    for (const model of this.models) this.#install(model);
  }

  /** Every entity by its name: the class, or the EntitySchema where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own word for an entity class
  get entities(): ReadonlyMap<string, Function | EntitySchema> {
    return new Map(this.models.map(({ name, target }) => [name, target as () => void]));
  }

  /** What is known of every entity: columns, relations, keys. */
  get models(): readonly EntityModel[] {
    return this.#registry.models.all();
  }

  /** What is known of one entity. */
  model(entity: EntityTarget): EntityModel {
    return this.#registry.models.get(entity);
  }

  /** A query of every row of an entity, in `db.session`. */
  query<T extends object>(entity: EntityClass<T>): Query<T> {
    return this.session.query(entity);
  }

  /**
   * An entity under a second name, for queries in which its table stands twice: `db.aliased(User)`, with a `query`
   * and its columns as `c`.
   *
   * @param name what it is called in the SQL; default: as its table
   */
  aliased<T extends object>(entity: EntityClass<T>, name?: string): Aliased<T> {
    return this.session.aliased(entity, name);
  }

  /** The columns of an entity as expressions; also `User.c` where the class has no `c` of its own. */
  columns<T extends object>(entity: EntityClass<T>): Columns<T> {
    return columnsOf(this.model(entity as EntityTarget)) as Columns<T>;
  }

  /** A new object with these values; nothing is added yet. */
  create<T extends object>(entity: EntityClass<T>, values: Values<T> = {}): T {
    return this.session.create(entity, values);
  }

  /** Another session on the same database. Whoever opens it closes it. */
  newSession(options: SessionOptions = {}): Session {
    return new Session(this.dataSource, options, (event) => this.#tell(event));
  }

  /** Makes the database refuse every write from now on, on every connection of the DataSource. */
  async forbidWrites(): Promise<void> {
    await databaseControlOf(this.dataSource).forbidWrites(this.dataSource);
  }

  /** Listens to what is sent, and to what flushes write. Gives the way to stop. */
  observe(listener: DatabaseListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Rolls back what is open and closes what `connect` opened. */
  async close(): Promise<void> {
    await this.session.close();
    for (const uninstall of this.#installed) uninstall();
    if (this.#closesDataSource && this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  #tell(event: DatabaseEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Gives a class, or an EntitySchema without one, `query` and `c`, where it has none of its own. */
  #install(model: EntityModel): void {
    const target = model.target as object;
    this.#define(target, "query", () => this.query(target as never));
    this.#define(target, "c", () => columnsOf(model));
  }

  #define(target: object, name: string, get: () => unknown): void {
    const own = Object.getOwnPropertyDescriptor(target, name);
    // A field that TypeScript only declares may be there as undefined; what another Database left may be replaced.
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

/** Getters that Retort put on classes; they may be replaced by the next Database. */
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
 * Opens a project's database. A DataSource that is not initialised yet is initialised here, and destroyed by
 * `db.close()`; one that is stays its owner's.
 *
 * @param source a DataSource, or its options
 */
export async function connect(source: DataSource | DataSourceOptions, options: SessionOptions = {}): Promise<Database> {
  const dataSource = isDataSource(source) ? source : await newDataSource(source);
  const opened = !dataSource.isInitialized;
  if (opened) await dataSource.initialize();
  return new Database(dataSource, options, opened);
}

function isDataSource(source: DataSource | DataSourceOptions): source is DataSource {
  // By shape: the project may have another copy of TypeORM.
  return typeof (source as DataSource).initialize === "function";
}

async function newDataSource(options: DataSourceOptions): Promise<DataSource> {
  const typeorm = await import("typeorm");
  return new typeorm.DataSource(options);
}
