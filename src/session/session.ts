import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, EntitySchema, QueryRunner } from "typeorm";
import type { DatabaseListener, ObserveOptions, StatementEvent } from "../dialect/events";
import { Observers } from "../dialect/observers";
import { RetortError } from "../errors";
import type { EntityModel, EntityTarget } from "../metadata/model";
import { Aliased, Query, type InsertOptions, type UpsertOptions } from "../query/query";
import { checkedParameters, rawParameters, rawStatement } from "../query/raw";
import type { Sql } from "../query/sql";
import type { Key, Values } from "../query/types";
import type { ExecutedRows } from "./execute";
import { completed, type BeginOptions, type RetryOptions, type SessionOptions } from "./options";
import { cascadedObjects } from "./flush/load-pending-relations";
import { Merger } from "./load/merger";
import { changesOf } from "./state/changes";
import { notPersistent } from "./state/errors";
import { among } from "./state/batches";
import { storedKeyValues } from "./state/values";
import { instanceOf, type EntityState, type Instance } from "./state/instance";
import type { Plan } from "./preview/plan";
import { Registry } from "./relations/registry";
import { SessionContext } from "./session-context";
import type { SessionState } from "./session-state";
import { dataSourceOf } from "../typeorm/data-source";

/** An open savepoint, as `beginNested()` returns it. */
export interface Savepoint {
  /** Releases the savepoint: its changes belong to the outer transaction. */
  commit(): Promise<void>;
  /** Rolls back to the savepoint, in the database and in memory. */
  rollback(): Promise<void>;
}

/** The changes of an object that a commit would write: for each property, its value before and after. */
export type Changes = Record<string, { before: unknown; after: unknown }>;

/** An entity: its class, its EntitySchema, or its name. */
export type EntityClass<T> =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- constructors may have any parameters
  (abstract new (...parameters: any[]) => T) | EntitySchema<T> | string;

/**
 * SQLAlchemy's unit of work for TypeORM entities: objects are added, changed and deleted in memory, `commit()` writes all
 * changes in one transaction, and `rollback()` reverts them in the database and in memory.
 */
export class Session {
  readonly #context: SessionContext;
  readonly #state: SessionState;
  readonly #observers = new Observers();

  /**
   * @param source an initialised DataSource; or a query runner with an open transaction, which the session joins: its commits and
   *   rollbacks concern what it has done itself, and only the application ends the transaction
   */
  constructor(source: DataSource | QueryRunner, options: SessionOptions = {}) {
    const queryRunner = isQueryRunner(source) ? source : undefined;
    const registry = Registry.of(isQueryRunner(source) ? dataSourceOf(source) : source);
    this.#context = new SessionContext(registry, completed(options), options.isolation, this.#observers, queryRunner);
    this.#state = this.#context.state;
  }

  // Adding and removing objects

  /** Adds objects to the session. The next flush inserts new ones, and the objects that they refer to. */
  add(...entities: object[]): void {
    this.addAll(entities);
  }

  /** Adds all objects of a list. */
  addAll(entities: Iterable<object>): void {
    this.#context.check();
    for (const entity of entities) this.#state.add(entity);
  }

  /** Marks objects to be deleted by the next flush. A new object is removed from the session. */
  delete(...entities: object[]): void {
    this.#context.check();
    for (const entity of entities) {
      const instance = this.#state.add(entity);
      if (instance.snapshot) this.#state.markDeleted(instance);
      else this.#state.withdraw(instance);
    }
  }

  /**
   * Soft-removes objects with the next flush, by their delete date (`@DeleteDateColumn`), and their loaded relations with
   * `cascade: ["soft-remove"]`. Queries only return them with `withDeleted()`.
   *
   * @throws RetortError `session/no-delete-date` where an entity has no delete date
   */
  softRemove(...entities: object[]): void {
    this.#context.check();
    this.#state.markSoft(
      entities.map((entity) => this.#state.add(entity)),
      "remove",
    );
  }

  /** Clears the delete date of soft-removed objects with the next flush. */
  recover(...entities: object[]): void {
    this.#context.check();
    this.#state.markSoft(
      entities.map((entity) => this.#state.add(entity)),
      "recover",
    );
  }

  /** Removes objects from the session, with their unflushed changes; they become detached or transient. */
  expunge(...entities: object[]): void {
    for (const entity of entities) {
      const instance = this.#own(entity);
      if (instance) this.#state.expunge(instance);
    }
  }

  /** Removes all objects from the session. */
  expungeAll(): void {
    for (const instance of [...this.#state.identities, ...this.#state.pending]) this.#state.expunge(instance);
  }

  /**
   * Copies an object's values to the session's object of the same key, which is loaded or created as needed; resolves to
   * that. The objects that it refers to along loaded relations are merged too, with their values and relations.
   *
   * @see SQLAlchemy's `Session.merge()`
   */
  async merge<T extends object>(entity: T): Promise<T> {
    const [merged] = await this.mergeAll([entity]);
    return merged!;
  }

  /**
   * Merges all objects of a list, and reads their rows together: a list of a thousand objects takes a few statements.
   *
   * @see SQLAlchemy's `Session.merge_all()`
   */
  async mergeAll<T extends object>(entities: Iterable<T>): Promise<T[]> {
    this.#context.check();
    const merger = new Merger(this.#state, this.#context, (entity) => this.#modelOf(entity));
    return (await merger.merge([...entities])) as T[];
  }

  // Flushing and transactions

  /** Writes all changes to the database, inside the transaction. */
  async flush(): Promise<void> {
    await this.#context.flush();
  }

  /**
   * The statements that a flush would send now, with the reasons for their order. Nothing is written, and no object changes.
   * Rows that the flush would read, like the children of deleted objects, are read. Listeners and subscribers are not called.
   *
   * @throws RetortError what the flush would throw before it writes: a refused value, children that need their parent
   */
  plan(): Promise<Plan> {
    return this.#context.plan();
  }

  /**
   * Begins a transaction now, with an isolation level of its own. At REPEATABLE READ and SERIALIZABLE what was loaded before is read
   * again when a query returns it, and a change of a row that is not as it was loaded is refused.
   *
   * @example await session.begin({ isolation: "SERIALIZABLE" });
   * @param options.isolation default: that of the session, of its DataSource, or of the database
   * @param options.readOnly whether the database refuses writes in this transaction. Default false
   * @throws RetortError `session/in-transaction` where one is open, `session/isolation` where there is no such level
   * @see SQLAlchemy's `Session.begin()`
   */
  begin(options: BeginOptions = {}): Promise<void> {
    return this.#context.begin(options);
  }

  /**
   * Runs a function in a transaction, commits at its end, and rolls back where it throws. With `retries`, the function is run again
   * after a deadlock, a serialization failure or another error that is `retryable`; a commit whose outcome is unknown is not.
   * The function must take its objects from the session: what it has read before the retry is read again.
   *
   * @example await session.transaction(async () => { … }, { isolation: "SERIALIZABLE", retries: 5 });
   * @returns what the function returns
   * @throws RetortError `session/in-transaction` inside a transaction, `session/unflushed` where the session has unflushed changes
   */
  async transaction<T>(work: (session: Session) => T | Promise<T>, options: RetryOptions = {}): Promise<T> {
    const { retries = 0, ...begin } = options;
    for (let attempt = 0; ; attempt++) {
      this.#context.checkUnused();
      try {
        await this.#context.begin(begin);
        this.expireAll();
        const result = await work(this);
        await this.commit();
        return result;
      } catch (error) {
        // The error of the function, or of the commit, is the one to report.
        if (!this.isClosed) await this.rollback().catch(() => undefined);
        if (!(error instanceof RetortError && error.retryable) || attempt >= retries) throw error;
      }
      await sleep(pauseBefore(attempt));
    }
  }

  /** Flushes, and commits the transaction. Sends nothing where nothing was changed. */
  commit(): Promise<void> {
    return this.#context.commit();
  }

  /** Reverts everything since the last commit, in the database and in memory. */
  rollback(): Promise<void> {
    return this.#context.rollback();
  }

  /**
   * Rolls back an open transaction and releases the connection, after the writes, commits and rollbacks that were called before.
   * What is called later throws `session/closed`, and so does a stream that was not read to its end.
   */
  close(): Promise<void> {
    return this.#context.close();
  }

  /**
   * Makes all transactions from now on savepoints of one transaction, which `close()` rolls back. For prompts and tests; call
   * it before the session has sent anything.
   */
  sandbox(): void {
    this.#context.sandbox();
  }

  /** Cancels the running statements of the DataSource; they fail. */
  cancel(): Promise<void> {
    return this.#context.cancel();
  }

  /** Runs a function inside a savepoint, which is rolled back where it throws. */
  async nested<T>(work: () => T | Promise<T>): Promise<T> {
    const name = await this.#context.savepoint();
    try {
      const result = await work();
      await this.#context.releaseSavepoint(name);
      return result;
    } catch (error) {
      // The function may have ended the transaction, and the savepoint with it. Where the database has, the error says why.
      if (this.#context.hasSavepoint(name)) await this.#context.rollbackToSavepoint(name).catch(() => undefined);
      throw error;
    }
  }

  /** Opens a savepoint. */
  async beginNested(): Promise<Savepoint> {
    const name = await this.#context.savepoint();
    return {
      commit: () => this.#context.releaseSavepoint(name),
      rollback: () => this.#context.rollbackToSavepoint(name),
    };
  }

  // Reading

  /** The entity of a primary key, or null. A loaded one is returned without a statement, unless it is expired. */
  get<T extends object>(entity: EntityClass<T>, key: Key): Promise<T | null> {
    return this.#context.get(entity as EntityTarget, key) as Promise<T | null>;
  }

  /** Inserts rows without objects, with few statements. @see Query.insert */
  insert<T extends object>(
    entity: EntityClass<T>,
    rows: Values<T> | readonly Values<T>[],
    options?: InsertOptions,
  ): Promise<void> {
    return this.query(entity).insert(rows, options);
  }

  /** Inserts rows without objects, and updates those that exist. @see Query.upsert */
  upsert<T extends object>(
    entity: EntityClass<T>,
    rows: Values<T> | readonly Values<T>[],
    options?: UpsertOptions,
  ): Promise<void> {
    return this.query(entity).upsert(rows, options);
  }

  /**
   * Runs SQL of your own in the session's transaction, after an autoflush. A statement that writes begins the transaction, and every
   * loaded object is read again by the next query that returns it.
   *
   * @param statement a text with the placeholders of the database (`$1` on PostgreSQL, `?` elsewhere), or ``sql`…` ``
   * @param parameters the parameters of a text
   * @returns the rows as objects, with `changes`: the number of rows that the statement wrote
   * @throws RetortError `session/transaction-statement` for BEGIN, COMMIT and the like; `session/several-statements`;
   *   `session/ends-transaction` where a change of the schema would commit the open transaction (MySQL, MariaDB)
   * @example const [row] = await session.execute(sql`SELECT count(*) AS n FROM users WHERE age > ${18}`);
   * @see SQLAlchemy's `Session.execute()`
   */
  execute(statement: string | Sql, parameters: readonly unknown[] = []): Promise<ExecutedRows> {
    const { dialect } = this.#context;
    if (typeof statement === "string") return this.#context.execute(statement, checkedParameters(parameters, dialect));
    const { sql, parameters: values } = rawStatement(statement, dialect);
    return this.#context.execute(sql, rawParameters(values, dialect));
  }

  /** A query of all rows of an entity. */
  query<T extends object>(entity: EntityClass<T>): Query<T> {
    return Query.of<T>(() => this.#context, this.#model(entity));
  }

  /** @internal A query that runs in the session that is current when it sends a statement. */
  static queryOf<T extends object>(current: () => Session, entity: EntityClass<T>): Query<T> {
    return Query.ofUser<T>(() => current().#context, current().#model(entity));
  }

  /** @internal Makes `all()` of a query without a limit refuse more rows than these, instead of holding them in memory. */
  limitRows(limit: number): void {
    this.#context.rowLimit = limit;
  }

  /** @internal The same of an alias. */
  static aliasOf<T extends object>(current: () => Session, entity: EntityClass<T>, name?: string): Aliased<T> {
    const model = current().#model(entity);
    return new Aliased<T>(() => current().#context, model, name ?? model.metadata.tableName);
  }

  /** An alias of an entity, for queries that use its table more than once. */
  aliased<T extends object>(entity: EntityClass<T>, name?: string): Aliased<T> {
    const model = this.#model(entity);
    return new Aliased<T>(() => this.#context, model, name ?? model.metadata.tableName);
  }

  /** Reads objects from the database again, and discards their unflushed changes. */
  async refresh(...entities: object[]): Promise<void> {
    for (const entity of entities) {
      const instance = this.#persistent(entity, "refreshed");
      const row = among(instance.model.primary, [storedKeyValues(instance)]);
      this.#state.expireRelations(instance, true);
      await this.noAutoflush(() =>
        this.query<object>(instance.model.name).withDeleted().filter(row).populateExisting().one(),
      );
    }
  }

  /** Expires objects: the next query that returns one reads it again. */
  expire(...entities: object[]): void {
    for (const entity of entities) this.#persistent(entity, "expired").generation = -1;
  }

  /** Expires all objects. */
  expireAll(): void {
    this.#state.generation++;
  }

  /** Runs a function in which queries do not autoflush. */
  noAutoflush<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#context.withoutAutoflush(work);
  }

  // Inspecting

  /** What it is called in events, figures of the pool and errors; an option of it. */
  get label(): string {
    return this.#context.label;
  }

  /**
   * Registers a listener for the statements, transactions and flushes of this session. What it throws is a warning of the process, and
   * the statement goes on.
   *
   * @returns the function that removes the listener
   * @see Database.observe for the sessions of a Database
   */
  observe(
    listener: (event: StatementEvent) => void,
    options: ObserveOptions & { readonly slowerThan: number },
  ): () => void;
  observe(listener: DatabaseListener, options?: ObserveOptions): () => void;
  observe(listener: (event: never) => void, options: ObserveOptions = {}): () => void {
    return this.#observers.add(listener as DatabaseListener, options);
  }

  /** @internal A session whose events the observers of a Database receive, too. */
  static observed(dataSource: DataSource, options: SessionOptions, observers: Observers): Session {
    const session = new Session(dataSource, options);
    session.#observers.passTo(observers);
    return session;
  }

  /** Objects that the next flush inserts: those that were added, and the new ones that objects of the session refer to. */
  get new(): object[] {
    return [...[...this.#state.pending].map(({ entity }) => entity), ...cascadedObjects(this.#state)];
  }
  /** Objects that the next flush updates. */
  get dirty(): object[] {
    return [...this.#state.identities]
      .filter((instance) => instance.deletion === "none" && this.#state.isDirty(instance))
      .map(({ entity }) => entity);
  }
  /** Objects that the next flush deletes. */
  get deleted(): object[] {
    return [...this.#state.deleting].map(({ entity }) => entity);
  }
  /** Whether a transaction is open (it holds locks). */
  get inTransaction(): boolean {
    return this.#state.connection.inTransaction;
  }
  /** The error of a flush that failed, until `rollback()`. */
  get failure(): Error | undefined {
    return this.#context.failure;
  }
  /** Whether `close()` was called. */
  get isClosed(): boolean {
    return this.#context.closed;
  }

  /** One of SQLAlchemy's five states. */
  state(entity: object): EntityState {
    return instanceOfAny(entity)?.state ?? "transient";
  }
  /** Whether the object belongs to this session. */
  owns(entity: object): boolean {
    return this.#own(entity) !== undefined;
  }
  /** Whether the next flush would write the object. */
  isModified(entity: object): boolean {
    const instance = this.#own(entity);
    return instance !== undefined && (instance.snapshot === undefined || this.#state.isDirty(instance));
  }
  /** The changes of an object that a commit would write. */
  changes(entity: object): Changes {
    const instance = instanceOfAny(entity);
    if (!instance?.snapshot) return {};
    return Object.fromEntries(
      changesOf(instance).map(({ column, value }) => [
        column.property,
        {
          before:
            typeof instance.snapshot![column.index] === "symbol"
              ? undefined
              : column.codec.thaw(instance.snapshot![column.index]),
          after: value,
        },
      ]),
    );
  }
  /** Whether an object is expired: it is read again by the next query that returns it. */
  isExpired(entity: object): boolean {
    return this.#own(entity)?.isExpired ?? false;
  }

  /** Creates an object with these values. It is not added to the session. */
  create<T extends object>(entity: EntityClass<T>, values: Values<T> = {}): T {
    const object = this.#create(this.#model(entity)) as T;
    const { relationships } = this.#state.registry;
    relationships.assign(instanceOf(object)!, values);
    return object;
  }

  #create(model: EntityModel): object {
    return this.#state.registry.relationships.create(model);
  }

  #model(entity: EntityClass<never> | EntityClass<object>): EntityModel {
    return this.#context.models.get(entity as EntityTarget);
  }

  #modelOf(entity: object): EntityModel {
    const model = instanceOfAny(entity)?.model;
    if (!model) return this.#context.models.ofEntity(entity);
    // An object may belong to another DataSource with the same entities.
    return dataSourceOf(model.metadata) === this.#state.dataSource ? model : this.#context.models.get(model.target);
  }

  #own(entity: object): Instance | undefined {
    const instance = instanceOfAny(entity);
    return instance?.owner === this.#state ? instance : undefined;
  }

  #persistent(entity: object, action: string): Instance {
    const instance = this.#own(entity);
    if (!instance?.snapshot || instance.deletion === "sent") throw notPersistent(entity, this.state(entity), action);
    return instance;
  }
}

/** JavaScript callers may pass anything. */
function instanceOfAny(entity: unknown): Instance | undefined {
  return typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
}

/** Not by instanceof: the project may have another copy of TypeORM. */
function isQueryRunner(source: DataSource | QueryRunner): source is QueryRunner {
  return typeof (source as QueryRunner).startTransaction === "function";
}

const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 1_000;

/** Milliseconds before a transaction is tried again: longer each time, and random, so that two do not meet again. */
function pauseBefore(attempt: number): number {
  return Math.random() * Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE);
}
