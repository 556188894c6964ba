import type { MaybePromise, Row } from "../../dialect/dialect";
import type { EntityModel, RelationModel } from "../../metadata/model";
import type { MaterializeOptions, Segment } from "../../query/context";
import { changesOf, type Change } from "../flush/change-set";
import { hydratorOf } from "../relations/hydrator";
import { keyMaker } from "../state/identity-key";
import { byModel, attach, Instance } from "../state/instance";
import { notifyLoaded } from "../flush/listeners";
import { LoadGroup } from "../state/load-group";
import { loadRelationIds } from "../relations/relation-ids";
import type { Workspace } from "../workspace";

/** Makes objects of the rows of a query: the loaded object of each key, or a new one. */
export class RowReader {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  read(
    segments: readonly Segment[],
    rows: readonly Row[],
    { populateExisting, arrivals }: MaterializeOptions,
  ): MaybePromise<object[]> {
    const hears = segments.some(({ model }) => this.#hearsOfLoading(model));
    const fresh: Instance[] | undefined = hears || arrivals ? [] : undefined;
    const readers = segments.map(({ model, offset }) => this.#reader(model, offset, populateExisting, fresh));
    const groups =
      segments.length === 1 ? this.#readRows(rows, readers[0]!) : this.#readJoined(segments, rows, readers);
    const entities = groups[0]!.instances.map(({ entity }) => entity);
    if (arrivals) for (const { entity } of fresh!) arrivals.add(entity);
    const eager = segments.some(({ model }) => model.loadsEagerly);
    if (!eager && !(hears && fresh!.length > 0)) return entities;
    return this.#afterReading(hears ? fresh! : [], eager ? groups : [], arrivals, entities);
  }

  /** An entity a row. */
  #readRows(rows: readonly Row[], read: (row: Row) => Instance | undefined): LoadGroup[] {
    const group = new LoadGroup();
    for (let index = 0; index < rows.length; index++) group.take(read(rows[index]!)!, rows.length);
    return [group];
  }

  /** Rows of several entities: each row's entities are related as the joins say. A join makes several rows of one entity; it is found once. */
  #readJoined(
    segments: readonly Segment[],
    rows: readonly Row[],
    readers: readonly ((row: Row) => Instance | undefined)[],
  ): LoadGroup[] {
    const { relationships } = this.#workspace.registry;
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
      for (const instance of instances) group.take(instance, instances.size);
      return group;
    });
  }

  /** Reads one entity's columns out of rows: the loaded object of the key, or a new one. */
  #reader(
    model: EntityModel,
    offset: number,
    populateExisting: boolean,
    fresh: Instance[] | undefined,
  ): (row: Row) => Instance | undefined {
    const { relationships } = this.#workspace.registry;
    const hydrator = hydratorOf(model, relationships);
    const maker = keyMaker(model);
    const places = hydrator.keyPlaces.map((place) => offset + place);
    const identities = this.#workspace.identities.of(model);
    const kinds = kindsByDiscriminator(model, offset);
    const inside = this.#workspace.connection.inTransaction ? this.#workspace.readInside : undefined;
    return (row) => {
      const key = maker.ofRow(row, places);
      if (key === undefined) return undefined;
      const known = identities.get(key);
      if (known) {
        if (populateExisting || known.generation !== this.#workspace.generation) {
          this.#reread(known, row, offset, model, populateExisting);
          inside?.add(known);
        }
        return known;
      }
      const kind = kinds?.get(String(row[kinds.place])) ?? model;
      const own = kind === model ? hydrator : hydratorOf(kind, relationships);
      const [ownRow, ownOffset] = kind === model ? [row, offset] : [rowOfKind(kind, model, row, offset), 0];
      const entity = own.create(ownRow, ownOffset);
      const snapshot = own.snapshot(ownRow, ownOffset);
      const instance = new Instance(kind, entity, this.#workspace, snapshot, key, this.#workspace.generation);
      attach(entity, instance);
      identities.set(key, instance);
      inside?.add(instance);
      fresh?.push(instance);
      return instance;
    };
  }

  /** Takes what the database says now; what was changed here since is kept, unless it is to be overwritten. */
  #reread(instance: Instance, row: Row, offset: number, model: EntityModel, overwrite: boolean): void {
    const { model: kind, entity } = instance;
    const hydrator = hydratorOf(kind, this.#workspace.registry.relationships);
    const edits = overwrite || !this.#workspace.isDirty(instance) ? NO_EDITS : editsOf(instance);
    const [ownRow, ownOffset] = kind === model ? [row, offset] : [rowOfKind(kind, model, row, offset), 0];
    hydrator.populate(entity, ownRow, ownOffset);
    const snapshot = hydrator.snapshot(ownRow, ownOffset);
    for (const { column, value } of edits) column.write(entity, value);
    // The edits were made on what was read before: whoever changed the row since must not be overwritten unseen.
    if (edits.length > 0 && kind.version) snapshot[kind.version.index] = instance.snapshot![kind.version.index];
    if (this.#workspace.bulkWritten.size > 0) this.#workspace.journal.record(instance);
    instance.snapshot = snapshot;
    instance.generation = this.#workspace.generation;
    instance.group = undefined;
    instance.guarded = undefined;
    this.#workspace.forgetRelations(instance, overwrite);
  }

  #hearsOfLoading({ metadata }: EntityModel): boolean {
    return (
      metadata.afterLoadListeners.length > 0 ||
      this.#workspace.dataSource.subscribers.some(({ afterLoad }) => afterLoad !== undefined)
    );
  }

  /** What follows when rows have become objects: listeners hear of new ones, and eager relations are loaded. */
  async #afterReading(
    fresh: readonly Instance[],
    groups: readonly LoadGroup[],
    arrivals: Set<object> | undefined,
    entities: object[],
  ): Promise<object[]> {
    await this.#tellOfLoading(fresh);
    for (const { instances } of groups) {
      const owners = new Map<RelationModel, object[]>();
      for (const { model, entity } of instances)
        for (const relation of model.eager) {
          const list = owners.get(relation);
          if (list) list.push(entity);
          else owners.set(relation, [entity]);
        }
      for (const [relation, list] of owners) await this.#workspace.loadRelation(list, relation, arrivals);
      for (const [model, list] of byModel(instances))
        await loadRelationIds(this.#workspace, this.#workspace.connection.queryRunner, model, list);
    }
    return entities;
  }

  async #tellOfLoading(fresh: readonly Instance[]): Promise<void> {
    await notifyLoaded(this.#workspace.connection.queryRunner, fresh);
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
  }
}

const NO_EDITS: readonly Change[] = [];

/** Columns that were changed since they were read, with what their properties hold; a relation's own key follows the relation. */
function editsOf(instance: Instance): Change[] {
  return changesOf(instance).map(({ column }) => ({ column, value: column.read(instance.entity) }));
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
