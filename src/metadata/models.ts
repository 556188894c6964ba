import { inspect } from "node:util";
import type { DataSource } from "typeorm";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import { isObject } from "../values";
import { notAnEntity, unknownEntity } from "./errors";
import { EntityModel, type EntityTarget, type ModelRegistry } from "./model";

/** The models of a DataSource's entities; each is made when it is first asked for. */
export class Models implements ModelRegistry {
  readonly dataSource: DataSource;
  readonly #models = new Map<EntityMetadata, EntityModel>();
  readonly #byTarget = new Map<unknown, EntityModel>();

  constructor(dataSource: DataSource) {
    this.dataSource = dataSource;
  }

  of(metadata: EntityMetadata): EntityModel {
    let model = this.#models.get(metadata);
    if (!model) this.#models.set(metadata, (model = new EntityModel(metadata, this)));
    return model;
  }

  /** Every entity that the project declares; join tables and closure tables are TypeORM's own. */
  all(): EntityModel[] {
    return this.dataSource.entityMetadatas
      .filter(({ tableType }) => tableType === "regular" || tableType === "entity-child" || tableType === "view")
      .map((metadata) => this.of(metadata));
  }

  /** The model of a class, an EntitySchema or a name. Throws where the DataSource knows no such entity. */
  get(target: EntityTarget): EntityModel {
    let model = this.#byTarget.get(target);
    if (model) return model;
    if (!this.dataSource.hasMetadata(target as never)) {
      throw unknownEntity(
        nameOf(target),
        this.all().map((known) => known.name),
      );
    }
    model = this.of(this.dataSource.getMetadata(target as never));
    this.#byTarget.set(target, model);
    return model;
  }

  /** The model of an object's class; undefined where that is no entity of this DataSource. */
  find(entity: object): EntityModel | undefined {
    const constructor = (entity as { constructor?: unknown }).constructor;
    const known = this.#byTarget.get(constructor);
    if (known) return known;
    if (typeof constructor !== "function" || constructor === Object) return undefined;
    if (!this.dataSource.hasMetadata(constructor)) return undefined;
    return this.get(constructor);
  }

  /** The model of an object that has to be an entity. */
  ofEntity(entity: unknown): EntityModel {
    const model = isObject(entity) ? this.find(entity) : undefined;
    if (!model)
      throw notAnEntity(
        entity,
        this.all().map(({ name }) => name),
      );
    return model;
  }

  quotedTable(tablePath: string): string {
    return tablePath
      .split(".")
      .filter((part) => part !== "")
      .map((part) => this.dataSource.driver.escape(part))
      .join(".");
  }
}

/** What a target is called, also where callers of JavaScript hand over something else. */
function nameOf(target: unknown): string {
  if (typeof target === "string") return target;
  if (typeof target === "function") return target.name;
  const name = (target as { options?: { name?: unknown } } | null | undefined)?.options?.name;
  return typeof name === "string" ? name : inspect(target, { depth: 0, breakLength: Infinity });
}
