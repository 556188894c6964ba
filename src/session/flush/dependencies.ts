import type { EntityModel, RelationModel } from "../../metadata/model";
import { keyMaker } from "../state/identity-key";
import type { IdentityMap } from "../state/identity-map";
import { instanceOf, type Instance } from "../state/instance";
import type { ChangeSet, Update } from "./change-set";
import type { Dependency } from "./dependency";
import { changesKey } from "./referenced-columns";

const EMPTY: readonly Dependency[] = [];

/** Which rows of a change set have to be written before which, by their foreign keys. Computed on demand: most flushes do not need it. */
export class Dependencies {
  /** Whether a key changes that foreign keys may refer to. */
  readonly changeKeys: boolean;
  readonly #changes: ChangeSet;
  readonly #identities: IdentityMap;
  #index: Index | undefined;

  constructor(changes: ChangeSet, identities: IdentityMap) {
    this.#changes = changes;
    this.#identities = identities;
    this.changeKeys = changes.updates.some(changesKey);
  }

  /** The rows that have to be written before that of an object. */
  of(instance: Instance): readonly Dependency[] {
    const index = this.#indexed();
    if (index.deletes.has(instance)) return index.referencing.get(instance) ?? EMPTY;
    return referencedRows(instance, index);
  }

  /** The same for a row to delete, when all updates are written already. */
  amongDeletes(instance: Instance): readonly Dependency[] {
    const { referencing, deletes } = this.#indexed();
    return referencing.get(instance)?.filter(({ on }) => deletes.has(on)) ?? EMPTY;
  }

  #indexed(): Index {
    if (this.#index) return this.#index;
    const { inserts, updates, deletes } = this.#changes;
    const index: Index = {
      inserts: new Set(inserts),
      withNewKeys: new Set(updates.filter(changesKey).map(({ instance }) => instance)),
      deletes: new Set(deletes),
      changed: new Map(updates.map((update) => [update.instance, changedRelations(update)])),
      referencing: new Map<Instance, Dependency[]>(),
    };
    if (deletes.length > 0) this.#findReferencing(index);
    return (this.#index = index);
  }

  /** Finds the stored rows that refer to a row to delete: they are updated or deleted before it. */
  #findReferencing({ deletes, changed, referencing }: Index): void {
    const roots = new Set([...deletes].map(({ model }) => model.root));
    const relationsOf = new Map<EntityModel, readonly RelationModel[]>();
    for (const instances of [changed.keys(), deletes])
      for (const instance of instances) {
        const { model } = instance;
        let relations = relationsOf.get(model);
        if (!relations)
          relationsOf.set(model, (relations = keysOf(model).filter(({ target }) => roots.has(target.root))));
        for (const relation of relations) {
          const target = this.#storedTarget(instance, relation);
          if (!target || !deletes.has(target)) continue;
          const list = referencing.get(target);
          if (list) list.push({ on: instance, relation });
          else referencing.set(target, [{ on: instance, relation }]);
        }
      }
  }

  #storedTarget(instance: Instance, relation: RelationModel): Instance | undefined {
    const values = relation.joins.map(({ foreign }) => {
      const stored = instance.snapshot![foreign.index];
      return typeof stored === "symbol" ? undefined : foreign.codec.thaw(stored);
    });
    const key = keyMaker(relation.target).ofValues(values);
    return key === undefined ? undefined : this.#identities.get(relation.target, key);
  }
}

/** A change set, by what dependencies are found with. */
interface Index {
  readonly inserts: ReadonlySet<Instance>;
  /** Rows whose keys change: new references to them use the new key. */
  readonly withNewKeys: ReadonlySet<Instance>;
  readonly deletes: ReadonlySet<Instance>;
  /** The relations that an UPDATE changes. */
  readonly changed: ReadonlyMap<Instance, ReadonlySet<RelationModel>>;
  /** For each row to delete, the rows that refer to it. */
  readonly referencing: Map<Instance, Dependency[]>;
}

/** The rows of the change set that a row refers to. */
function referencedRows(instance: Instance, { inserts, withNewKeys, changed: all }: Index): readonly Dependency[] {
  if (!instance.related || inserts.size + withNewKeys.size === 0) return EMPTY;
  const changed = all.get(instance);
  let dependencies: Dependency[] | undefined;
  for (const relation of keysOf(instance.model)) {
    if (changed && !changed.has(relation)) continue;
    const reference = instance.reference(relation);
    const on = reference?.entity ? instanceOf(reference.entity) : undefined;
    if (
      !on ||
      !(inserts.has(on) || (withNewKeys.has(on) && reference?.isChanged)) ||
      (on === instance && hasKey(on, relation))
    )
      continue;
    (dependencies ??= []).push({ on, relation });
  }
  return dependencies ?? EMPTY;
}

function changedRelations({ instance, changes }: Update): Set<RelationModel> {
  const columns = new Set(changes.map(({ column }) => column));
  return new Set(keysOf(instance.model).filter(({ joins }) => joins.some(({ foreign }) => columns.has(foreign))));
}

const keys = new WeakMap<EntityModel, readonly RelationModel[]>();

/** The relations whose foreign key is in the entity's own table. */
export function keysOf(model: EntityModel): readonly RelationModel[] {
  let relations = keys.get(model);
  if (!relations) keys.set(model, (relations = model.relations.filter(({ holdsKey }) => holdsKey)));
  return relations;
}

/** Whether a row that refers to itself can be inserted at once: its key is known. */
function hasKey(instance: Instance, relation: RelationModel): boolean {
  return relation.joins.every(({ referenced }) => (referenced.read(instance.entity) ?? undefined) !== undefined);
}
