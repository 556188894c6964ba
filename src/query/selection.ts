import type { RowLock } from "../dialect/dialect";
import type { EntityModel, RelationModel } from "../metadata/model";
import type { Segment } from "./context";
import type { Alias, Condition, Labelled, Order, Scalar } from "./expression";

/** A joined relation. */
export interface Join {
  readonly relations: readonly RelationModel[];
  readonly kind: "INNER" | "LEFT";
  /** The alias that it starts from; undefined: the root. */
  readonly from?: Alias | undefined;
  /** The alias of the joined entity. */
  readonly as?: Alias | undefined;
}

/** All clauses of a query, as plain data. */
export interface Selection {
  readonly model: EntityModel;
  /** The alias of the root. */
  readonly alias?: Alias | undefined;
  readonly conditions: readonly Condition[];
  readonly orders: readonly Order[];
  readonly joins: readonly Join[];
  /** Relations that are read in the same statement (`options(joined(…))`). */
  readonly fetched: readonly (readonly RelationModel[])[];
  readonly groups: readonly Scalar[];
  readonly having: readonly Condition[];
  /** Values that are selected instead of entities. */
  readonly values: readonly Labelled[] | undefined;
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly distinct: boolean;
  readonly withDeleted: boolean;
  /** How the rows are locked. */
  readonly lock?: RowLock | undefined;
}

/** The selection of all rows of an entity. */
export function everyRow(model: EntityModel, alias?: Alias): Selection {
  return {
    model,
    alias,
    conditions: [],
    orders: [],
    joins: [],
    fetched: [],
    groups: [],
    having: [],
    values: undefined,
    limit: undefined,
    offset: undefined,
    distinct: false,
    withDeleted: false,
  };
}

/** A statement and its parameters. */
export interface Statement {
  /** The SQL, with the database's placeholders. */
  readonly sql: string;
  /** The parameters in the order of their placeholders, encoded for the driver. */
  readonly parameters: readonly unknown[];
}

export interface EntityStatement extends Statement {
  readonly segments: readonly Segment[];
  /** Whether an entity may be in several rows. */
  readonly repeats: boolean;
}
