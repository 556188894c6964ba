import type { FindOperator } from "typeorm";
import type { Column, Condition, Labelled, RelationExpression, Scalar, Subquery } from "./expression";

/** Values that are one column each, though they are objects. */
type ColumnObject = Date | Uint8Array;

type Value<V> = Awaited<NonNullable<V>>;

/** Whether a property holds another entity or a list of entities (or an embedded). */
type IsObject<V> = V extends ColumnObject
  ? false
  : V extends readonly (infer E)[]
    ? IsObject<E>
    : V extends object
      ? true
      : false;

type Element<V> = V extends readonly (infer E)[] ? E : V;

/** The properties of an entity that are no methods. */
export type PropertyOf<T> = {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- any method at all
  [K in keyof T]-?: Value<T[K]> extends Function ? never : K;
}[keyof T] &
  string;

type NullIfNullable<V> = null extends Awaited<V> ? null : never;

/** What `filterBy` takes for one property. */
export type Criterion<V> =
  | FindOperator<Value<V>>
  | FindOperator<unknown>
  | Subquery
  | Condition
  | NullIfNullable<V>
  | (IsObject<Value<V>> extends true
      ? Criteria<Element<Value<V>>> | Element<Value<V>> | readonly Element<Value<V>>[] | boolean | number | string
      : Value<V> | readonly Value<V>[] | Scalar<Value<V>>);

/** What `filterBy` takes: properties of the entity, `null` only where a property can be null. */
export type Criteria<T> = { readonly [K in PropertyOf<T>]?: Criterion<T[K]> };

/** `User.c`: the columns and relations of an entity as expressions. */
export type Columns<T> = {
  readonly [K in PropertyOf<T>]: IsObject<Value<T[K]>> extends true
    ? RelationExpression & Columns<Element<Value<T[K]>>>
    : Column<Value<T[K]>, K, Awaited<Exclude<T[K], undefined>>>;
};

/** Values for a new entity: any of its properties. */
export type Values<T> = { [K in PropertyOf<T>]?: T[K] | null };

/** What `update({ … })` takes: values, or expressions over the row. */
export type Assignments<T> = { readonly [K in PropertyOf<T>]?: Awaited<T[K]> | Scalar | Subquery };

/** A primary key: its value, or an object with every part of a composite one. */
export type Key = string | number | bigint | Date | Uint8Array | Readonly<Record<string, unknown>>;

/** What `select(…)` takes: names of columns, expressions, and expressions with a name. */
export type Selectable<T> = PropertyOf<T> | Scalar | Scalar<never> | Labelled;

/** What one value of `select(…)` adds to a row. */
type Selected<T, V> =
  V extends Labelled<infer R, infer N>
    ? { [K in N]: R }
    : V extends Column<unknown, string, unknown>
      ? V["$row"]
      : V extends keyof T & string
        ? { [K in V]: T[K] }
        : { [K in `value${number}`]: V extends Scalar<infer R> ? R : unknown };

type Intersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;

type Plain<T> = { -readonly [K in keyof T]: T[K] };

/** A row of `select(…)`. */
export type SelectedRow<T, V extends readonly unknown[]> = Plain<Intersection<Selected<T, V[number]>> & object>;
