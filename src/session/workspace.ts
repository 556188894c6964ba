import type { DataSource } from "typeorm";
import type { Connection, DatabaseListener, Dialect, MaybePromise, Row } from "../dialect/dialect";
import { dialectOf } from "../dialect/dialects";
import type { EntityModel, RelationModel } from "../metadata/model";
import type { Models } from "../metadata/models";
import type { MaterializeOptions, QueryContext, Segment } from "../query/context";
import { Column } from "../query/expression";
import { Query } from "../query/query";
import { isModified } from "./change-set";
import { closedSession, inAutoflush, needsRollback } from "./errors";
import { hydratorOf } from "./hydrator";
import { IdentityMap } from "./identity-map";
import { keyMaker } from "./identity-key";
import { attach, Instance, instanceOf, type InstanceOwner, type Reference } from "./instance";
import { conceal, instrument, release } from "./instrument";
import { emptyAgain, Journal, restored, type Memento } from "./journal";
import { LoadGroup } from "./load-group";
import { loadRelation, relatedTo } from "./relation-loader";
import type { Registry } from "./registry";
import type { SessionOptions } from "./session";
import { UnitOfWork, type FlushResult } from "./unit-of-work";

/** Everything one session holds, and the steps its public methods are made of. */
export class Workspace implements InstanceOwner, QueryContext {
  readonly dataSource: DataSource;
  readonly dialect: Dialect;
  readonly models: Models;
  readonly registry: Registry;
  readonly identities = new IdentityMap();
  readonly journal = new Journal();
  readonly options: Required<SessionOptions>;
  readonly connection: Connection;
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
  #bulkWritten = new Set<EntityModel>();
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

  // Objects

  add(entity: unknown): Instance {
    const instance = this.registry.relationships.instanceFor(this.#checked(entity));
    if (instance.owner === this) {
      if (instance.deletion === "asked") {
        this.changing(instance);
        instance.deletion = "none";
        this.deleting.delete(instance);
      }
      return instance;
    }
    this.registry.claim(instance, this);
    if (instance.deletion === "sent") {
      // Its row is gone for good: added again, it is a new one.
      instance.deletion = "none";
      instance.snapshot = undefined;
    }
    this.journal.record(instance);
    instance.owner = this;
    instance.generation = this.generation;
    if (instance.snapshot) this.identities.put(instance);
    else this.pending.add(instance);
    return instance;
  }

  #checked(entity: unknown): object {
    if (typeof entity === "object" && entity !== null && instanceOf(entity)) return entity;
    this.models.ofEntity(entity);
    return entity as object;
  }

  /** Forgets an object: it stays what it is, and the session knows nothing of it. */
  expunge(instance: Instance): void {
    this.pending.delete(instance);
    this.deleting.delete(instance);
    this.related.delete(instance);
    if (instance.snapshot) this.identities.remove(instance);
    instance.owner = undefined;
    instance.deletion = instance.deletion === "sent" ? "sent" : "none";
  }

  changing(instance: Instance): void {
    this.journal.record(instance);
    if (instance.snapshot) this.related.add(instance);
  }

  loaded(model: EntityModel, key: unknown): object | undefined {
    const identity = keyMaker(model).ofValues(keyMaker(model).parts(key));
    const instance = this.identities.get(model, identity);
    return instance && instance.deletion !== "sent" ? instance.entity : undefined;
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
    for (const instances of this.identities.tables())
      for (const instance of instances.values()) if (this.isDirty(instance)) return true;
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
      return known.deletion === "none" && isKindOf(known.model, model) ? known.entity : null;
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
      if (known) this.#lost(known);
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

  materialize(
    segments: readonly Segment[],
    rows: readonly Row[],
    { populateExisting }: MaterializeOptions,
  ): MaybePromise<object[]> {
    const group = new LoadGroup();
    const fresh: Instance[] = [];
    const readers = segments.map(({ model, offset }) => this.#reader(model, offset, populateExisting, fresh));
    const read = readers[0]!;
    let entities: object[];
    if (segments.length === 1) {
      entities = new Array<object>(rows.length);
      for (let index = 0; index < rows.length; index++) {
        const instance = read(rows[index]!)!;
        entities[index] = instance.entity;
        group.instances.push(instance);
        instance.group ??= group;
      }
    } else entities = this.#materializeJoined(segments, rows, readers, group);
    if (fresh.length === 0) return entities;
    return this.#afterLoad(fresh, entities);
  }

  /** Rows of several entities: each row's entities are related as the joins say. A join makes several rows of one entity; it is found once. */
  #materializeJoined(
    segments: readonly Segment[],
    rows: readonly Row[],
    readers: readonly ((row: Row) => Instance | undefined)[],
    group: LoadGroup,
  ): object[] {
    const { relationships } = this.registry;
    const members = segments.map(() => new Map<Instance, Set<object>>());
    const roots = new Set<Instance>();
    for (const row of rows) {
      const found: (Instance | undefined)[] = [];
      segments.forEach(({ parent }, place) => {
        const owner = parent ? found[parent.segment] : undefined;
        const instance = parent && !owner ? undefined : readers[place]!(row);
        found.push(instance);
        if (!parent || !owner) return;
        if (!parent.relation.toMany) relationships.fillOne(owner, parent.relation, instance?.entity ?? null);
        else {
          let set = members[place]!.get(owner);
          if (!set) members[place]!.set(owner, (set = new Set()));
          if (instance) set.add(instance.entity);
        }
      });
      roots.add(found[0]!);
    }
    for (const root of roots) {
      group.instances.push(root);
      root.group ??= group;
    }
    segments.forEach(({ parent }, place) => {
      for (const [owner, set] of members[place]!) relationships.fillMany(owner, parent!.relation, [...set]);
    });
    return group.instances.map(({ entity }) => entity);
  }

  /** Reads one entity's columns out of rows: the loaded object of the key, or a new one. */
  #reader(
    model: EntityModel,
    offset: number,
    populateExisting: boolean,
    fresh: Instance[],
  ): (row: Row) => Instance | undefined {
    const { relationships } = this.registry;
    const hydrator = hydratorOf(model, relationships);
    const maker = keyMaker(model);
    const places = hydrator.keyPlaces.map((place) => offset + place);
    const identities = this.identities.of(model);
    const hears = this.#hearsOfLoading(model);
    const kinds = kindsByDiscriminator(model, offset);
    return (row) => {
      const key = maker.ofRow(row, places);
      if (key === undefined) return undefined;
      const known = identities.get(key);
      if (known) {
        if (populateExisting || known.generation !== this.generation) this.#reread(known, row, offset, model);
        return known;
      }
      const kind = kinds?.get(String(row[kinds.place])) ?? model;
      const own = kind === model ? hydrator : hydratorOf(kind, relationships);
      const [ownRow, ownOffset] = kind === model ? [row, offset] : [rowOfKind(kind, model, row, offset), 0];
      const entity = own.create(ownRow, ownOffset);
      const instance = new Instance(kind, entity);
      instance.snapshot = own.snapshot(ownRow, ownOffset);
      instance.key = key;
      instance.owner = this;
      instance.generation = this.generation;
      attach(entity, instance);
      identities.set(key, instance);
      if (hears) fresh.push(instance);
      return instance;
    };
  }

  /** Takes what the database says now: everything, where the object had expired. */
  #reread(instance: Instance, row: Row, offset: number, model: EntityModel): void {
    const { model: kind } = instance;
    const hydrator = hydratorOf(kind, this.registry.relationships);
    const [ownRow, ownOffset] = kind === model ? [row, offset] : [rowOfKind(kind, model, row, offset), 0];
    hydrator.populate(instance.entity, ownRow, ownOffset);
    instance.snapshot = hydrator.snapshot(ownRow, ownOffset);
    instance.generation = this.generation;
    instance.group = undefined;
    this.forgetRelations(instance);
  }

  /** Relations are read again when they are touched next. */
  forgetRelations(instance: Instance): void {
    if (!instance.related) return;
    for (const relation of instance.model.relations)
      if (instance.related[relation.index]) conceal(instance, relation, this.registry.relationships);
    instance.related = undefined;
    this.related.delete(instance);
  }

  #hearsOfLoading({ metadata }: EntityModel): boolean {
    return (
      metadata.afterLoadListeners.length > 0 ||
      this.dataSource.subscribers.some(({ afterLoad }) => afterLoad !== undefined)
    );
  }

  async #afterLoad(fresh: readonly Instance[], entities: object[]): Promise<object[]> {
    const { broadcaster } = this.connection.queryRunner;
    for (const metadata of new Set(fresh.map(({ model }) => model.metadata))) {
      const loaded = fresh.filter(({ model }) => model.metadata === metadata).map(({ entity }) => entity);
      await broadcaster.broadcast("Load", metadata, loaded);
    }
    // What listeners computed is no change of the user's.
    for (const instance of fresh) {
      const snapshot = [...instance.snapshot!];
      for (const column of instance.model.columns) {
        const value = column.read(instance.entity);
        if (value !== undefined && !column.codec.same(value, snapshot[column.index]))
          snapshot[column.index] = column.codec.freezeValue(value);
      }
      instance.snapshot = snapshot;
    }
    return entities;
  }

  async load(instance: Instance, relation: RelationModel): Promise<unknown> {
    const together = this.options.lazyLoading === "batch" ? (instance.group?.instances ?? [instance]) : [instance];
    const owners = together.filter(
      (other) => other.owner === this && other.snapshot && other.deletion === "none" && !isLoaded(other, relation),
    );
    await loadRelation(this, this.registry.relationships, owners.includes(instance) ? owners : [instance], relation);
    const related = instance.relatedBy(relation);
    return related && "entity" in related ? (related as Reference).entity : related;
  }

  async loadRelation(entities: readonly object[], relation: RelationModel): Promise<void> {
    const owners = entities.map((entity) => instanceOf(entity)!).filter((instance) => !isLoaded(instance, relation));
    if (owners.length > 0) await loadRelation(this, this.registry.relationships, owners, relation);
  }

  release(entities: readonly object[]): void {
    for (const entity of entities) {
      const instance = instanceOf(entity);
      if (
        !instance ||
        instance.owner !== this ||
        this.related.has(instance) ||
        this.deleting.has(instance) ||
        this.isDirty(instance)
      )
        continue;
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

  async begin(): Promise<void> {
    await this.connection.open();
    if (!this.connection.inTransaction) await this.connection.begin();
  }

  async write(
    origin: string,
    model: EntityModel,
    run: (connection: Connection) => MaybePromise<number>,
  ): Promise<number> {
    const connection = await this.ready(origin);
    return this.exclusive(async () => {
      await this.begin();
      const changed = await run(connection);
      this.#bulkWritten.add(model.root);
      this.#expireTable(model);
      return changed;
    });
  }

  #expireTable(model: EntityModel): void {
    for (const instance of this.identities.of(model).values()) instance.generation = -1;
  }

  commit(): Promise<FlushResult> {
    return this.exclusive(async () => {
      const result = await this.#flushNow();
      if (this.connection.inTransaction) await this.connection.commit();
      this.#committed();
      return result;
    });
  }

  #committed(): void {
    for (const { instance } of this.journal.take()) {
      if (instance.deletion !== "sent") continue;
      instance.owner = undefined;
    }
    this.journal.clear();
    this.#bulkWritten.clear();
    if (this.options.expireOnCommit) this.generation++;
  }

  rollback(): Promise<void> {
    return this.exclusive(async () => {
      if (this.closed) throw closedSession();
      while (this.journal.depth > 0) {
        this.#restore(this.journal.take());
        this.journal.pop();
      }
      this.#restore(this.journal.take());
      for (const model of this.#bulkWritten) this.#expireTable(model);
      this.#bulkWritten.clear();
      this.failure = undefined;
      if (this.connection.inTransaction) await this.connection.rollback();
    });
  }

  // Savepoints

  savepoint(): Promise<string> {
    return this.exclusive(async () => {
      await this.#flushNow();
      await this.begin();
      this.journal.push();
      const name = `retort_${this.journal.depth}`;
      await this.connection.savepoint(name);
      return name;
    });
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      await this.#flushNow();
      await this.connection.releaseSavepoint(name);
      this.journal.merge();
    });
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.exclusive(async () => {
      this.#restore(this.journal.take());
      this.journal.pop();
      this.failure = undefined;
      await this.connection.rollbackToSavepoint(name);
      await this.connection.releaseSavepoint(name);
    });
  }

  /** Makes objects what they were: those that were written, and those that were changed and never written. */
  #restore(mementos: readonly Memento[]): void {
    const remembered = new Set(mementos.map(({ instance }) => instance));
    for (const instance of this.identities)
      if (!remembered.has(instance) && this.isDirty(instance)) restoreColumns(instance);
    // All of them leave their places before any takes its old one.
    for (const { instance } of mementos) if (instance.snapshot) this.identities.remove(instance);
    for (const memento of mementos) this.#restoreOne(memento);
  }

  #restoreOne(memento: Memento): void {
    const { instance } = memento;
    this.pending.delete(instance);
    this.deleting.delete(instance);
    this.related.delete(instance);
    instance.snapshot = memento.snapshot;
    instance.key = memento.key;
    instance.deletion = memento.deletion;
    instance.owner = memento.held ? this : undefined;
    for (const relation of instance.model.relations) {
      const related = restored(memento.related?.[relation.index]);
      if (!related && instance.related?.[relation.index]) conceal(instance, relation, this.registry.relationships);
      if (related || instance.related) instance.relate(relation, related);
    }
    if (memento.snapshot) restoreColumns(instance);
    else emptyAgain(memento);
    if (!memento.held) return;
    if (memento.snapshot) this.identities.put(instance);
    else this.pending.add(instance);
    if (memento.deletion === "asked") this.deleting.add(instance);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await this.exclusive(async () => {
      if (this.connection.inTransaction) await this.connection.rollback();
      await this.connection.close();
    });
    for (const instance of [...this.identities, ...this.pending]) instance.owner = undefined;
    this.identities.clear();
    this.pending.clear();
    this.deleting.clear();
    this.related.clear();
    this.journal.clear();
    this.closed = true;
  }

  /** @internal for expunge(): a plain object again. */
  detach(instance: Instance): void {
    this.expunge(instance);
    release(instance);
  }

  /** @internal for objects that came back from `detach`. */
  instrumented(instance: Instance): void {
    instrument(instance, this.registry.relationships);
  }
}

/** Stands for the parts of a key when the statement of `get` is made once for all. */
const PLACEHOLDER = 0;

function isLoaded(instance: Instance, relation: RelationModel): boolean {
  const related = instance.relatedBy(relation);
  return related !== undefined && (Array.isArray(related) || "entity" in related);
}

function isKindOf(model: EntityModel, asked: EntityModel): boolean {
  return (
    model === asked || asked.root === asked || model.metadata.inheritanceTree.includes(asked.metadata.target as never)
  );
}

/** Writes what is remembered back into an object. */
function restoreColumns(instance: Instance): void {
  const { entity, snapshot, model } = instance;
  for (const column of model.columns) {
    if (column.isVirtual || typeof snapshot![column.index] === "symbol") continue;
    const value = column.read(entity);
    if (value === undefined ? snapshot![column.index] !== null : !column.codec.same(value, snapshot![column.index]))
      column.write(entity, column.codec.thaw(snapshot![column.index]));
  }
}

interface Kinds extends Map<string, EntityModel> {
  place: number;
}

/** The classes of a single-table inheritance by what stands in the discriminator column; undefined where there is one class. */
function kindsByDiscriminator(model: EntityModel, offset: number): Kinds | undefined {
  const { discriminatorColumn, childEntityMetadatas } = model.metadata;
  if (!discriminatorColumn || childEntityMetadatas.length === 0) return undefined;
  const kinds = new Map() as Kinds;
  kinds.place = offset + model.selected.findIndex(({ metadata }) => metadata === discriminatorColumn);
  for (const child of childEntityMetadatas)
    if (child.discriminatorValue !== undefined) kinds.set(child.discriminatorValue, model.sibling(child));
  return kinds;
}

/** The columns of one class out of a row that holds those of all classes of the table. */
function rowOfKind(kind: EntityModel, model: EntityModel, row: Row, offset: number): Row {
  return kind.selected.map(({ column }) => row[offset + model.selected.findIndex((one) => one.column === column)]);
}
