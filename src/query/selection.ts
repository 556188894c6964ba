import type { EntityModel, RelationModel } from "../metadata/model";
import type { Segment } from "./context";
import type { Alias, Condition, Labelled, Order, Scalar } from "./expression";

/** A relation that is part of a query's FROM. */
export interface Join {
  readonly relations: readonly RelationModel[];
  readonly kind: "INNER" | "LEFT";
  /** The occurrence of an entity that it begins at; undefined: the root. */
  readonly from?: Alias | undefined;
  /** The name of what is at its end, where it is given one. */
  readonly as?: Alias | undefined;
}

/** Everything a query asks for, as plain data. */
export interface Selection {
  readonly model: EntityModel;
  /** The name of the root, where it is given one. */
  readonly alias?: Alias | undefined;
  readonly conditions: readonly Condition[];
  readonly orders: readonly Order[];
  readonly joins: readonly Join[];
  /** Relations that are read in the same statement (`options(joined(…))`). */
  readonly fetched: readonly (readonly RelationModel[])[];
  readonly groups: readonly Scalar[];
  readonly having: readonly Condition[];
  /** Values to read instead of entities. */
  readonly values: readonly Labelled[] | undefined;
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly distinct: boolean;
  readonly withDeleted: boolean;
}

/** Every row of an entity. */
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

/** A statement with placeholders, and what stands for them. */
export interface Statement {
  /** In the database's own words, placeholders too. */
  readonly sql: string;
  /** In the order of their placeholders, as the driver takes them. */
  readonly parameters: readonly unknown[];
}

export interface EntityStatement extends Statement {
  readonly segments: readonly Segment[];
  /** One entity may come in several rows. */
  readonly repeats: boolean;
}
