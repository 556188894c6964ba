import type { FindOperator } from "typeorm";
import type { Column, Condition, Labelled, Scalar, Subquery } from "./expression";
import type { RelationExpression } from "./relation";

/** Objects that are stored in one column. */
type ColumnObject = Date | Uint8Array;

type Value<V> = Awaited<NonNullable<Awaited<V>>>;

/**
 * Whether a property holds another entity, a list of them, or an embedded: an object whose properties are known by name. What is
 * a value with a brand, or any object at all (JSON), is a column.
 */
type IsObject<V> = unknown extends V
  ? false
  : V extends ColumnObject | string | number | boolean | bigint
    ? false
    : V extends readonly (infer E)[]
      ? IsObject<E>
      : V extends object
        ? string extends keyof V
          ? false
          : true
        : false;

type Element<V> = V extends readonly (infer E)[] ? E : V;

/** The properties of an entity that are no methods. */
export type PropertyOf<T> = {
  [K in keyof T]-?: Value<T[K]> extends Function ? never : K;
}[keyof T] &
  string;

type NullIfNullable<V> = null extends Awaited<V> ? null : never;

/** The criterion of one property in `filterBy`: a value, a list, a find operator, an expression, a subquery; for a relation also a key. */
export type Criterion<V> =
  | NullIfNullable<V>
  | Subquery
  | Condition
  | (IsObject<Value<V>> extends true
      ? RelatedCriterion<Element<Value<V>>>
      : ColumnCriterion<Value<V>, NullIfNullable<V>>);

/** For a column. A list may hold `null` where the column may. */
type ColumnCriterion<V, N> = V | readonly (V | N)[] | Scalar<V> | FindOperator<V> | ListOperator<V>;

/** Operators on a list or JSON column (`ArrayContains`) concern its elements or parts. */
type ListOperator<V> = V extends readonly (infer E)[] ? FindOperator<E> | FindOperator<readonly E[]> : never;

/** For a relation: conditions on the other side, one or some of its entities, a key, or whether there is any. */
type RelatedCriterion<E> = Criteria<E> | One<E> | readonly One<E>[] | boolean | FindOperator<One<E>>;

/** An entity, or its key. */
type One<E> = E | number | string | bigint;

/** The argument of `filterBy`: properties of the entity, `null` only where the property can be null. */
export type Criteria<T> = { readonly [K in PropertyOf<T>]?: Criterion<T[K]> };

/** `User.c`: the columns and relations of an entity as expressions. */
export type Columns<T> = {
  readonly [K in PropertyOf<T>]: IsObject<Value<T[K]>> extends true
    ? RelationExpression & Columns<Element<Value<T[K]>>>
    : Column<Value<T[K]>, K, Awaited<Exclude<T[K], undefined>>>;
};

/** Values for a new entity: any of its properties. */
export type Values<T> = { [K in PropertyOf<T>]?: T[K] | null };

/** The argument of `update({ … })`: values, or expressions of the row's columns. */
export type Assignments<T> = { readonly [K in PropertyOf<T>]?: Awaited<T[K]> | Scalar | Subquery };

/** A primary key: its value, or an object with every part of a composite one. */
export type Key = string | number | bigint | Date | Uint8Array | Readonly<Record<string, unknown>>;

/** An argument of `select(…)`: the name of a column, an expression, or an expression with a name. */
export type Selectable<T> = PropertyOf<T> | Scalar | Scalar<never> | Labelled;

/** The property that one value of `select(…)` adds to a row. */
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
