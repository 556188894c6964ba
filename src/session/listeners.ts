import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { Instance } from "./instance";
import type { Update } from "./persister";
import type { Workspace } from "./workspace";

interface Heard {
  readonly inserts: readonly Instance[];
  readonly updates: readonly Update[];
  readonly deletes: readonly Instance[];
}

/** Tells TypeORM's listeners (`@BeforeInsert` …) and subscribers what a flush writes, as `save` and `remove` would. */
export class Listeners {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Whether anybody listens to anything of this work. */
  hear({ inserts, updates, deletes }: Heard): boolean {
    if (this.#workspace.dataSource.subscribers.length > 0) return true;
    const metadatas = new Set<EntityMetadata>();
    for (const { model } of inserts) metadatas.add(model.metadata);
    for (const { instance } of updates) metadatas.add(instance.model.metadata);
    for (const { model } of deletes) metadatas.add(model.metadata);
    return [...metadatas].some(({ listeners }) => listeners.length > 0);
  }

  /** Gives whether anybody was called, and so may have changed something. */
  async before({ inserts, updates, deletes }: Heard): Promise<boolean> {
    const { broadcaster } = this.#workspace.connection.queryRunner;
    for (const { model, entity } of inserts) await broadcaster.broadcast("BeforeInsert", model.metadata, entity);
    for (const { instance, changes } of updates)
      await broadcaster.broadcast(
        "BeforeUpdate",
        instance.model.metadata,
        instance.entity,
        this.#stored(instance),
        changes.map(({ column }) => column.metadata),
        changedRelations(instance, changes),
      );
    for (const instance of deletes)
      await broadcaster.broadcast("BeforeRemove", instance.model.metadata, instance.entity, this.#stored(instance));
    return true;
  }

  async after({ inserts, updates, deletes }: Heard): Promise<void> {
    const { broadcaster } = this.#workspace.connection.queryRunner;
    for (const { model, entity } of inserts) await broadcaster.broadcast("AfterInsert", model.metadata, entity);
    for (const { instance, changes } of updates)
      await broadcaster.broadcast(
        "AfterUpdate",
        instance.model.metadata,
        instance.entity,
        this.#stored(instance),
        changes.map(({ column }) => column.metadata),
        changedRelations(instance, changes),
      );
    for (const instance of deletes)
      await broadcaster.broadcast("AfterRemove", instance.model.metadata, instance.entity, this.#stored(instance));
  }

  /** The object as the database had it, for `event.databaseEntity`; a copy that nobody tracks. */
  #stored(instance: Instance): object {
    const { model, snapshot } = instance;
    const copy = Object.create(
      (model.metadata.target as { prototype?: object }).prototype ?? Object.prototype,
    ) as object;
    for (const column of model.columns) {
      const remembered = snapshot![column.index];
      if (!column.isVirtual && typeof remembered !== "symbol") column.write(copy, column.codec.thaw(remembered));
    }
    return copy;
  }
}

function changedRelations(instance: Instance, changes: Update["changes"]): never[] {
  const columns = new Set(changes.map(({ column }) => column));
  return instance.model.relations
    .filter((relation) => relation.holdsKey && relation.joins.some(({ foreign }) => columns.has(foreign)))
    .map(({ metadata }) => metadata) as never[];
}
