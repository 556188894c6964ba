import type { RelationModel } from "../../metadata/model";
import type { SessionState } from "../session-state";
import { instanceOf, type Instance } from "../state/instance";
import type { CascadeResult, Link } from "./change-set";

/** The rows of join tables to insert and to delete; each pair once, whichever side it was changed on. */
export function linkChanges(
  state: SessionState,
  { added, deleted }: CascadeResult,
): { links: Link[]; unlinks: Link[] } {
  const links = new LinkSet();
  const unlinks = new LinkSet();
  for (const instances of [state.pending, state.relationsChanged, added])
    for (const instance of instances) {
      for (const relation of instance.model.relations) {
        if (!relation.isManyToMany || relation.metadata.persistenceEnabled === false) continue;
        const related = instance.relatedValue(relation);
        if (!related) continue;
        const changes = related.changes();
        // A side that is not loaded does not show whether a pair is stored; where only the other side is loaded, that one decides.
        const decides = (entity: object): boolean => related.isLoaded || !isLoadedThere(relation, entity);
        for (const entity of changes.added) if (decides(entity)) links.add(relation, instance, entity);
        for (const entity of changes.removed) if (decides(entity)) unlinks.add(relation, instance, entity);
      }
    }
  const stays = (instance: Instance): boolean =>
    (instance.owner === state || added.has(instance)) && !deleted.has(instance);
  return {
    // An object that only its own side relates to this one is not in the session, and is not inserted.
    links: links.all().filter(({ owner, target }) => stays(owner) && stays(target)),
    unlinks: unlinks.all().filter(({ owner, target }) => owner.snapshot && target.snapshot),
  };
}

function isLoadedThere({ inverse }: RelationModel, entity: object): boolean {
  return inverse !== undefined && instanceOf(entity)?.relatedValue(inverse)?.isLoaded === true;
}

/** Distinct rows of join tables, in the order in which they were added. */
class LinkSet {
  readonly #links = new Map<string, Map<Instance, Map<Instance, Link>>>();

  add(relation: RelationModel, owner: Instance, entity: object): void {
    const target = instanceOf(entity);
    if (!target) return;
    // Both sides name a pair as the owning side does.
    const junction = relation.owningSide.junction!;
    const [left, right] = relation.metadata.isOwning ? [owner, target] : [target, owner];
    let byLeft = this.#links.get(junction.table);
    if (!byLeft) this.#links.set(junction.table, (byLeft = new Map<Instance, Map<Instance, Link>>()));
    let byRight = byLeft.get(left);
    if (!byRight) byLeft.set(left, (byRight = new Map<Instance, Link>()));
    if (!byRight.has(right)) byRight.set(right, { junction, owner: left, target: right });
  }

  all(): Link[] {
    return [...this.#links.values()].flatMap((byLeft) =>
      [...byLeft.values()].flatMap((byRight) => [...byRight.values()]),
    );
  }
}
