import type { EntityModel } from "../../metadata/model";
import type { Instance } from "./instance";

/** One object a row: every entity that a session has loaded or saved, by its key. */
export class IdentityMap {
  readonly #byModel = new Map<EntityModel, Map<unknown, Instance>>();

  /** The entities of one table; children of a single-table inheritance share their parent's. */
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

  /** Every table's entities. */
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
