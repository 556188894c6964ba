import type { RelationModel } from "../../metadata/model";
import type { Consequences } from "./cascades";
import { Collection, LazyCollection } from "../relations/collection";
import { instanceOf, type Instance } from "../state/instance";
import type { Link } from "../write/persister";
import type { Workspace } from "../workspace";

/**
 * Rows of join tables that have to come and go; each pair once, whichever side it was changed on. A side that is loaded
 * knows what the database has; one that is not only knows what was done to it.
 */
export function linkChanges(workspace: Workspace, concerned: Consequences): { links: Link[]; unlinks: Link[] } {
  const { arriving, leaving } = concerned;
  const links = new LinkSet();
  const unlinks = new LinkSet();
  for (const instances of [workspace.pending, workspace.related, arriving])
    for (const instance of instances) {
      for (const relation of instance.model.relations) {
        if (!relation.isManyToMany || relation.metadata.persistenceEnabled === false) continue;
        const members = instance.relatedBy(relation);
        if (members instanceof Collection) {
          const { added, removed } = members.changes;
          for (const entity of added) links.add(relation, instance, entity);
          for (const entity of removed) unlinks.add(relation, instance, entity);
        } else if (members instanceof LazyCollection) {
          for (const [entity, { way, here }] of members.moves)
            if (here && !isLoadedThere(relation, entity))
              (way === "came" ? links : unlinks).add(relation, instance, entity);
        }
      }
    }
  const stays = (instance: Instance): boolean =>
    (instance.owner === workspace || arriving.has(instance)) && !leaving.has(instance);
  return {
    // Somebody that only its own side speaks of is not in the session, and has no row to be linked.
    links: links.all().filter(({ owner, target }) => stays(owner) && stays(target)),
    unlinks: unlinks.all().filter(({ owner, target }) => owner.snapshot && target.snapshot),
  };
}

function isLoadedThere({ inverse }: RelationModel, entity: object): boolean {
  return inverse !== undefined && instanceOf(entity)?.relatedBy(inverse) instanceof Collection;
}

/** Pairs of a join table; a pair that both sides name is one. */
class LinkSet {
  readonly #links = new Map<string, Map<Instance, Map<Instance, Link>>>();

  add(relation: RelationModel, owner: Instance, entity: object): void {
    const target = instanceOf(entity);
    if (!target) return;
    // Seen from the owning side, whichever side told it.
    const junction = (relation.metadata.isOwning ? relation : relation.inverse!).junction!;
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
