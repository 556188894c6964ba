import type { EntityModel } from "../../metadata/model";
import type { Instance } from "./instance";

/** The objects that a session has loaded or saved, by key: one object for each row. */
export class IdentityMap {
  readonly #byModel = new Map<EntityModel, Map<unknown, Instance>>();

  /** The objects of one table, which the classes of a single-table inheritance share. */
  of(model: EntityModel): Map<unknown, Instance> {
    const root = model.root;
    let map = this.#byModel.get(root);
    if (!map) this.#byModel.set(root, (map = new Map<unknown, Instance>()));
    return map;
  }

  get(model: EntityModel, key: unknown): Instance | undefined {
    return this.#byModel.get(model.root)?.get(key);
  }

  add(instance: Instance): void {
    this.of(instance.model).set(instance.key, instance);
  }

  remove(instance: Instance): void {
    const map = this.of(instance.model);
    if (map.get(instance.key) === instance) map.delete(instance.key);
  }

  /** The objects of each table. */
  tables(): Iterable<Map<unknown, Instance>> {
    return this.#byModel.values();
  }

  *[Symbol.iterator](): Generator<Instance> {
    for (const map of this.#byModel.values()) yield* map.values();
  }

  get size(): number {
    let size = 0;
    for (const map of this.#byModel.values()) size += map.size;
    return size;
  }

  clear(): void {
    this.#byModel.clear();
  }
}
