import type { DataSource, EntitySchema } from "typeorm";
import type { DatabaseListener } from "../dialect/dialect";
import type { EntityModel, EntityTarget } from "../metadata/model";
import { Aliased, Query } from "../query/query";
import type { Key, Values } from "../query/types";
import type { SessionOptions } from "./options";
import { changesOf } from "./state/changes";
import { notPersistent } from "./state/errors";
import { keyMaker } from "./state/identity-key";
import { instanceOf, type EntityState, type Instance } from "./state/instance";
import type { Plan } from "./preview/plan";
import { Registry } from "./relations/registry";
import { SessionContext } from "./session-context";
import type { SessionState } from "./session-state";
import { dataSourceOf } from "../typeorm/data-source";

/** A savepoint that is open, for those who cannot use `nested()`. */
export interface Savepoint {
  /** Keeps what was done since; the outer transaction decides over it. */
  commit(): Promise<void>;
  /** Undoes what was done since, in the database and in memory. */
  rollback(): Promise<void>;
}

/** What an object's commit would change: property by property, before and after. */
export type Changes = Record<string, { before: unknown; after: unknown }>;

/** What names an entity: its class, its EntitySchema, or its name. */
export type EntityClass<T> =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- constructors may take anything
  (abstract new (...parameters: any[]) => T) | EntitySchema<T> | string;

/**
 * SQLAlchemy's unit of work on TypeORM entities: objects are added, changed and deleted in memory; `commit()` writes all
 * of it in one transaction, and `rollback()` takes it back, out of the database and out of memory.
 */
export class Session {
  readonly #context: SessionContext;
  readonly #state: SessionState;

  /** @param dataSource an initialised DataSource */
  constructor(dataSource: DataSource, options: SessionOptions = {}, listener: DatabaseListener = ignore) {
    const complete = { autoflush: true, expireOnCommit: true, lazyLoading: "batch" as const, strict: true, ...options };
    this.#context = new SessionContext(Registry.of(dataSource), complete, listener);
    this.#state = this.#context.state;
  }

  // Objects in and out

  /** Puts objects into the session: new ones are inserted by the next flush, and with them what they refer to. */
  add(...entities: object[]): void {
    this.addAll(entities);
  }

  /** Puts every object of a list into the session. */
  addAll(entities: Iterable<object>): void {
    this.#context.check();
    for (const entity of entities) this.#state.add(entity);
  }

  /** Deletes objects with the next flush. One that was never written is just forgotten. */
  delete(...entities: object[]): void {
    this.#context.check();
    for (const entity of entities) {
      const instance = this.#state.add(entity);
      if (instance.snapshot) this.#state.markDeleted(instance);
      else this.#state.withdraw(instance);
    }
  }

  /**
   * Hides objects from queries with the next flush, by their delete date (`@DeleteDateColumn`), and what is loaded of their
   * relations with `cascade: ["soft-remove"]`. `query(…).withDeleted()` shows them.
   *
   * @throws session/no-delete-date where an entity has none
   */
  softRemove(...entities: object[]): void {
    this.#context.check();
    this.#state.markSoft(
      entities.map((entity) => this.#state.add(entity)),
      "remove",
    );
  }

  /** Shows soft-removed objects again, from the next flush on. */
  recover(...entities: object[]): void {
    this.#context.check();
    this.#state.markSoft(
      entities.map((entity) => this.#state.add(entity)),
      "recover",
    );
  }

  /** Forgets objects, with what was changed in them; they are plain objects again. */
  expunge(...entities: object[]): void {
    for (const entity of entities) {
      const instance = this.#own(entity);
      if (instance) this.#state.expunge(instance);
    }
  }

  /** Forgets every object. */
  expungeAll(): void {
    for (const instance of [...this.#state.identities, ...this.#state.pending]) this.#state.expunge(instance);
  }

  /** Copies an object's values into the session's object of the same key (read where it is not loaded, new where there is none). */
  async merge<T extends object>(entity: T): Promise<T> {
    this.#context.check();
    const model = this.#modelOf(entity);
    const values = model.primary.map((column) => column.read(entity));
    const key = keyMaker(model).ofValues(values);
    const known = key === undefined ? null : await this.#context.get(model, keyOf(model, entity));
    const target = (known ?? this.#create(model)) as T;
    for (const column of model.columns) {
      const value = column.read(entity);
      if (value !== undefined) column.write(target, value);
    }
    if (!known) this.#state.add(target);
    return target;
  }

  // Writing

  /** Writes what was changed, inside the transaction; nothing is final before `commit()`. */
  async flush(): Promise<void> {
    await this.#context.flush();
  }

  /**
   * What a flush would send now, in its order and with the reasons for it. Nothing is written, and no object changes; rows
   * that a flush would have to look at (the children of what is deleted) are read. Listeners and subscribers are not asked,
   * so what they would change is not in it.
   *
   * @throws RetortError what the flush would throw before it sends anything: a value that is refused, children in the way
   */
  plan(): Promise<Plan> {
    return this.#context.plan();
  }

  /** Writes what was changed and makes it final. With nothing to do it sends nothing. */
  async commit(): Promise<void> {
    await this.#context.commit();
  }

  /** Takes back everything since the last commit, in the database and in memory. */
  rollback(): Promise<void> {
    return this.#context.rollback();
  }

  /** Rolls back and gives the connection back. The session cannot be used after it. */
  close(): Promise<void> {
    return this.#context.close();
  }

  /**
   * Nothing that is committed from now on stays: the session's transactions become savepoints of one that closing it rolls
   * back. For prompts and for tests; to be called before the session has sent anything.
   */
  sandbox(): void {
    this.#context.sandbox();
  }

  /** Ends the statements that the DataSource has running in the database; whoever waits for them gets an error. */
  cancel(): Promise<void> {
    return this.#context.cancel();
  }

  /** Does something inside a savepoint: an error takes back what was done since, and only that. */
  async nested<T>(work: () => T | Promise<T>): Promise<T> {
    const name = await this.#context.savepoint();
    try {
      const result = await work();
      await this.#context.releaseSavepoint(name);
      return result;
    } catch (error) {
      // Where the work has ended the transaction itself, there is nothing left to take back.
      if (this.#context.hasSavepoint(name)) await this.#context.rollbackToSavepoint(name);
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

  /** The entity of a primary key, or null. A loaded one is given without asking the database. */
  async get<T extends object>(entity: EntityClass<T>, key: Key): Promise<T | null> {
    return (await this.#context.get(this.#model(entity), key)) as T | null;
  }

  /** A query of every row of an entity. */
  query<T extends object>(entity: EntityClass<T>): Query<T> {
    return Query.of<T>(() => this.#context, this.#model(entity));
  }

  /** An entity under a second name, for queries in which its table stands twice. */
  aliased<T extends object>(entity: EntityClass<T>, name?: string): Aliased<T> {
    const model = this.#model(entity);
    return new Aliased<T>(() => this.#context, model, name ?? model.metadata.tableName);
  }

  /** Reads objects anew, over what they hold. */
  async refresh(...entities: object[]): Promise<void> {
    for (const entity of entities) {
      const instance = this.#persistent(entity, "refreshed");
      const key = keyOf(instance.model, entity);
      const conditions = Object.fromEntries(
        instance.model.primary.map(({ property }) => [property, (key as Record<string, unknown>)[property]]),
      );
      this.#state.expireRelations(instance, true);
      await this.noAutoflush(() =>
        this.query<object>(instance.model.name).withDeleted().filterBy(conditions).populateExisting().one(),
      );
    }
  }

  /** Makes the next query that meets these objects read them again. */
  expire(...entities: object[]): void {
    for (const entity of entities) this.#persistent(entity, "expired").generation = -1;
  }

  /** Makes the next queries read every object again that they meet. */
  expireAll(): void {
    this.#state.generation++;
  }

  /** Does something without queries writing first what was changed before them. */
  noAutoflush<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#context.withoutAutoflush(work);
  }

  // What is known

  /** Objects that the next flush inserts. */
  get new(): object[] {
    return [...this.#state.pending].map(({ entity }) => entity);
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
  /** The error of a flush that failed; nothing goes on before `rollback()`. */
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
  /** Whether the session holds this object. */
  owns(entity: object): boolean {
    return this.#own(entity) !== undefined;
  }
  /** Whether the next flush has something to write of this object. */
  isModified(entity: object): boolean {
    const instance = this.#own(entity);
    return instance !== undefined && (instance.snapshot === undefined || this.#state.isDirty(instance));
  }
  /** What a commit would change in an object. */
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
  /** Whether an object's values may be older than the last commit. */
  isExpired(entity: object): boolean {
    return this.#own(entity)?.isExpired ?? false;
  }

  /** A new object with these values; nothing is added yet. */
  create<T extends object>(entity: EntityClass<T>, values: Values<T> = {}): T {
    const object = this.#create(this.#model(entity)) as T;
    const { relationships } = this.#state.registry;
    relationships.assign(instanceOf(object)!, values);
    return object;
  }

  #create(model: EntityModel): object {
    const entity = model.metadata.create() as object;
    this.#state.registry.relationships.begin(entity, model);
    return entity;
  }

  #model(entity: EntityClass<never> | EntityClass<object>): EntityModel {
    return this.#context.models.get(entity as EntityTarget);
  }

  #modelOf(entity: object): EntityModel {
    const model = instanceOfAny(entity)?.model;
    if (!model) return this.#context.models.ofEntity(entity);
    // An object may come from a session of another DataSource with the same entities.
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

function keyOf(model: EntityModel, entity: object): Key {
  return Object.fromEntries(model.primary.map((column) => [column.property, column.read(entity)]));
}

/** Callers of JavaScript may hand over anything. */
function instanceOfAny(entity: unknown): Instance | undefined {
  return typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
}

function ignore(): void {
  // Nobody listens.
}
