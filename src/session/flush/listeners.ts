import type { EntitySubscriberInterface, ObjectLiteral, QueryRunner } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";
import type { Instance, Reference } from "../state/instance";
import type { Update } from "../write/persister";
import type { Replacement } from "./replacements";
import { foreignKeysOf } from "../state/values";
import type { Workspace } from "../workspace";

interface Heard {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
  /** As TypeORM's `remove` and `save` would: one object goes and another comes. */
  readonly replacements: readonly Replacement[];
}

/** Tells TypeORM's listeners (`@BeforeInsert` …) and subscribers what a flush writes, as `save` and `remove` would. */
export class Listeners {
  readonly #workspace: Workspace;
  /** The objects as the database had them before the flush, for `event.databaseEntity`. */
  readonly #stored = new Map<Instance, object>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Whether anybody listens to anything of this work. */
  hear({ inserts, updates, deletes, replacements }: Heard): boolean {
    if (this.#workspace.dataSource.subscribers.length > 0) return true;
    const metadatas = new Set<EntityMetadata>();
    for (const { model } of inserts) metadatas.add(model.metadata);
    for (const { instance } of updates) metadatas.add(instance.model.metadata);
    for (const { model } of deletes) metadatas.add(model.metadata);
    for (const { by } of replacements) metadatas.add(by.model.metadata);
    return [...metadatas].some(({ listeners }) => listeners.length > 0);
  }

  /** Gives whether anybody was called, and so may have changed something. */
  async before(work: Heard): Promise<boolean> {
    await this.#tell("Before", work);
    return true;
  }

  async after(work: Heard): Promise<void> {
    await this.#tell("After", work);
  }

  /** In TypeORM's order: inserts, updates, removals, then what is hidden or shown again by a delete date. */
  async #tell(when: "Before" | "After", { inserts, updates, deletes, replacements }: Heard): Promise<void> {
    const { broadcaster } = this.#workspace.connection.queryRunner;
    const arrived = new Set(replacements.map(({ by }) => by));
    for (const { model, entity } of [...inserts, ...arrived]) {
      const { metadata } = model;
      // TypeORM's types leave out the key that `event.entityId` is made of.
      const key = when === "After" ? [metadata.getEntityIdMap(entity)] : [];
      await broadcaster.broadcast(`${when}Insert`, ...([metadata, entity, ...key] as [EntityMetadata, object]));
    }
    for (const { instance, changes } of updates)
      if (!instance.soft && !arrived.has(instance))
        await broadcaster.broadcast(
          `${when}Update`,
          instance.model.metadata,
          instance.entity,
          this.#databaseEntity(instance),
          changedColumns(instance, changes),
          changedRelations(instance, changes),
        );
    for (const instance of [...deletes, ...replacements.map(({ old }) => old)])
      await this.#tellOfRemoval(`${when}Remove`, instance);
    for (const { instance } of updates)
      if (instance.soft === "remove") await this.#tellOfRemoval(`${when}SoftRemove`, instance);
    for (const { instance } of updates)
      if (instance.soft === "recover") await this.#tellOfRemoval(`${when}Recover`, instance);
  }

  async #tellOfRemoval(
    event: `${"Before" | "After"}${"Remove" | "SoftRemove" | "Recover"}`,
    instance: Instance,
  ): Promise<void> {
    const { broadcaster } = this.#workspace.connection.queryRunner;
    const { metadata } = instance.model;
    await broadcaster.broadcast(event, metadata, instance.entity, this.#databaseEntity(instance));
  }

  /** A copy that nobody tracks. */
  #databaseEntity(instance: Instance): object {
    let stored = this.#stored.get(instance);
    if (!stored) this.#stored.set(instance, (stored = storedCopy(instance)));
    return stored;
  }
}

/**
 * `@AfterLoad` and subscribers' `afterLoad`, for objects that have just been made of rows; those that were joined hear it
 * before the ones they were joined to, as with TypeORM. Its own broadcaster would look for them in every relation of an
 * object, and take what is not loaded for an object too.
 */
export async function notifyLoaded(queryRunner: QueryRunner, fresh: readonly Instance[]): Promise<void> {
  const { dataSource, manager } = queryRunner;
  const heard: unknown[] = [];
  for (const metadata of [...new Set(fresh.map(({ model }) => model.metadata))].reverse()) {
    const entities = fresh.filter(({ model }) => model.metadata === metadata).map(({ entity }) => entity);
    for (const listener of metadata.afterLoadListeners)
      for (const entity of entities)
        if (listener.isAllowed(entity as ObjectLiteral)) heard.push(listener.execute(entity as ObjectLiteral));
    for (const subscriber of dataSource.subscribers)
      if (subscriber.afterLoad && listensTo(subscriber, metadata))
        for (const entity of entities)
          heard.push(
            subscriber.afterLoad(entity, {
              dataSource,
              connection: dataSource,
              queryRunner,
              manager,
              entity,
              metadata,
            }),
          );
  }
  await Promise.all(heard);
}

function listensTo(subscriber: EntitySubscriberInterface, { target }: EntityMetadata): boolean {
  const wanted: unknown = subscriber.listenTo?.();
  if (!wanted || wanted === Object || wanted === target) return true;
  return typeof wanted === "function" && Object.prototype.isPrototypeOf.call(wanted, target as object);
}

function storedCopy({ model, snapshot }: Instance): object {
  const { target } = model.metadata;
  const copy = Object.create((target as { prototype?: object }).prototype ?? Object.prototype) as object;
  for (const column of model.columns) {
    const remembered = snapshot![column.index];
    if (!column.isVirtual && typeof remembered !== "symbol") column.write(copy, column.codec.thaw(remembered));
  }
  return copy;
}

/** A foreign key that follows a relation is told of as a changed relation. */
function changedColumns(instance: Instance, changes: Update["changes"]): ColumnMetadata[] {
  const keys = foreignKeysOf(instance.model);
  return changes
    .filter(({ column }) => {
      const key = keys[column.index];
      return !column.isVirtual && !(key && (instance.relatedBy(key.relation) as Reference | undefined)?.entity);
    })
    .map(({ column }) => column.metadata);
}

function changedRelations(instance: Instance, changes: Update["changes"]): RelationMetadata[] {
  const columns = new Set(changes.map(({ column }) => column));
  return instance.model.relations
    .filter((relation) => relation.holdsKey && relation.joins.some(({ foreign }) => columns.has(foreign)))
    .map(({ metadata }) => metadata);
}
