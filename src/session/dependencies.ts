import type { EntityModel, RelationModel } from "../metadata/model";
import type { ChangeSet } from "./change-set-computer";
import type { Dependency } from "./dependency";
import type { IdentityMap } from "./identity-map";
import { keyMaker } from "./identity-key";
import { instanceOf, type Instance, type Reference } from "./instance";
import { changesKey } from "./key-change";

const NONE: readonly Dependency[] = [];

/** Which rows of a change set have to be written before which. */
export class Dependencies {
  readonly #inserts: ReadonlySet<Instance>;
  /** Rows whose keys change: who comes to point at them has the new one. */
  readonly #rekeyed: ReadonlySet<Instance>;
  readonly #changed: ReadonlyMap<Instance, ReadonlySet<RelationModel>>;
  readonly #deletes: ReadonlySet<Instance>;
  readonly #identities: IdentityMap;
  readonly #referrers = new Map<Instance, Dependency[]>();

  constructor({ inserts, updates, deletes }: ChangeSet, identities: IdentityMap) {
    this.#inserts = new Set(inserts);
    this.#rekeyed = new Set(updates.filter(changesKey).map(({ instance }) => instance));
    this.#deletes = new Set(deletes);
    this.#identities = identities;
    this.#changed = new Map(
      updates.map(({ instance, changes }) => {
        const columns = new Set(changes.map(({ column }) => column));
        const relations = keysOf(instance.model).filter(({ joins }) =>
          joins.some(({ foreign }) => columns.has(foreign)),
        );
        return [instance, new Set(relations)];
      }),
    );
    if (deletes.length > 0)
      this.#findReferrers(
        deletes,
        updates.map(({ instance }) => instance),
      );
  }

  /** Whether a key changes that others may come to point at. */
  get rekeys(): boolean {
    return this.#rekeyed.size > 0;
  }

  /** What has to be written before the row of an object. */
  of(instance: Instance): readonly Dependency[] {
    if (this.#deletes.has(instance)) return this.#referrers.get(instance) ?? NONE;
    return this.#referencesOf(instance, this.#changed.get(instance));
  }

  /** The same for a row that is to be deleted, when all updates have been written already. */
  amongDeletes(instance: Instance): readonly Dependency[] {
    const referrers = this.#referrers.get(instance);
    return referrers ? referrers.filter(({ on }) => this.#deletes.has(on)) : NONE;
  }

  /** New rows that a row points at come before it. */
  #referencesOf(instance: Instance, changed: ReadonlySet<RelationModel> | undefined): readonly Dependency[] {
    if (!instance.related || this.#inserts.size + this.#rekeyed.size === 0) return NONE;
    let dependencies: Dependency[] | undefined;
    for (const relation of keysOf(instance.model)) {
      if (changed && !changed.has(relation)) continue;
      const reference = instance.relatedBy(relation) as Reference | undefined;
      const on = reference?.entity ? instanceOf(reference.entity) : undefined;
      if (
        !on ||
        !(this.#inserts.has(on) || (this.#rekeyed.has(on) && reference?.assigned)) ||
        (on === instance && isKnown(on, relation))
      )
        continue;
      (dependencies ??= []).push({ on, relation });
    }
    return dependencies ?? NONE;
  }

  /** Rows that point at a row, as the database has it, leave before it goes. */
  #findReferrers(deletes: readonly Instance[], updates: readonly Instance[]): void {
    const roots = new Set(deletes.map(({ model }) => model.root));
    const relationsOf = new Map<EntityModel, readonly RelationModel[]>();
    for (const instances of [updates, deletes])
      for (const instance of instances) {
        const { model } = instance;
        let relations = relationsOf.get(model);
        if (!relations)
          relationsOf.set(model, (relations = keysOf(model).filter(({ target }) => roots.has(target.root))));
        for (const relation of relations) {
          const target = this.#storedTarget(instance, relation);
          if (!target || !this.#deletes.has(target)) continue;
          const list = this.#referrers.get(target);
          if (list) list.push({ on: instance, relation });
          else this.#referrers.set(target, [{ on: instance, relation }]);
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

/** Relations whose foreign key stands in the entity's own table. */
function keysOf({ relations }: EntityModel): RelationModel[] {
  return relations.filter(({ holdsKey }) => holdsKey);
}

/** Whether a row that points at itself can be inserted so. */
function isKnown(instance: Instance, relation: RelationModel): boolean {
  return relation.joins.every(({ referenced }) => (referenced.read(instance.entity) ?? undefined) !== undefined);
}
