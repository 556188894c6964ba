import type { EntityModel, RelationModel } from "../../metadata/model";
import type { ChangeSet } from "./change-set-computer";
import type { Dependency } from "./dependency";
import type { IdentityMap } from "../state/identity-map";
import { keyMaker } from "../state/identity-key";
import { instanceOf, type Instance, type Reference } from "../state/instance";
import { changesKey } from "../write/key-change";
import type { Update } from "../write/persister";

const NONE: readonly Dependency[] = [];

/** Which rows of a change set have to be written before which. Looked at when it is first asked, for most flushes never ask. */
export class Dependencies {
  /** Whether a key changes that others may come to point at. */
  readonly rekeys: boolean;
  readonly #work: ChangeSet;
  readonly #identities: IdentityMap;
  #known: Known | undefined;

  constructor(work: ChangeSet, identities: IdentityMap) {
    this.#work = work;
    this.#identities = identities;
    this.rekeys = work.updates.some(changesKey);
  }

  /** What has to be written before the row of an object. */
  of(instance: Instance): readonly Dependency[] {
    const known = this.#look();
    if (known.deletes.has(instance)) return known.referrers.get(instance) ?? NONE;
    return referencesOf(instance, known);
  }

  /** The same for a row that is to be deleted, when all updates have been written already. */
  amongDeletes(instance: Instance): readonly Dependency[] {
    const { referrers, deletes } = this.#look();
    return referrers.get(instance)?.filter(({ on }) => deletes.has(on)) ?? NONE;
  }

  #look(): Known {
    if (this.#known) return this.#known;
    const { inserts, updates, deletes } = this.#work;
    const known: Known = {
      inserts: new Set(inserts),
      rekeyed: new Set(updates.filter(changesKey).map(({ instance }) => instance)),
      deletes: new Set(deletes),
      changed: new Map(updates.map((update) => [update.instance, changedKeys(update)])),
      referrers: new Map<Instance, Dependency[]>(),
    };
    if (deletes.length > 0) this.#findReferrers(known);
    return (this.#known = known);
  }

  /** Rows that point at a row, as the database has it, leave before it goes. */
  #findReferrers({ deletes, changed, referrers }: Known): void {
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
          const list = referrers.get(target);
          if (list) list.push({ on: instance, relation });
          else referrers.set(target, [{ on: instance, relation }]);
        }
      }
  }

  #storedTarget(instance: Instance, relation: RelationModel): Instance | undefined {
    const values = relation.joins.map(({ foreign }) => {
      const remembered = instance.snapshot![foreign.index];
      return typeof remembered === "symbol" ? undefined : foreign.codec.thaw(remembered);
    });
    const key = keyMaker(relation.target).ofValues(values);
    return key === undefined ? undefined : this.#identities.get(relation.target, key);
  }
}

/** What is found out about a change set. */
interface Known {
  readonly inserts: ReadonlySet<Instance>;
  /** Rows whose keys change: who comes to point at them has the new one. */
  readonly rekeyed: ReadonlySet<Instance>;
  readonly deletes: ReadonlySet<Instance>;
  /** The relations that an UPDATE changes. */
  readonly changed: ReadonlyMap<Instance, ReadonlySet<RelationModel>>;
  /** Rows that point at a row that goes. */
  readonly referrers: Map<Instance, Dependency[]>;
}

/** New rows that a row points at come before it. */
function referencesOf(instance: Instance, { inserts, rekeyed, changed: all }: Known): readonly Dependency[] {
  if (!instance.related || inserts.size + rekeyed.size === 0) return NONE;
  const changed = all.get(instance);
  let dependencies: Dependency[] | undefined;
  for (const relation of keysOf(instance.model)) {
    if (changed && !changed.has(relation)) continue;
    const reference = instance.relatedBy(relation) as Reference | undefined;
    const on = reference?.entity ? instanceOf(reference.entity) : undefined;
    if (
      !on ||
      !(inserts.has(on) || (rekeyed.has(on) && reference?.assigned)) ||
      (on === instance && isKnown(on, relation))
    )
      continue;
    (dependencies ??= []).push({ on, relation });
  }
  return dependencies ?? NONE;
}

function changedKeys({ instance, changes }: Update): Set<RelationModel> {
  const columns = new Set(changes.map(({ column }) => column));
  return new Set(keysOf(instance.model).filter(({ joins }) => joins.some(({ foreign }) => columns.has(foreign))));
}

const keys = new WeakMap<EntityModel, readonly RelationModel[]>();

/** Relations whose foreign key stands in the entity's own table. */
export function keysOf(model: EntityModel): readonly RelationModel[] {
  let relations = keys.get(model);
  if (!relations) keys.set(model, (relations = model.relations.filter(({ holdsKey }) => holdsKey)));
  return relations;
}

/** Whether a row that points at itself can be inserted so. */
function isKnown(instance: Instance, relation: RelationModel): boolean {
  return relation.joins.every(({ referenced }) => (referenced.read(instance.entity) ?? undefined) !== undefined);
}
