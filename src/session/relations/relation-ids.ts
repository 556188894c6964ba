import type { ColumnModel, RelationIdModel } from "../../metadata/model";
import { instanceOf, type Instance } from "../state/instance";
import { currentValue, keyValues, writeRelationId } from "../state/values";

/** Sets the `@RelationId` properties of an object from its relations, as far as they are loaded. */
export function updateRelationIds(instance: Instance): void {
  for (const shown of instance.model.relationIds) {
    const { relation, property } = shown;
    if (relation.holdsKey) {
      updateRelationIdOfKey(instance, shown);
      continue;
    }
    const related = instance.relatedValue(relation);
    if (!related?.isLoaded) continue;
    const ids = related.members().map(idOf);
    writeRelationId(instance, property, relation.toMany ? ids : ids.length > 0 ? ids[0] : null);
  }
}

/** Sets one `@RelationId` property from the object's own foreign key. */
export function updateRelationIdOfKey(instance: Instance, { relation, property }: RelationIdModel): void {
  const referenced = relation.joins.map((join) => join.referenced);
  const values = relation.joins.map(({ foreign }) => currentValue(instance, foreign));
  writeRelationId(instance, property, relationId(referenced, values));
}

/** A key as a `@RelationId` property shows it: a value, or an object of the parts of a composite key. */
export function relationId(columns: readonly ColumnModel[], values: readonly unknown[]): unknown {
  if (columns.length === 1) return values[0];
  const key = {};
  columns.forEach((column, place) => column.write(key, values[place]));
  return key;
}

function idOf(entity: object): unknown {
  const instance = instanceOf(entity)!;
  return relationId(instance.model.primary, keyValues(instance));
}
