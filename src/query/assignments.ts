import { isObject } from "../values";
import type { ColumnModel, EntityModel } from "../metadata/model";
import { valueMissing, valueRefused } from "../metadata/errors";
import { isLeftToDatabase } from "../metadata/inspection/refusal";
import { neverUpdated, unknownProperty } from "./errors";
import { Expression, isSubquery, Scalar } from "./expression";

/** A column, and the value that `update({ … })` sets. */
export interface Assignment {
  readonly column: ColumnModel;
  readonly value: unknown;
}

/**
 * The columns of the properties in `update({ … })`. Undefined values are ignored.
 *
 * @param strict whether to refuse values that the database would store in another form
 */
export function assignmentsOf(model: EntityModel, values: object, strict: boolean): Assignment[] {
  const assigned = Object.entries(values).flatMap(([property, value]) => assignments(model, property, value));
  for (const assignment of assigned) check(assignment, strict);
  return assigned;
}

function check({ column, value }: Assignment, strict: boolean): void {
  if (!column.metadata.isUpdate) throw neverUpdated(column.label);
  if (value instanceof Expression || isSubquery(value)) return;
  if (value === null || value === undefined) {
    if (!column.metadata.isNullable) throw valueMissing(column);
    return;
  }
  const refusal = column.inspect(value);
  if (refusal && (strict || !isLeftToDatabase(refusal))) throw valueRefused(column, value, refusal);
}

/** A relation sets its foreign key. */
function assignments(model: EntityModel, property: string, value: unknown): Assignment[] {
  if (value === undefined) return [];
  const column = model.column(property);
  if (column && !column.isVirtual) return [{ column, value }];
  const relation = model.relation(property);
  if (relation?.holdsKey)
    return relation.joins.map(({ foreign, referenced }) => ({
      column: foreign,
      value: isEntity(value) ? referenced.read(value) : value,
    }));
  const inside = model.columns.filter(({ path }) => path.length > 1 && path[0] === property);
  if (inside.length > 0 && isObject(value))
    return inside
      .map((one) => ({ column: one, value: one.read({ [property]: value }) }))
      .filter((one) => one.value !== undefined);
  throw unknownProperty(model.name, property, model.properties);
}

function isEntity(value: unknown): value is object {
  return isObject(value) && !(value instanceof Scalar) && !isSubquery(value);
}
