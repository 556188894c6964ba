import type { ColumnModel, RelationIdModel, RelationModel } from "../../metadata/model";
import { isExposed } from "./instrument";
import { instanceOf, type Instance } from "../state/instance";
import { currentValue, keyValues, writeRelationId } from "../state/values";

/**
 * Sets the `@RelationId` properties of an object that was written from its relations, as far as they are loaded. One whose
 * relation is only known from the other side is not enumerable, as the relation itself.
 */
export function updateRelationIds(instance: Instance): void {
  for (const shown of instance.model.relationIds) {
    const { relation, property } = shown;
    const isRead = Object.prototype.propertyIsEnumerable.call(instance.entity, property);
    const isShown = (isRead && valueOf(instance, property) !== undefined) || isExposed(instance, relation);
    if (relation.holdsKey) {
      writeRelationId(instance, property, keyOf(instance, relation), isShown);
      continue;
    }
    const related = instance.relatedValue(relation);
    if (!related?.isLoaded) continue;
    const ids = related.members().map(idOf);
    writeRelationId(instance, property, relation.toMany ? ids : ids.length > 0 ? ids[0] : null, isShown);
  }
}

function valueOf({ entity }: Instance, property: string): unknown {
  return (entity as Record<string, unknown>)[property];
}

/** Sets one `@RelationId` property of an object that was read from its own foreign key. */
export function updateRelationIdOfKey(instance: Instance, { relation, property }: RelationIdModel): void {
  writeRelationId(instance, property, keyOf(instance, relation));
}

function keyOf(instance: Instance, { joins }: RelationModel): unknown {
  const values = joins.map(({ foreign }) => currentValue(instance, foreign));
  return relationId(
    joins.map(({ referenced }) => referenced),
    values,
  );
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
