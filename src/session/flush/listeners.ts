import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";
import type { ColumnModel } from "../../metadata/model";
import type { SessionState } from "../session-state";
import type { Instance } from "../state/instance";
import { currentValue, foreignKeysOf, storedValue } from "../state/values";
import type { Link, RowReuse, Update } from "./change-set";

/** What listeners are notified of. */
interface Notified {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
  /** Rows of join tables, of which subscribers are notified as of entities. */
  readonly links: readonly Link[];
  readonly unlinks: readonly Link[];
  /** As with TypeORM's `remove` and `save`: a removal and an insert. */
  readonly reusedRows: readonly RowReuse[];
}

/** Notifies TypeORM's listeners (`@BeforeInsert` …) and subscribers of what a flush writes, as `save` and `remove` would. */
export class Listeners {
  readonly #state: SessionState;
  /** Copies of the objects as stored before the flush, for `event.databaseEntity`. */
  readonly #stored = new Map<Instance, object>();

  constructor(state: SessionState) {
    this.#state = state;
  }

  /** Whether anything listens to any of it. */
  listenTo({ inserts, updates, deletes, reusedRows }: Notified): boolean {
    if (this.#state.dataSource.subscribers.length > 0) return true;
    const metadatas = new Set<EntityMetadata>();
    for (const { model } of inserts) metadatas.add(model.metadata);
    for (const { instance } of updates) metadatas.add(instance.model.metadata);
    for (const { model } of deletes) metadatas.add(model.metadata);
    for (const { by } of reusedRows) metadatas.add(by.model.metadata);
    return [...metadatas].some(({ listeners }) => listeners.length > 0);
  }

  /** In TypeORM's order: inserts, updates, removals, then soft removals and recoveries. */
  async notify(when: "Before" | "After", notified: Notified): Promise<void> {
    const { inserts, updates, deletes, links, unlinks, reusedRows } = notified;
    const { broadcaster } = this.#state.connection.queryRunner;
    const reusing = new Set(reusedRows.map(({ by }) => by));
    for (const { model, entity } of [...inserts, ...reusing]) {
      const { metadata } = model;
      // TypeORM makes `event.entityId` of a key that its types leave out.
      const key = when === "After" ? [metadata.getEntityIdMap(entity)] : [];
      await broadcaster.broadcast(`${when}Insert`, ...([metadata, entity, ...key] as [EntityMetadata, object]));
    }
    for (const link of links) {
      const pair = pairOf(link, currentValue);
      const key = when === "After" ? [pair] : [];
      await broadcaster.broadcast(
        `${when}Insert`,
        ...([link.junction.metadata, pair, ...key] as [EntityMetadata, object]),
      );
    }
    for (const { instance, changes } of updates)
      if (!instance.soft && !reusing.has(instance))
        await broadcaster.broadcast(
          `${when}Update`,
          instance.model.metadata,
          instance.entity,
          this.#databaseEntity(instance),
          changedColumns(instance, changes),
          changedRelations(instance, changes),
        );
    for (const instance of [...deletes, ...reusedRows.map(({ old }) => old)])
      await this.#notifyOfRemoval(`${when}Remove`, instance);
    for (const link of unlinks) {
      const pair = pairOf(link, storedValue);
      await broadcaster.broadcast(`${when}Remove`, link.junction.metadata, pair, pair);
    }
    for (const { instance } of updates)
      if (instance.soft === "remove") await this.#notifyOfRemoval(`${when}SoftRemove`, instance);
    for (const { instance } of updates)
      if (instance.soft === "recover") await this.#notifyOfRemoval(`${when}Recover`, instance);
  }

  async #notifyOfRemoval(
    event: `${"Before" | "After"}${"Remove" | "SoftRemove" | "Recover"}`,
    instance: Instance,
  ): Promise<void> {
    const { broadcaster } = this.#state.connection.queryRunner;
    const { metadata } = instance.model;
    await broadcaster.broadcast(event, metadata, instance.entity, this.#databaseEntity(instance));
  }

  #databaseEntity(instance: Instance): object {
    let stored = this.#stored.get(instance);
    if (!stored) this.#stored.set(instance, (stored = storedCopy(instance)));
    return stored;
  }
}

/** A row of a join table, by TypeORM's names of its columns. */
function pairOf(
  { junction, owner, target }: Link,
  valueOf: (instance: Instance, column: ColumnModel) => unknown,
): Record<string, unknown> {
  return Object.fromEntries([
    ...junction.toOwner.map(({ property, referenced }) => [property, valueOf(owner, referenced)] as const),
    ...junction.toTarget.map(({ property, referenced }) => [property, valueOf(target, referenced)] as const),
  ]);
}

/** A copy that no session tracks. */
function storedCopy({ model, snapshot }: Instance): object {
  const { target } = model.metadata;
  const copy = Object.create((target as { prototype?: object }).prototype ?? Object.prototype) as object;
  for (const column of model.columns) {
    const stored = snapshot![column.index];
    if (!column.isVirtual && typeof stored !== "symbol") column.write(copy, column.codec.thaw(stored));
  }
  return copy;
}

/** The changed columns, without foreign keys of relations: those are reported as changed relations. */
function changedColumns(instance: Instance, changes: Update["changes"]): ColumnMetadata[] {
  const keys = foreignKeysOf(instance.model);
  return changes
    .filter(({ column }) => {
      const key = keys[column.index];
      return !column.isVirtual && !(key && instance.reference(key.relation)?.entity);
    })
    .map(({ column }) => column.metadata);
}

function changedRelations(instance: Instance, changes: Update["changes"]): RelationMetadata[] {
  const columns = new Set(changes.map(({ column }) => column));
  return instance.model.relations
    .filter((relation) => relation.holdsKey && relation.joins.some(({ foreign }) => columns.has(foreign)))
    .map(({ metadata }) => metadata);
}
