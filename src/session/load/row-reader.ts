import type { MaybePromise, Row } from "../../dialect/dialect";
import type { EntityModel, RelationModel } from "../../metadata/model";
import type { MaterializeOptions, QueryContext, Segment } from "../../query/context";
import { hydratorOf } from "../relations/hydrator";
import type { SessionState } from "../session-state";
import { changesOf, type Change } from "../state/changes";
import { byModel } from "../state/instance";
import { keyMaker } from "../state/identity-key";
import { attach, Instance, LoadGroup } from "../state/instance";
import { hasLoadListeners, notifyLoaded } from "./load-listeners";
import { loadRelationIds } from "./relation-id-loader";

/** Turns the rows of a query into objects: for each key the loaded object, or a new one. */
export class RowReader {
  readonly #state: SessionState;
  readonly #context: QueryContext;

  constructor(state: SessionState, context: QueryContext) {
    this.#state = state;
    this.#context = context;
  }

  read(
    segments: readonly Segment[],
    rows: readonly Row[],
    { populateExisting, newlyLoaded }: MaterializeOptions,
  ): MaybePromise<object[]> {
    const hasListeners = segments.some(({ model }) => hasLoadListeners(model));
    const created: Instance[] | undefined = hasListeners || newlyLoaded ? [] : undefined;
    const readers = segments.map(({ model, offset }) => this.#reader(model, offset, populateExisting, created));
    const groups =
      segments.length === 1 ? this.#readRows(rows, readers[0]!) : this.#readJoined(segments, rows, readers);
    const entities = groups[0]!.instances.map(({ entity }) => entity);
    if (newlyLoaded) for (const { entity } of created!) newlyLoaded.add(entity);
    const isEager = segments.some(({ model }) => model.loadsEagerly);
    if (!isEager && !(hasListeners && created!.length > 0)) return entities;
    return this.#state.connection.hold(async () => {
      await this.#complete(hasListeners ? created! : [], isEager ? groups : [], newlyLoaded);
      return entities;
    });
  }

  /** Reads rows that hold one entity each. */
  #readRows(rows: readonly Row[], read: (row: Row) => Instance | undefined): LoadGroup[] {
    const group = new LoadGroup();
    for (let index = 0; index < rows.length; index++) group.add(read(rows[index]!)!, rows.length);
    return [group];
  }

  /** Reads rows that hold several entities each, and relates these along the joins. A join repeats an entity in several rows. */
  #readJoined(
    segments: readonly Segment[],
    rows: readonly Row[],
    readers: readonly ((row: Row) => Instance | undefined)[],
  ): LoadGroup[] {
    const { relationships } = this.#state.registry;
    const all = segments.map(() => new Set<Instance>());
    const members = segments.map(() => new Map<Instance, Set<object>>());
    const found: (Instance | undefined)[] = [];
    for (const row of rows)
      for (let place = 0; place < segments.length; place++) {
        const { parent } = segments[place]!;
        const owner = parent && found[parent.segment];
        const instance = parent && !owner ? undefined : readers[place]!(row);
        found[place] = instance;
        if (instance) all[place]!.add(instance);
        if (!owner) continue;
        if (!parent!.relation.toMany) {
          relationships.fillOne(owner, parent!.relation, instance?.entity ?? null);
          continue;
        }
        let set = members[place]!.get(owner);
        if (!set) members[place]!.set(owner, (set = new Set()));
        if (instance) set.add(instance.entity);
      }
    segments.forEach(({ parent }, place) => {
      for (const [owner, set] of members[place]!) relationships.fillMany(owner, parent!.relation, [...set]);
    });
    return all.map((instances) => {
      const group = new LoadGroup();
      for (const instance of instances) group.add(instance, instances.size);
      return group;
    });
  }

  /** Returns the function that reads one entity out of a row: the loaded object of the key, or a new one. */
  #reader(
    model: EntityModel,
    offset: number,
    populateExisting: boolean,
    created: Instance[] | undefined,
  ): (row: Row) => Instance | undefined {
    if (model.primary.length === 0) return this.#readerWithoutKey(model, offset, created);
    const state = this.#state;
    const { relationships } = state.registry;
    const hydrator = hydratorOf(model, relationships);
    const maker = keyMaker(model);
    const places = hydrator.keyPlaces.map((place) => offset + place);
    const identities = state.identities.of(model);
    const subclasses = subclassesOf(model, offset);
    const uncommitted = state.connection.inTransaction ? state.readInTransaction : undefined;
    return (row) => {
      const key = maker.ofRow(row, places);
      if (key === undefined) return undefined;
      const known = identities.get(key);
      if (known) {
        if (populateExisting || known.generation !== state.generation) {
          this.#reread(known, row, offset, model, populateExisting);
          uncommitted?.add(known);
        }
        return known;
      }
      const subclass = subclasses?.get(String(row[subclasses.place])) ?? model;
      const own = subclass === model ? hydrator : hydratorOf(subclass, relationships);
      const [ownRow, ownOffset] = subclass === model ? [row, offset] : [rowOfSubclass(subclass, model, row, offset), 0];
      const entity = own.create(ownRow, ownOffset);
      const snapshot = own.snapshot(ownRow, ownOffset);
      const instance = new Instance(subclass, entity, state, snapshot, key, state.generation);
      attach(entity, instance);
      if (subclass.embeddedRelations.length > 0) relationships.relinkEmbeddeds(instance);
      identities.set(key, instance);
      uncommitted?.add(instance);
      created?.push(instance);
      return instance;
    };
  }

  /** The rows of an entity without a primary key, a view: each is an object of its own, which the session does not hold. */
  #readerWithoutKey(
    model: EntityModel,
    offset: number,
    created: Instance[] | undefined,
  ): (row: Row) => Instance | undefined {
    const hydrator = hydratorOf(model, this.#state.registry.relationships);
    return (row) => {
      // A LEFT JOIN has NULLs where there is no row.
      if (offset > 0 && row.slice(offset, offset + model.selected.length).every((raw) => raw === null))
        return undefined;
      const entity = hydrator.create(row, offset);
      const instance = new Instance(model, entity, undefined, hydrator.snapshot(row, offset));
      attach(entity, instance);
      created?.push(instance);
      return instance;
    };
  }

  /** Reads a loaded object again. Its changes are kept, unless they are to be overwritten. */
  #reread(instance: Instance, row: Row, offset: number, model: EntityModel, overwrite: boolean): void {
    const state = this.#state;
    const { model: subclass, entity } = instance;
    const hydrator = hydratorOf(subclass, state.registry.relationships);
    const edits = overwrite || !state.isDirty(instance) ? NO_EDITS : editsOf(instance);
    const [ownRow, ownOffset] = subclass === model ? [row, offset] : [rowOfSubclass(subclass, model, row, offset), 0];
    hydrator.populate(entity, ownRow, ownOffset);
    const snapshot = hydrator.snapshot(ownRow, ownOffset);
    for (const { column, value } of edits) column.write(entity, value);
    // The changes are based on the version that was read before, which the UPDATE has to check.
    if (edits.length > 0 && subclass.version)
      snapshot[subclass.version.index] = instance.snapshot![subclass.version.index];
    if (state.bulkWritten.size > 0) state.undoLog.record(instance);
    instance.snapshot = snapshot;
    instance.generation = state.generation;
    instance.group = undefined;
    instance.forbidden = undefined;
    state.expireRelations(instance, overwrite);
    state.registry.relationships.relinkEmbeddeds(instance);
  }

  /** Calls the listeners of new objects, and loads eager relations. */
  async #complete(
    created: readonly Instance[],
    groups: readonly LoadGroup[],
    newlyLoaded: Set<object> | undefined,
  ): Promise<void> {
    const { queryRunner } = this.#state.connection;
    await notifyLoaded(queryRunner, created);
    for (const instance of created) storeComputed(instance);
    for (const { instances } of groups) {
      const owners = new Map<RelationModel, object[]>();
      for (const { model, entity } of instances)
        for (const relation of model.eager) {
          const list = owners.get(relation);
          if (list) list.push(entity);
          else owners.set(relation, [entity]);
        }
      for (const [relation, list] of owners) await this.#context.loadRelation(list, relation, newlyLoaded);
      for (const [model, list] of byModel(instances)) await loadRelationIds(this.#context, queryRunner, model, list);
    }
  }
}

/** Takes what listeners computed into the snapshot: it is no change of the user's. */
function storeComputed(instance: Instance): void {
  const snapshot = [...instance.snapshot!];
  for (const column of instance.model.columns) {
    const value = column.read(instance.entity);
    if (value !== undefined && !column.codec.same(value, snapshot[column.index]))
      snapshot[column.index] = column.codec.freezeValue(value);
  }
  instance.snapshot = snapshot;
}

const NO_EDITS: readonly Change[] = [];

/** The changed columns with the values of their properties; a foreign key without a property follows its relation. */
function editsOf(instance: Instance): Change[] {
  return changesOf(instance).map(({ column }) => ({ column, value: column.read(instance.entity) }));
}

interface Subclasses extends Map<string, EntityModel> {
  /** The place of the discriminator column in a row. */
  place: number;
}

/** The classes of a single-table inheritance by discriminator value; undefined where there is one class. */
function subclassesOf(model: EntityModel, offset: number): Subclasses | undefined {
  const { discriminatorColumn, childEntityMetadatas } = model.metadata;
  if (!discriminatorColumn || childEntityMetadatas.length === 0) return undefined;
  const subclasses = new Map() as Subclasses;
  subclasses.place = offset + model.selected.findIndex(({ metadata }) => metadata === discriminatorColumn);
  for (const child of childEntityMetadatas)
    if (child.discriminatorValue !== undefined) subclasses.set(child.discriminatorValue, model.sibling(child));
  return subclasses;
}

/** The columns of one class out of a row with the columns of all classes of the table. */
function rowOfSubclass(subclass: EntityModel, model: EntityModel, row: Row, offset: number): Row {
  return subclass.selected.map(({ column }) => row[offset + model.selected.findIndex((one) => one.column === column)]);
}
