import type { QueryRunner } from "typeorm";
import type { Connection, Dialect, IsolationLevel, MaybePromise, Row } from "../dialect/dialect";
import { databaseControlOf } from "../dialect/dialects";
import { DatabaseError } from "../dialect/errors";
import { JoinedConnection } from "../dialect/joined";
import type { BatchEvent } from "../dialect/events";
import type { Observers } from "../dialect/observers";
import { SandboxConnection } from "../dialect/sandbox";
import type { EntityModel, EntityTarget, RelationModel } from "../metadata/model";
import type { Models } from "../metadata/models";
import type { BulkWrite, MaterializeOptions, QueryContext, Segment } from "../query/context";
import { cancelledBatches } from "../query/errors";
import type { Query } from "../query/query";
import { forgetDeleteActions } from "./flush/delete-actions";
import { READ_YOUR_WRITES } from "./options";
import { execute, type ExecutedRows } from "./execute";
import { isolationOf } from "./isolation";
import { rereadChanged } from "./load/reread";
import { EntityLoader, type LoadContext } from "./load/entity-loader";
import type { BeginOptions, CompleteOptions } from "./options";
import { EMPTY_PLAN, type Plan } from "./preview/plan";
import { previewFlush } from "./preview/preview";
import type { Registry } from "./relations/registry";
import { SessionState } from "./session-state";
import { alreadyInTransaction, closedSession, inAutoflush, needsRollback, unflushedChanges } from "./state/errors";
import { keyMaker } from "./state/identity-key";
import { instanceOf, type Instance, type RelationSource } from "./state/instance";
import { storedKeyValues } from "./state/values";
import { Transaction } from "./transaction";
import { BulkSync } from "./write/bulk-sync";
import { NOTHING_FLUSHED, UnitOfWork, type FlushResult } from "./write/unit-of-work";

/**
 * What a session's queries run in: it composes the session's state, transaction and loader, runs operations one after the
 * other, and flushes before a query. Only `Session` uses it; no part of it knows it.
 */
export class SessionContext implements QueryContext, LoadContext, RelationSource {
  readonly state: SessionState;
  readonly dialect: Dialect;
  readonly models: Models;
  /** Set by the prompt, where nobody has written a limit for a table of any length. */
  rowLimit: number | undefined;
  /** Set when `close()` begins to end what is open: nothing may start any more. */
  closed = false;
  #closing: Promise<void> | undefined;
  readonly #options: CompleteOptions;
  readonly #isolation: IsolationLevel | undefined;
  readonly #observers: Observers;
  readonly #transaction: Transaction;
  readonly #loader: EntityLoader;
  #autoflushSuspended = 0;
  /** How often `cancel()` was called. */
  #cancellations = 0;
  /** The operation that runs, and with it those that wait for it. */
  #running: Promise<unknown> | undefined;
  /** Streams that were not read to their end. */
  readonly #streams = new Set<AsyncGenerator<Row[], void>>();
  /** Work inside the operation that runs. */
  #inside = 0;

  constructor(
    registry: Registry,
    options: CompleteOptions,
    isolation: IsolationLevel | undefined,
    observers: Observers,
    queryRunner?: QueryRunner,
  ) {
    const { dataSource } = registry.models;
    this.dialect = registry.dialect;
    this.models = registry.models;
    this.#options = options;
    this.#isolation = isolation;
    this.#observers = observers;
    const connection = this.dialect.connect(dataSource, observers, {
      label: options.label,
      poolTimeout: options.poolTimeout,
      readYourWrites: secondsOf(options.readYourWrites) * 1_000,
      queryRunner,
    });
    this.state = new SessionState(
      registry,
      options,
      queryRunner ? new JoinedConnection(connection, queryRunner) : connection,
      this,
    );
    // The application's transaction has the level that it was begun with.
    this.#transaction = new Transaction(this.state, queryRunner ? isolation : isolationOf(dataSource, isolation));
    this.#loader = new EntityLoader(this.state, this);
  }

  /** Runs all transactions as savepoints of one that is rolled back at the end. */
  sandbox(): void {
    const { state } = this;
    state.connection = new SandboxConnection(state.connection);
  }

  async cancel(): Promise<void> {
    this.#cancellations++;
    const { dataSource } = this.state;
    await databaseControlOf(dataSource).cancel(dataSource);
  }

  /** The error of a flush or commit that failed, until the rollback. */
  get failure(): Error | undefined {
    return this.#transaction.failure;
  }

  // One operation after the other

  /**
   * Runs an operation when those before it are done.
   *
   * @throws RetortError `session/closed` where one of those closed the session
   */
  async exclusive<T>(operation: () => Promise<T>): Promise<T> {
    const before = this.#running;
    let done!: () => void;
    // Set before the operation begins, which may read at once.
    const running = new Promise<void>((resolve) => (done = resolve));
    this.#running = running;
    try {
      if (before) await before;
      this.#checkOpen();
      return await operation();
    } finally {
      if (this.#running === running) this.#running = undefined;
      done();
    }
  }

  get isBusy(): boolean {
    return this.#running !== undefined && this.#inside === 0;
  }

  /** @throws RetortError `session/closed`, `session/needs-rollback` */
  check(): void {
    this.#checkOpen();
    if (this.#transaction.failure) throw needsRollback(this.#transaction.failure);
  }

  #checkOpen(): void {
    if (this.closed) throw closedSession();
  }

  ready(origin: string): MaybePromise<Connection> {
    this.check();
    if (this.#running && this.#inside === 0) return this.#running.then(() => this.ready(origin));
    if (this.#options.autoflush && this.#autoflushSuspended === 0 && this.state.hasChanges())
      return this.#autoflush(origin);
    return this.connected();
  }

  connected(): MaybePromise<Connection> {
    this.check();
    const { connection } = this.state;
    if (this.#transaction.readsInTransaction && !connection.inTransaction) return this.#begun();
    return connection.isOpen ? connection : this.#opened();
  }

  async #opened(): Promise<Connection> {
    const { connection } = this.state;
    await connection.open();
    this.#checkOpen();
    return connection;
  }

  async #begun(): Promise<Connection> {
    // Where the session was closed meanwhile, that is the reason, whatever became of the BEGIN.
    await this.#transaction.begin().finally(() => this.#checkOpen());
    return this.state.connection;
  }

  async *stream(
    connection: Connection,
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncGenerator<Row[], void> {
    this.#checkOpen();
    const batches = connection.stream(sql, parameters, batchSize);
    this.#streams.add(batches);
    try {
      yield* batches;
    } finally {
      this.#streams.delete(batches);
    }
    // Where the session was closed, the rows are not all.
    this.#checkOpen();
  }

  async lockable(origin: string): Promise<Connection> {
    this.check();
    await this.#running;
    // What was changed of the locked objects would be lost when their rows are read.
    if (this.state.hasChanges()) await this.#autoflush(origin);
    return this.exclusive(() => this.#begun());
  }

  async #autoflush(origin: string): Promise<Connection> {
    try {
      await this.flush();
    } catch (error) {
      throw error instanceof Error ? inAutoflush(origin, error) : error;
    }
    return this.connected();
  }

  async withoutAutoflush<T>(work: () => T | Promise<T>): Promise<T> {
    this.#autoflushSuspended++;
    try {
      return await work();
    } finally {
      this.#autoflushSuspended--;
    }
  }

  /** Runs queries of the operation that is running, which therefore must not wait for it. */
  readonly #insideOperation = async <T>(work: (context: QueryContext) => Promise<T>): Promise<T> => {
    this.#inside++;
    try {
      return await this.withoutAutoflush(() => work(this));
    } finally {
      this.#inside--;
    }
  };

  // Reading

  get label(): string {
    return this.#options.label;
  }

  get strict(): boolean {
    return this.#options.strict;
  }

  get(entity: EntityModel | EntityTarget, key: unknown): Promise<object | null> {
    return this.#loader.get(entity, key);
  }

  materialize(segments: readonly Segment[], rows: readonly Row[], options: MaterializeOptions): MaybePromise<object[]> {
    return this.#loader.materialize(segments, rows, options);
  }

  load(instance: Instance, relation: RelationModel): Promise<unknown> {
    return this.#loader.load(instance, relation);
  }

  loadRelation(entities: readonly object[], relation: RelationModel, newlyLoaded?: Set<object>): Promise<void> {
    return this.#loader.loadRelation(entities, relation, newlyLoaded);
  }

  relatedQuery(instance: Instance, relation: RelationModel): Query<object> {
    return this.#loader.relatedQuery(instance, relation);
  }

  membersOf(entity: object, relation: RelationModel): readonly object[] {
    return this.state.membersOf(entity, relation);
  }

  forbidLoading(entities: readonly object[], relation: RelationModel): void {
    for (const entity of entities) (instanceOf(entity)!.forbidden ??= new Set()).add(relation);
  }

  keyParts(model: EntityModel, key: unknown): readonly unknown[] {
    return keyMaker(model).parts(key);
  }

  modelOf(object: object): EntityModel | undefined {
    return instanceOf(object)?.model ?? this.models.find(object);
  }

  keyOf(model: EntityModel, object: object): readonly unknown[] | undefined {
    const instance = instanceOf(object);
    if (instance) return instance.snapshot && storedKeyValues(instance);
    return this.keyParts(model, object);
  }

  release(entities: Iterable<object>): void {
    this.state.release(entities);
  }

  // Writing

  flush(): Promise<FlushResult> {
    return this.exclusive(() => this.#flush());
  }

  async #flush(): Promise<FlushResult> {
    this.check();
    if (!this.state.hasChanges()) return NOTHING_FLUSHED;
    try {
      if (this.#transaction.readsInTransaction || this.#transaction.isIsolated) await this.#rereadChanged();
      const unitOfWork = new UnitOfWork(this.state, this.#insideOperation, () => this.#transaction.begin());
      const result = await unitOfWork.flush();
      if (result.inserted + result.updated + result.deleted > 0)
        this.#observers.notify({ type: "flush", session: this.label, ...result });
      return result;
    } catch (error) {
      if (error instanceof DatabaseError && error.kind === "foreign-key") forgetDeleteActions(this.state.dataSource);
      await this.#transaction.fail(error as Error);
      throw error;
    }
  }

  /** At isolation levels above READ COMMITTED a flush writes nothing that was computed from rows read before the transaction. */
  async #rereadChanged(): Promise<void> {
    await this.#transaction.begin();
    await rereadChanged(this.state, this.#insideOperation);
  }

  plan(): Promise<Plan> {
    return this.exclusive(async () => {
      this.check();
      return this.state.hasChanges() ? previewFlush(this.state, this.#insideOperation) : EMPTY_PLAN;
    });
  }

  async write(write: BulkWrite): Promise<number> {
    const { state } = this;
    const connection = await this.ready(write.origin);
    const sync = new BulkSync(state, (work) => this.withoutAutoflush(() => work(this)), write);
    const changed = await this.exclusive(async () => {
      await this.#transaction.begin();
      await sync.before(connection);
      const count = await write.run(connection);
      for (const model of count > 0 ? sync.tables : []) {
        state.bulkWritten.add(model);
        if (write.kind !== "insert") state.expireTable(model);
      }
      return count;
    });
    if (changed > 0) await sync.after();
    return changed;
  }

  get inTransaction(): boolean {
    return this.state.connection.inTransaction;
  }

  async transacted<T>(origin: string, work: () => Promise<T>): Promise<T> {
    this.check();
    if (this.inTransaction) return work();
    if (this.state.hasChanges()) throw unflushedChanges(origin);
    try {
      const result = await work();
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  cancellation(): () => Promise<void> {
    const before = this.#cancellations;
    return async () => {
      // A database in this process answers without the event loop, so that nobody could cancel.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#cancellations !== before) throw cancelledBatches();
    };
  }

  get isObserved(): boolean {
    return this.#observers.areThere;
  }

  notifyBatch(event: Omit<BatchEvent, "type" | "session">): void {
    if (this.isObserved) this.#observers.notify({ type: "batch", session: this.label, ...event });
  }

  async execute(sql: string, parameters: readonly unknown[]): Promise<ExecutedRows> {
    await this.ready("session.execute()");
    return this.exclusive(() => execute(this.state, this.#transaction, sql, parameters));
  }

  // The transaction

  /** @throws RetortError `session/in-transaction` */
  begin(options: BeginOptions): Promise<void> {
    return this.exclusive(async () => {
      this.check();
      if (this.state.connection.inTransaction) throw alreadyInTransaction();
      await this.#transaction.begin({
        ...options,
        isolation: this.#levelOf(options),
      });
    });
  }

  #levelOf({ isolation = this.#isolation }: BeginOptions): IsolationLevel | undefined {
    const { connection, dataSource } = this.state;
    return connection instanceof JoinedConnection ? isolation : isolationOf(dataSource, isolation);
  }

  /** Refuses what would commit, or roll back, more than what `transaction(work)` does. */
  checkUnused(): void {
    this.check();
    if (this.state.connection.inTransaction) throw alreadyInTransaction();
    if (this.state.hasChanges()) throw unflushedChanges("transaction()");
  }

  async commit(): Promise<void> {
    // A request that only read ends so: there is nothing to wait for, and nothing to send.
    if (this.#isIdle && !this.state.hasChanges()) {
      this.check();
      return this.#transaction.forget();
    }
    await this.exclusive(async () => {
      await this.#flush();
      await this.#transaction.commit();
    });
  }

  /** Whether no operation runs, and no transaction is open. */
  get #isIdle(): boolean {
    return this.#running === undefined && !this.state.connection.inTransaction;
  }

  rollback(): Promise<void> {
    return this.exclusive(() => this.#transaction.rollback());
  }

  /** Opens a savepoint; resolves to its name. */
  savepoint(): Promise<string> {
    return this.exclusive(async () => {
      await this.#flush();
      return this.#transaction.savepoint();
    });
  }

  hasSavepoint(name: string): boolean {
    return this.#transaction.hasSavepoint(name);
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      this.#transaction.checkSavepoint(name);
      await this.#flush();
      await this.#transaction.releaseSavepoint(name);
    });
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      this.#transaction.checkSavepoint(name);
      await this.#transaction.rollbackToSavepoint(name);
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#isIdle ? this.#close() : this.exclusive(() => this.#close()));
  }

  async #close(): Promise<void> {
    // Set first: a stream that is ended below would seem to have given all its rows, and what starts meanwhile would find no session.
    this.closed = true;
    try {
      // They hold connections, and what goes wrong with them concerns nobody any more.
      for (const stream of this.#streams) await stream.return().catch(() => undefined);
      // An object whose row is rolled back is a new object again.
      if (this.state.connection.inTransaction || this.#transaction.failure) await this.#transaction.rollback();
    } finally {
      this.state.clear();
      await this.#transaction.close();
    }
  }
}

/** How long a session reads what it has written from the master. */
function secondsOf(readYourWrites: number | boolean): number {
  if (typeof readYourWrites === "number") return readYourWrites;
  return readYourWrites ? READ_YOUR_WRITES : 0;
}
