import type { DataSource } from "typeorm";
import type { Connection, DatabaseListener, Dialect, MaybePromise, Row } from "../dialect/dialect";
import { databaseControlOf, dialectOf } from "../dialect/dialects";
import { DatabaseError } from "../dialect/errors";
import { SandboxConnection } from "../dialect/sandbox";
import type { ColumnModel, EntityModel, RelationModel } from "../metadata/model";
import type { Models } from "../metadata/models";
import type { BulkWrite, MaterializeOptions, QueryContext, Segment } from "../query/context";
import { Column } from "../query/expression";
import { Query } from "../query/query";
import { BulkSync } from "./write/bulk-sync";
import { isModified } from "./flush/change-set";
import { Collection, LazyCollection } from "./relations/collection";
import {
  closedSession,
  inAutoflush,
  needsRollback,
  noDeleteDate,
  notPersistent,
  ofAnotherDataSource,
  savepointOver,
} from "./state/errors";
import { hydratorOf, type Hydrator } from "./relations/hydrator";
import { IdentityMap } from "./state/identity-map";
import { keyMaker } from "./state/identity-key";
import { instanceOf, type Instance, type InstanceOwner, type Reference, type Related } from "./state/instance";
import { conceal } from "./relations/instrument";
import { UndoLog } from "./rollback/undo-log";
import { loadRelation, relatedTo } from "./load/relation-loader";
import type { Registry } from "./relations/registry";
import { restore } from "./rollback/restorer";
import { RowReader } from "./load/row-reader";
import type { SessionOptions } from "./session";
import { EMPTY_PLAN, type Plan } from "./preview/plan";
import { UnitOfWork, type FlushResult } from "./flush/unit-of-work";

/** Everything one session holds, and the steps its public methods are made of. */
export class Workspace implements InstanceOwner, QueryContext {
  readonly dataSource: DataSource;
  readonly dialect: Dialect;
  readonly models: Models;
  readonly registry: Registry;
  readonly identities = new IdentityMap();
  readonly journal = new UndoLog();
  readonly options: Required<SessionOptions>;
  connection: Connection;
  /** Objects that were added and have no row yet. */
  readonly pending = new Set<Instance>();
  /** Objects whose deletion was asked for. */
  readonly deleting = new Set<Instance>();
  /** Objects with a row whose relations were changed. */
  readonly related = new Set<Instance>();
  /** The error of a flush that failed, until the rollback. */
  failure: Error | undefined;
  /** Grows when everything expires. */
  generation = 0;
  closed = false;
  #autoflushSuspended = 0;
  #turn: Promise<unknown> | undefined;
  /** Tables that were written past their objects since the last commit. */
  readonly bulkWritten = new Set<EntityModel>();
  /** Objects whose rows were read inside the transaction: what it shows may never have been. */
  readonly readInside = new Set<Instance>();
  /** The savepoints that are open, the innermost last; the journal has a level for each. */
  readonly #savepoints: string[] = [];
  #savepointCount = 0;
  readonly #reader = new RowReader(this);
  readonly #getStatements = new Map<EntityModel, { sql: string; rest: readonly unknown[] }>();
  readonly #listener: DatabaseListener;

  constructor(registry: Registry, options: Required<SessionOptions>, listener: DatabaseListener) {
    this.registry = registry;
    this.models = registry.models;
    this.dataSource = registry.models.dataSource;
    this.options = options;
    this.dialect = dialectOf(this.dataSource);
    this.#listener = listener;
    this.connection = this.dialect.connect(this.dataSource, listener);
  }

  /** Puts a transaction around everything that the session will do; closing rolls it back. */
  sandbox(): void {
    this.connection = new SandboxConnection(this.connection, databaseControlOf(this.dataSource).allowWrites);
  }

  async cancel(): Promise<void> {
    await databaseControlOf(this.dataSource).cancel(this.dataSource);
  }

  // One thing after the other

  /** Runs one step of the session when the ones before it are done. */
  async exclusive<T>(step: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const turn = before ? before.then(step, step) : step();
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
    }
  }

  /** Throws where nothing can go on: a closed session, or one whose flush has failed. */
  check(): void {
    if (this.closed) throw closedSession();
    if (this.failure) throw needsRollback(this.failure);
  }

  ready(origin: string): MaybePromise<Connection> {
    this.check();
    if (this.#turn)
      return this.#turn.then(
        () => this.ready(origin),
        () => this.ready(origin),
      );
    if (this.options.autoflush && this.#autoflushSuspended === 0 && this.hasChanges()) return this.#autoflush(origin);
    return this.connection.isOpen ? this.connection : this.#opened();
  }

  async #opened(): Promise<Connection> {
    await this.connection.open();
    return this.connection;
  }

  async #autoflush(origin: string): Promise<Connection> {
    try {
      await this.flush();
    } catch (error) {
      throw error instanceof Error ? inAutoflush(origin, error) : error;
    }
    return this.#opened();
  }

  async withoutAutoflush<T>(work: () => T | Promise<T>): Promise<T> {
    this.#autoflushSuspended++;
    try {
      return await work();
    } finally {
      this.#autoflushSuspended--;
    }
  }

  /** A query of the flush's own, in its turn: it neither waits for the flush nor starts another. */
  async withoutAutoflushOwnTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn;
    this.#turn = undefined;
    try {
      return await this.withoutAutoflush(work);
    } finally {
      this.#turn = turn;
    }
  }

  markDeleted(instance: Instance): void {
    this.journal.record(instance);
    instance.deletion = "asked";
    this.deleting.add(instance);
  }

  /**
   * Sets the delete date of objects, or takes it off: theirs, and along `cascade: ["soft-remove"]` (`["recover"]`) that of
   * what is loaded of their relations.
   */
  markSoft(instances: Iterable<Instance>, soft: "remove" | "recover"): void {
    const queue = new Set(instances);
    for (const instance of queue) {
      const { deleteDate } = instance.model;
      if (!deleteDate) throw noDeleteDate(instance.entity);
      if (!instance.snapshot || instance.deletion === "sent")
        throw notPersistent(instance.entity, instance.state, soft === "remove" ? "soft-removed" : "recovered");
      const hidden = (deleteDate.read(instance.entity) ?? null) !== null;
      if (hidden === (soft === "recover")) {
        this.journal.record(instance);
        instance.soft = soft;
        deleteDate.write(instance.entity, soft === "remove" ? nowIn(deleteDate) : null);
      }
      for (const relation of instance.model.relations) {
        const { isCascadeSoftRemove, isCascadeRecover } = relation.metadata;
        if (!(soft === "remove" ? isCascadeSoftRemove : isCascadeRecover)) continue;
        for (const entity of this.membersOf(instance.entity, relation)) queue.add(this.add(entity));
      }
    }
  }

  // Objects

  add(entity: unknown): Instance {
    const { relationships } = this.registry;
    const instance = relationships.instanceFor(this.#checked(entity));
    if (instance.owner === this && instance.deletion !== "sent") {
      if (instance.deletion === "asked") {
        this.changing(instance);
        instance.deletion = "none";
        this.deleting.delete(instance);
      }
      return instance;
    }
    this.registry.claim(instance, this);
    this.journal.record(instance);
    if (instance.deletion === "sent") {
      // Its row is gone: added again, it is a new one.
      relationships.renew(instance, this);
      instance.deletion = "none";
      instance.snapshot = undefined;
    }
    instance.owner = this;
    instance.generation = this.generation;
    if (instance.snapshot) this.identities.put(instance);
    else this.pending.add(instance);
    if (instance.undone) relationships.retell(instance);
    return instance;
  }

  #checked(entity: unknown): object {
    const instance = typeof entity === "object" && entity !== null ? instanceOf(entity) : undefined;
    if (instance && instance.model.metadata.dataSource !== this.dataSource) throw ofAnotherDataSource(instance.entity);
    if (!instance) this.models.ofEntity(entity);
    return entity as object;
  }

  /** Lets go of an object: it stays what it is, but for what a rollback takes back of it. */
  expunge(instance: Instance): void {
    this.journal.letGo(instance);
    this.withdraw(instance);
  }

  /** The same until a rollback: whoever had a row before has it again then. */
  withdraw(instance: Instance): void {
    this.pending.delete(instance);
    this.deleting.delete(instance);
    this.related.delete(instance);
    if (instance.snapshot) this.identities.remove(instance);
    this.readInside.delete(instance);
    instance.owner = undefined;
    instance.deletion = instance.deletion === "sent" ? "sent" : "none";
  }

  changing(instance: Instance): void {
    this.journal.record(instance);
    if (instance.snapshot) this.related.add(instance);
  }

  reading(instance: Instance): void {
    if (this.connection.inTransaction) this.journal.record(instance);
  }

  loaded(model: EntityModel, key: unknown): object | undefined {
    const identity = keyMaker(model).ofValues(keyMaker(model).parts(key));
    const instance = this.identities.get(model, identity);
    return instance && instance.deletion !== "sent" ? instance.entity : undefined;
  }

  get strict(): boolean {
    return this.options.strict;
  }

  get raiseOnLoad(): boolean {
    return this.options.lazyLoading === "raise";
  }

  relatedQuery(instance: Instance, relation: RelationModel): Query<object> {
    return Query.of<object>(() => this, relation.target).filter(
      relatedTo(this.registry.relationships, instance, relation),
    );
  }

  hasChanges(): boolean {
    if (this.pending.size > 0 || this.deleting.size > 0 || this.related.size > 0) return true;
    for (const instances of this.identities.tables()) {
      let model: EntityModel | undefined;
      let hydrator: Hydrator;
      for (const instance of instances.values()) {
        if (instance.model !== model) hydrator = hydratorOf((model = instance.model), this.registry.relationships);
        if (isModified(instance, hydrator!)) return true;
      }
    }
    return false;
  }

  isDirty(instance: Instance): boolean {
    return isModified(instance, hydratorOf(instance.model, this.registry.relationships));
  }

  // Reading

  async get(model: EntityModel, key: unknown): Promise<object | null> {
    const maker = keyMaker(model);
    const parts = maker.parts(key);
    const identity = maker.ofValues(parts);
    const known = this.identities.get(model, identity);
    if (known && known.generation === this.generation && !this.#turn) {
      this.check();
      return known.deletion === "none" && known.model.isA(model) && !isHidden(known) ? known.entity : null;
    }
    // A row is found by its key whatever else is pending, so only objects without a row are flushed for it.
    const ready =
      this.pending.size > 0 || this.#turn
        ? this.ready(`${model.name}.get()`)
        : (this.check(), this.connection.isOpen ? this.connection : this.#opened());
    const connection = ready instanceof Promise ? await ready : ready;
    const { sql, rest } = this.#getStatement(model);
    const parameters = model.primary.map(({ codec }, place) =>
      codec.encode ? codec.encode(parts[place]) : parts[place],
    );
    const sent = connection.rows(sql, rest.length === 0 ? parameters : [...parameters, ...rest]);
    const rows = sent instanceof Promise ? await sent : sent;
    if (rows.length === 0) {
      // A row with a delete date may only be hidden.
      if (known && !model.deleteDate) this.#lost(known);
      return null;
    }
    const made = this.materialize([{ model, offset: 0 }], rows, { populateExisting: false });
    return (made instanceof Promise ? await made : made)[0]!;
  }

  #getStatement(model: EntityModel): { sql: string; rest: readonly unknown[] } {
    let statement = this.#getStatements.get(model);
    if (!statement) {
      const query = Query.of<object>(() => this, model).filter(
        ...model.primary.map((column) => new Column(column).eq(PLACEHOLDER)),
      );
      const { sql, parameters } = query.toSQL();
      this.#getStatements.set(model, (statement = { sql, rest: parameters.slice(model.primary.length) }));
    }
    return statement;
  }

  /** A row that was loaded is not there any more. */
  #lost(instance: Instance): void {
    this.identities.remove(instance);
    instance.owner = undefined;
  }

  materialize(segments: readonly Segment[], rows: readonly Row[], options: MaterializeOptions): MaybePromise<object[]> {
    return this.#reader.read(segments, rows, options);
  }

  /** Relations are read again when they are touched next; those that were changed only where that is to be forgotten too. */
  forgetRelations(instance: Instance, changed: boolean): void {
    if (!instance.related) return;
    let kept = false;
    for (const relation of instance.model.relations) {
      const related = instance.related[relation.index];
      if (!related) continue;
      if (!changed && isChanged(related)) kept = true;
      else {
        conceal(instance, relation);
        instance.related[relation.index] = undefined;
      }
    }
    if (kept) return;
    instance.related = undefined;
    this.related.delete(instance);
  }

  async load(instance: Instance, relation: RelationModel): Promise<unknown> {
    const together = this.options.lazyLoading === "batch" ? (instance.group?.instances ?? [instance]) : [instance];
    const owners = together.filter(
      (other) => other.owner === this && other.snapshot && other.deletion === "none" && !isLoaded(other, relation),
    );
    await this.#loadFor(owners.includes(instance) ? owners : [instance], relation, undefined);
    const related = instance.relatedBy(relation);
    return related && "entity" in related ? (related as Reference).entity : related;
  }

  async loadRelation(entities: readonly object[], relation: RelationModel, arrivals?: Set<object>): Promise<void> {
    const owners = entities
      .map((entity) => instanceOf(entity)!)
      .filter((instance) => has(instance, relation) && !isLoaded(instance, relation));
    if (owners.length > 0) await this.#loadFor(owners, relation, arrivals);
  }

  #loadFor(owners: readonly Instance[], relation: RelationModel, arrivals: Set<object> | undefined): Promise<void> {
    return loadRelation({ context: this, relationships: this.registry.relationships, relation, arrivals }, owners);
  }

  membersOf(entity: object, relation: RelationModel): readonly object[] {
    const related = instanceOf(entity)?.relatedBy(relation);
    if (!related || related instanceof LazyCollection) return [];
    if (related instanceof Collection) return [...related];
    return related.entity ? [related.entity] : [];
  }

  guard(entities: readonly object[], relation: RelationModel): void {
    for (const entity of entities) (instanceOf(entity)!.guarded ??= new Set()).add(relation);
  }

  keyParts(model: EntityModel, key: unknown): readonly unknown[] {
    return keyMaker(model).parts(key);
  }

  release(entities: Iterable<object>): void {
    for (const entity of entities) {
      const instance = instanceOf(entity);
      if (instance?.owner !== this || instance.deletion !== "none") continue;
      if (this.related.has(instance) || this.isDirty(instance)) continue;
      this.expunge(instance);
    }
  }

  // Writing

  flush(): Promise<FlushResult> {
    return this.exclusive(() => this.#flushNow());
  }

  async #flushNow(): Promise<FlushResult> {
    this.check();
    if (!this.hasChanges()) return { inserted: 0, updated: 0, deleted: 0 };
    try {
      const result = await new UnitOfWork(this).flush();
      if (result.inserted + result.updated + result.deleted > 0) this.#listener({ type: "flush", ...result });
      return result;
    } catch (error) {
      this.failure = error as Error;
      // Nothing of a half-written flush may stay, and no lock be held while somebody reads the error.
      if (this.connection.inTransaction && this.journal.depth === 0) await this.connection.rollback();
      throw error;
    }
  }

  plan(): Promise<Plan> {
    return this.exclusive(async () => {
      this.check();
      return this.hasChanges() ? new UnitOfWork(this).plan() : EMPTY_PLAN;
    });
  }

  async begin(): Promise<void> {
    await this.connection.open();
    if (!this.connection.inTransaction) await this.connection.begin();
  }

  /** Rows are written past their objects: those that are loaded are read again, and what is related to them is forgotten. */
  async write(work: BulkWrite): Promise<number> {
    const connection = await this.ready(work.origin);
    const following = new BulkSync(this, work);
    const changed = await this.exclusive(async () => {
      await this.begin();
      await following.before(connection);
      const count = await work.run(connection);
      for (const model of count > 0 ? following.reached : []) {
        this.bulkWritten.add(model);
        this.#expireTable(model);
      }
      return count;
    });
    if (changed > 0) await following.after();
    return changed;
  }

  /** @internal The row of an object was deleted past it. */
  lose(instance: Instance): void {
    this.journal.record(instance);
    this.related.delete(instance);
    this.deleting.delete(instance);
    instance.deletion = "sent";
  }

  #expireTable(model: EntityModel): void {
    for (const instance of this.identities.of(model).values()) instance.generation = -1;
  }

  commit(): Promise<FlushResult> {
    return this.exclusive(async () => {
      const result = await this.#flushNow();
      if (this.connection.inTransaction) await this.#commitNow();
      this.#committed();
      return result;
    });
  }

  async #commitNow(): Promise<void> {
    try {
      await this.connection.commit();
    } catch (error) {
      // Another one reads: the transaction is there as it was, and the commit may be tried again.
      if (error instanceof DatabaseError && error.kind === "locked") throw error;
      // Foreign keys may be looked at only now; what was written is not there, though every flush went well.
      this.failure = error as Error;
      if (this.connection.inTransaction) await this.connection.rollback();
      throw error;
    }
  }

  #committed(): void {
    for (const instance of this.journal.commit()) if (instance.deletion === "sent") instance.owner = undefined;
    this.#savepoints.length = 0;
    this.bulkWritten.clear();
    this.readInside.clear();
    if (this.options.expireOnCommit) this.generation++;
  }

  rollback(): Promise<void> {
    return this.exclusive(async () => {
      if (this.closed) throw closedSession();
      await this.#rollbackNow();
    });
  }

  async #rollbackNow(): Promise<void> {
    this.#restoreTo(0);
    restore(this, this.journal.take());
    this.#expireUncertain();
    this.bulkWritten.clear();
    this.failure = undefined;
    if (this.connection.inTransaction) await this.connection.rollback();
  }

  // Savepoints

  savepoint(): Promise<string> {
    return this.exclusive(async () => {
      await this.#flushNow();
      await this.begin();
      const name = `retort_${++this.#savepointCount}`;
      await this.connection.savepoint(name);
      this.journal.push();
      this.#savepoints.push(name);
      return name;
    });
  }

  hasSavepoint(name: string): boolean {
    return this.#savepoints.includes(name);
  }

  /** Savepoints that were opened inside this one end with it. */
  releaseSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      const depth = this.#depthOf(name);
      await this.#flushNow();
      await this.connection.releaseSavepoint(name);
      while (this.#savepoints.length > depth) {
        this.journal.merge();
        this.#savepoints.pop();
      }
    });
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      const depth = this.#depthOf(name);
      // The database first: where it has lost the whole transaction (a deadlock), going back to the savepoint is not enough.
      await this.connection.rollbackToSavepoint(name);
      await this.connection.releaseSavepoint(name);
      this.#restoreTo(depth);
      this.#expireUncertain();
      this.failure = undefined;
    });
  }

  #depthOf(name: string): number {
    if (this.closed) throw closedSession();
    const depth = this.#savepoints.indexOf(name);
    if (depth < 0) throw savepointOver();
    return depth;
  }

  /** Makes memory what it was when the savepoint at this depth was opened. */
  #restoreTo(depth: number): void {
    while (this.#savepoints.length > depth) {
      restore(this, this.journal.take());
      this.journal.pop();
      this.#savepoints.pop();
    }
  }

  /** What was read inside the transaction, or of tables that were written past their objects, may never have been true. */
  #expireUncertain(): void {
    for (const instance of this.readInside) instance.generation = -1;
    this.readInside.clear();
    if (this.bulkWritten.size === 0) return;
    for (const model of this.bulkWritten) this.#expireTable(model);
    this.forgetRelationsTo(this.bulkWritten, () => true);
  }

  /** Relations to rows of these tables are read again when they are touched next, unless they were changed here. */
  forgetRelationsTo(tables: ReadonlySet<EntityModel>, concerns: (relation: RelationModel) => boolean): void {
    for (const instance of this.identities) {
      if (!instance.related) continue;
      for (const relation of instance.model.relations) {
        const related = instance.relatedBy(relation);
        if (!related || isChanged(related) || !tables.has(relation.target.root) || !concerns(relation)) continue;
        conceal(instance, relation);
        instance.related[relation.index] = undefined;
      }
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await this.exclusive(async () => {
      // What a transaction wrote is taken back in memory too: an object whose row is gone with it is a new one again.
      if (this.connection.inTransaction || this.failure) await this.#rollbackNow();
      await this.connection.close();
    });
    for (const instance of [...this.identities, ...this.pending]) this.withdraw(instance);
    this.identities.clear();
    this.pending.clear();
    this.deleting.clear();
    this.related.clear();
    this.journal.clear();
    this.readInside.clear();
    this.closed = true;
  }
}

/** The time, as exactly as the column keeps it. */
function nowIn(column: ColumnModel): Date {
  const now = new Date();
  if (column.inspect(now)) now.setMilliseconds(0);
  return now;
}

/** Soft-deleted rows are not found by their keys either. */
function isHidden({ model: { deleteDate }, entity }: Instance): boolean {
  return deleteDate !== undefined && (deleteDate.read(entity) ?? null) !== null;
}

/** Stands for the parts of a key when the statement of `get` is made once for all. */
const PLACEHOLDER = 0;

function isChanged(related: Related): boolean {
  if (related instanceof Collection) return related.isChanged;
  if (related instanceof LazyCollection) return related.moves.size > 0;
  return related.assigned;
}

function isLoaded(instance: Instance, relation: RelationModel): boolean {
  const related = instance.relatedBy(relation);
  return related !== undefined && (Array.isArray(related) || "entity" in related);
}

/** A relation of one class of a table is none of its other classes. */
function has({ model }: Instance, relation: RelationModel): boolean {
  return model.ownRelation(relation) !== undefined;
}
