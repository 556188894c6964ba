import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";
import type { RelationModel } from "../../metadata/model";
import type { RelationValues } from "../../typeorm/relation-values";
import { instanceOf } from "../state/instance";
import { isShown } from "./instrument";
import type { Relationships } from "./relationships";

/**
 * What TypeORM's own functions see of objects that a session has seen: the relations that JSON shows, too. One that is not loaded is
 * `undefined`, as in an object that TypeORM has read, so that `save` leaves it alone. One that is only known because the other side was set
 * is left out: `create` and `merge` follow every relation, and would never end.
 */
export class TypeormView implements RelationValues {
  readonly #relationships: Relationships;

  constructor(relationships: Relationships) {
    this.#relationships = relationships;
  }

  knows(entity: unknown, metadata: RelationMetadata): entity is object {
    return instanceOf(entity)?.model.relation(metadata.propertyPath) !== undefined;
  }

  read(entity: object, metadata: RelationMetadata, isPromiseWanted: boolean): unknown {
    const instance = instanceOf(entity)!;
    const relation = instance.model.relation(metadata.propertyPath)!;
    const promise = instance.promises?.get(relation);
    if (promise) return isPromiseWanted ? promise : undefined;
    if (!isShown(instance, relation))
      return isPartOfKey(relation) ? (this.#relationships.known(instance, relation) ?? undefined) : undefined;
    if (!metadata.isLazy) return relation.read(entity);
    const related = instance.relatedValue(relation);
    return related?.isLoaded ? related.value : undefined;
  }

  write(entity: object, metadata: RelationMetadata, value: unknown): void {
    const instance = instanceOf(entity)!;
    const relation = instance.model.relation(metadata.propertyPath)!;
    if (relation.path.length > 1) relation.write(entity, value);
    else this.#relationships.write(instance, relation, value);
  }
}

/** TypeORM identifies such an object by the one that it refers to. */
function isPartOfKey({ holdsKey, joins }: RelationModel): boolean {
  return holdsKey && joins.some(({ foreign }) => foreign.isPrimary);
}
