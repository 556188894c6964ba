import type { ColumnModel, EntityModel } from "../metadata/model";
import type { QueryContext } from "./context";
import { cursorText, parseCursor } from "./cursor";
import { cursorOfAnotherOrder, placeOfAnother, placeToRead, placeWithoutRow } from "./errors";
import { Labelled, Rendered, type Alias, type Condition } from "./expression";
import { beyond, isOwn, type KeysetTerm, type Side } from "./keyset";
import { anyType } from "./value-type";

/** A place in a query's order beyond which rows are selected: `after(…)`, `before(…)`. */
export interface Bound {
  readonly side: Side;
  /** An object, or a cursor; null where nothing is left out. */
  readonly at: object | string | null;
  /** Whether the row at the place is selected too. */
  readonly isInclusive: boolean;
  /** The values of its place, where they are known already. */
  readonly values?: readonly unknown[] | undefined;
}

/** What a place is of. */
export interface Ordered {
  readonly model: EntityModel;
  readonly alias: Alias | undefined;
  readonly terms: readonly KeysetTerm[];
  readonly context: QueryContext;
}

/** Rows beyond a bound. @throws RetortError `query/cursor` where its place has to be read first */
export function conditionOfBound(bound: Bound, ordered: Ordered): Condition | undefined {
  if (bound.at === null && !bound.values) return undefined;
  const values = valuesOfBound(bound, ordered);
  if (!values) throw placeToRead(ordered.model.name, bound.side);
  return beyond(ordered.terms, values, bound.side, bound.isInclusive);
}

/** The values of a bound's place; undefined where only the database has them. */
export function valuesOfBound(bound: Bound, ordered: Ordered): readonly unknown[] | undefined {
  const { at, side } = bound;
  if (bound.values) return bound.values;
  return typeof at === "string" ? valuesOfCursor(at, side, ordered) : valuesOfObject(at!, side, ordered);
}

/** The key of an object, as it is sent to the database. */
export function keyOfPlace(place: object, method: string, { model, context }: Ordered): readonly unknown[] {
  const own = context.modelOf(place);
  if (own && !own.isA(model)) throw placeOfAnother(method, model.name, `a ${own.name}`);
  const key = context.keyOf(model, place);
  if (!key) throw placeWithoutRow(model.name, method);
  return key.map((value, index) => encoded(model.primary[index]!, value));
}

/** The text of a cursor. */
export function textOfPlace({ model, terms }: Ordered, values: readonly unknown[]): string {
  return cursorText({ entity: model.name, order: terms.map(({ name }) => name), values });
}

/** Refuses what is no cursor, or one of another entity. Of which order it is, is known when the query is sent. */
export function checkCursor(text: string, method: string, model: string): void {
  const { entity } = parseCursor(text, method);
  if (entity !== model) throw placeOfAnother(method, model, `a cursor of ${entity}`);
}

const ANY = anyType("a place in an order");

/** What a SELECT reads to know the place of its row. */
export function placeColumns(terms: readonly KeysetTerm[]): Labelled[] {
  return terms.map(
    ({ scalar, type }, index) =>
      new Labelled<unknown>(new Rendered((renderer) => type.read(renderer.expression(scalar)), ANY), `place${index}`),
  );
}

function valuesOfCursor(text: string, side: Side, { terms }: Ordered): readonly unknown[] {
  const { order, values } = parseCursor(text, side);
  const own = terms.map(({ name }) => name);
  if (order.length !== own.length || order.some((name, index) => name !== own[index]))
    throw cursorOfAnotherOrder(side, own, order);
  return values;
}

/** The values of an object's place; undefined where only the database has them. */
export function valuesOfObject(place: object, method: string, ordered: Ordered): readonly unknown[] | undefined {
  const { model, alias, terms, context } = ordered;
  const isEntity = context.modelOf(place) !== undefined;
  const key = keyOfPlace(place, method, ordered);
  const values = terms.map(({ scalar }) => {
    if (!isOwn(scalar, model, alias) || !isExact(scalar.model)) return undefined;
    const part = model.primary.findIndex(({ column }) => column === scalar.model.column);
    if (part !== -1) return key[part];
    // The row of a `select(…)` may give the name of a column to another value.
    return isEntity ? encoded(scalar.model, scalar.model.read(place)) : undefined;
  });
  return values.includes(undefined) ? undefined : values;
}

function encoded(column: ColumnModel, value: unknown): unknown {
  return column.codec.encode ? column.codec.encode(value) : value;
}

/** Types whose values have more digits in the database than in JavaScript, or fewer. */
const INEXACT = new Set<unknown>(["float", "float4", "float8", "double", "double precision", "real", "money"]);

/** Whether the value of the property is the stored one, digit by digit. */
function isExact({ codec, metadata }: ColumnModel): boolean {
  return codec.plain && !INEXACT.has(metadata.type);
}
