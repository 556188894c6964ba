import { canonical } from "../../metadata/compare";
import type { ColumnModel } from "../../metadata/model";
import type { QueryContext } from "../../query/context";
import { condition, NEVER, ROOT, type Condition } from "../../query/expression";
import { encodedValue } from "./values";

/** Some databases look up keys of several columns one by one, so that a longer list would only take longer. */
const MAX_BATCH = 1_000;

/**
 * The condition that columns have one of these values, which are stored ones: none is null. They are not checked, unlike those of a
 * query of the user.
 */
export function among(columns: readonly ColumnModel[], wanted: readonly (readonly unknown[])[]): Condition {
  const [column, ...others] = columns;
  if (wanted.length === 0) return NEVER;
  if (others.length === 0) {
    const values = wanted.map(([value]) => encodedValue(column!, value));
    return condition((renderer) => renderer.among(renderer.column(column!, ROOT), values));
  }
  return condition((renderer) => {
    const tuples = wanted.map(
      (values) =>
        `(${values.map((value, place) => renderer.parameter(encodedValue(columns[place]!, value))).join(", ")})`,
    );
    const left = columns.map((column) => renderer.column(column, ROOT)).join(", ");
    return renderer.dialect.tupleIn(`(${left})`, tuples);
  });
}

/**
 * Splits a list of keys into what one statement can take. A list of keys of one column travels as a whole.
 *
 * @param width how many parameters one key takes
 */
export function batches<T>(
  wanted: readonly T[],
  width: number,
  { dialect }: Pick<QueryContext, "dialect">,
): (readonly T[])[] {
  if (wanted.length === 0) return [];
  if (width === 1) return [wanted];
  const size = Math.min(MAX_BATCH, Math.floor(dialect.parameterLimit / width) - 10);
  return Array.from({ length: Math.ceil(wanted.length / size) }, (_, index) =>
    wanted.slice(index * size, (index + 1) * size),
  );
}

/** A key as something that a Map finds again. A bigint may be a number on one side of a relation and a string on the other. */
export function keyOf(values: readonly unknown[]): unknown {
  const [value] = values;
  if (values.length === 1 && typeof value !== "object") return typeof value === "string" ? value : String(value);
  return canonical(values.map((part) => (typeof part === "number" || typeof part === "bigint" ? String(part) : part)));
}
