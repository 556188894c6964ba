import { isObject } from "../values";
import type { ColumnModel, EntityModel } from "../metadata/model";
import { valueMissing, valueRefused, type Place } from "../metadata/errors";
import { isLeftToDatabase } from "../metadata/inspection/refusal";
import { neverInserted, neverUpdated, undefinedAssignment, unknownProperty } from "./errors";
import { isPartOfQuery } from "./expression";
import { misuseOf } from "./value-check";

/** A column, and the value that `update({ … })` sets. */
export interface Assignment {
  readonly column: ColumnModel;
  readonly value: unknown;
}

/**
 * The columns of the properties in `update({ … })`.
 *
 * @param strict whether to refuse values that the database would store in another form
 */
export function assignmentsOf(model: EntityModel, values: object, strict: boolean): Assignment[] {
  const assigned = Object.entries(values).flatMap(([property, value]) => assignments(model, property, value));
  for (const assignment of assigned) check(assignment, strict);
  return assigned;
}

/**
 * The values by column in a row of `insert([{ … }])`.
 *
 * @param strict whether to refuse values that the database would store in another form
 */
export function insertedOf(model: EntityModel, values: object, strict: boolean): Map<ColumnModel, unknown> {
  const row = new Map<ColumnModel, unknown>();
  for (const [property, given] of Object.entries(values))
    for (const { column, value } of assignments(model, property, given)) {
      if (!column.metadata.isInsert || isPartOfQuery(value)) throw neverInserted(column.label);
      checkValue({ column, value }, strict);
      row.set(column, value);
    }
  return row;
}

function check(assignment: Assignment, strict: boolean): void {
  const { column, value } = assignment;
  if (!column.metadata.isUpdate) throw neverUpdated(column.label);
  if (!isPartOfQuery(value)) checkValue(assignment, strict);
}

function checkValue({ column, value }: Assignment, strict: boolean): void {
  if (value === null) {
    if (!column.metadata.isNullable) throw valueMissing(column);
    return;
  }
  const refusal = column.inspect(value);
  if (refusal && (strict || !isLeftToDatabase(refusal))) throw valueRefused(column, value, refusal);
}

/** A relation sets its foreign key. */
function assignments(model: EntityModel, property: string, value: unknown): Assignment[] {
  const column = model.column(property);
  if (column && !column.isVirtual) return [{ column, value: given(column, value) }];
  const relation = model.relation(property);
  if (relation?.holdsKey) {
    given(relation, value);
    return relation.joins.map(({ foreign, referenced }) => ({
      column: foreign,
      value: given(foreign, isEntity(value) ? referenced.read(value) : value),
    }));
  }
  const inside = model.columns.filter(({ path }) => path.length > 1 && path[0] === property);
  if (inside.length > 0 && isObject(value))
    return inside
      .map((one) => ({ column: one, value: one.read({ [property]: value }) }))
      .filter((one) => one.value !== undefined);
  throw unknownProperty(model.name, property, model.properties);
}

/** Undefined may be a mistake for any value: a variable that was not set. */
function given(at: Place & { readonly label: string }, value: unknown): unknown {
  if (value === undefined) throw undefinedAssignment(at.label, at);
  const misuse = misuseOf(value);
  if (misuse) throw valueRefused(at, value, misuse);
  return value;
}

function isEntity(value: unknown): value is object {
  return isObject(value) && !isPartOfQuery(value);
}
