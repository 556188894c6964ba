import { createHash } from "node:crypto";
import type { PlaceType } from "../dialect/column-types";
import type { Dialect } from "../dialect/dialect";
import type { EntityModel } from "../metadata/model";
import { Column, condition, Order, type Alias, type Condition, type Renderer, type Scalar } from "./expression";

/*
 * Keyset pagination: the place of a row in an order is the values that the row is sorted by, with the primary key last, so that no two
 * rows have the same place. `OFFSET` reads and drops all rows before a page; this finds the page by an index.
 */

/** One value that rows are sorted by. */
export interface KeysetTerm {
  readonly scalar: Scalar;
  readonly direction: "ASC" | "DESC";
  readonly nullsFirst: boolean;
  /** Whether it can be NULL. */
  readonly isNullable: boolean;
  readonly type: PlaceType;
  /** As a cursor names it: `author.username DESC`. */
  readonly name: string;
  /** The order that sorts by it. */
  readonly order: Order;
}

/** The side of a place on which rows are selected. */
export type Side = "after" | "before";

/**
 * An order with the primary key as its last terms, in the direction of the order's last one, so that an index may be read either way.
 *
 * @param describe names an expression that is no column
 */
export function totalOrder(
  model: EntityModel,
  alias: Alias | undefined,
  orders: readonly Order[],
  dialect: Dialect,
  describe: (scalar: Scalar) => string,
): KeysetTerm[] {
  const direction = orders.at(-1)?.direction ?? "ASC";
  const keys = model.primary
    .filter(
      (column) => !orders.some(({ scalar }) => isOwn(scalar, model, alias) && scalar.model.column === column.column),
    )
    .map((column) => new Order(new Column(column, { relations: [], alias }), direction));
  return [...orders, ...keys].map((order) => termOf(order, model, alias, dialect, describe));
}

function termOf(
  order: Order,
  model: EntityModel,
  alias: Alias | undefined,
  dialect: Dialect,
  describe: (scalar: Scalar) => string,
): KeysetTerm {
  const { scalar, direction, nulls } = order;
  const nullsFirst = nulls ? nulls === "FIRST" : (direction === "ASC") !== dialect.nullsAreLargest;
  const column = scalar instanceof Column && !scalar.model.isComputed ? scalar.model : undefined;
  return {
    scalar,
    direction,
    nullsFirst,
    isNullable: !isOwn(scalar, model, alias) || (scalar.model.metadata.isNullable && !scalar.model.isPrimary),
    type: dialect.columnTypes.place(column?.databaseType),
    name: `${pathOf(scalar, model, alias) ?? describe(scalar)} ${direction}${nulls ? ` NULLS ${nulls}` : ""}`,
    order,
  };
}

/** A column by its path from the queried entity, `author.username`; undefined for anything else. */
function pathOf(scalar: Scalar, model: EntityModel, alias: Alias | undefined): string | undefined {
  if (!(scalar instanceof Column) || scalar.model.isComputed || scalar.path.alias !== alias) return undefined;
  const { relations } = scalar.path;
  const start = relations[0]?.model ?? scalar.model.model;
  if (start.root !== model.root) return undefined;
  return [...relations.map(({ property }) => property), scalar.model.property].join(".");
}

/** Whether an expression is a column of the queried entity itself. */
export function isOwn(scalar: Scalar, model: EntityModel, alias: Alias | undefined): scalar is Column {
  return (
    scalar instanceof Column &&
    scalar.path.relations.length === 0 &&
    scalar.path.alias === alias &&
    scalar.model.model.root === model.root &&
    !scalar.model.isComputed
  );
}

/** A short name of an expression: the same for the same SQL. */
export function digestOf(sql: string, parameters: readonly unknown[]): string {
  return createHash("sha256")
    .update(JSON.stringify([sql, parameters.map(String)]))
    .digest("hex")
    .slice(0, 10);
}

/** The same order, backwards. */
export function reversed({ scalar, direction, nulls }: Order): Order {
  const opposite = nulls && (nulls === "FIRST" ? "LAST" : "FIRST");
  return new Order(scalar, direction === "ASC" ? "DESC" : "ASC", opposite);
}

/** Whether a row lies beyond a place. @param inclusive whether the row at the place does too */
export function beyond(
  terms: readonly KeysetTerm[],
  values: readonly unknown[],
  side: Side,
  inclusive: boolean,
): Condition {
  return condition((renderer) => `(${new BeyondPlace(terms, values, side, inclusive, renderer).sql()})`);
}

/** Renders the condition for one place. */
class BeyondPlace {
  readonly #terms: readonly KeysetTerm[];
  readonly #values: readonly unknown[];
  readonly #forward: boolean;
  readonly #inclusive: boolean;
  readonly #columns: readonly string[];
  readonly #places: readonly string[];
  readonly #dialect: Dialect;

  constructor(
    terms: readonly KeysetTerm[],
    values: readonly unknown[],
    side: Side,
    inclusive: boolean,
    renderer: Renderer,
  ) {
    this.#terms = terms;
    this.#values = values;
    this.#forward = side === "after";
    this.#inclusive = inclusive;
    this.#dialect = renderer.dialect;
    this.#columns = terms.map(({ scalar, type }) => type.compared(renderer.expression(scalar)));
    this.#places = terms.map(({ type }, index) =>
      values[index] === null ? "NULL" : type.value(renderer.parameter(values[index])),
    );
  }

  sql(): string {
    const { direction } = this.#terms[0]!;
    const asRow = this.#terms.every((term, index) => term.direction === direction && this.#isNeverNull(index));
    if (asRow && this.#terms.length > 1 && this.#dialect.findsRowValuesByIndex)
      return `(${this.#columns.join(", ")}) ${this.#operator(0)}${this.#inclusive ? "=" : ""} (${this.#places.join(", ")})`;
    return this.#from(0);
  }

  /** Rows beyond the place, among those that are equal in the terms before this one. */
  #from(index: number): string {
    const strictly = this.#strictly(index);
    const isLast = index === this.#terms.length - 1;
    if (isLast && !this.#inclusive) return strictly ?? "1 = 0";
    const rest = isLast ? this.#equal(index) : `(${this.#equal(index)} AND ${this.#from(index + 1)})`;
    if (strictly === undefined) return rest;
    // The first condition is implied by the second, and is the one that finds the first row by an index.
    const begin = this.#isNeverNull(index)
      ? `${this.#columns[index]} ${this.#operator(index)}= ${this.#places[index]} AND `
      : "";
    return `${begin}(${strictly} OR ${rest})`;
  }

  #equal(index: number): string {
    return this.#values[index] === null
      ? `${this.#columns[index]} IS NULL`
      : `${this.#columns[index]} = ${this.#places[index]}`;
  }

  /** Beyond the place by this term alone; undefined where nothing can be. */
  #strictly(index: number): string | undefined {
    const column = this.#columns[index]!;
    const nullsBeyond = this.#terms[index]!.nullsFirst !== this.#forward;
    if (this.#values[index] === null) return nullsBeyond ? undefined : `${column} IS NOT NULL`;
    const larger = `${column} ${this.#operator(index)} ${this.#places[index]}`;
    return nullsBeyond && this.#terms[index]!.isNullable ? `(${larger} OR ${column} IS NULL)` : larger;
  }

  #isNeverNull(index: number): boolean {
    return !this.#terms[index]!.isNullable && this.#values[index] !== null;
  }

  #operator(index: number): ">" | "<" {
    return (this.#terms[index]!.direction === "ASC") === this.#forward ? ">" : "<";
  }
}
