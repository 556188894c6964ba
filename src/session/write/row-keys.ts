import type { Dialect } from "../../dialect/dialect";
import type { Instance } from "../state/instance";

/** Keys of one statement, where each key is a parameter. */
const MAX_KEYS = 1_000;
/** Keys of one statement, where all keys are one parameter. */
const MAX_KEYS_IN_ARRAY = 10_000;

/** Splits rows into batches whose values of these columns fit into one statement. */
export function batchesOf(
  instances: readonly Instance[],
  columns: readonly unknown[],
  { arrayParameter, parameterLimit }: Dialect,
): readonly (readonly Instance[])[] {
  const size =
    columns.length === 1 && arrayParameter
      ? MAX_KEYS_IN_ARRAY
      : Math.min(MAX_KEYS, Math.floor(parameterLimit / columns.length));
  if (instances.length <= size) return [instances];
  return Array.from({ length: Math.ceil(instances.length / size) }, (_, index) =>
    instances.slice(index * size, (index + 1) * size),
  );
}

/** The condition that columns have one of these keys. */
export function keysAmong(
  dialect: Dialect,
  columns: readonly { readonly quoted: string }[],
  keys: readonly (readonly unknown[])[],
): { sql: string; parameters: unknown[] } {
  const [only] = columns;
  if (columns.length === 1) {
    const list = keys.map(([key]) => key);
    const parameter = keys.length > 1 ? dialect.arrayParameter?.encode(list) : undefined;
    if (parameter !== undefined)
      return { sql: dialect.arrayParameter!.render(only!.quoted, dialect.placeholder(1)), parameters: [parameter] };
    if (keys.length === 1) return { sql: `${only!.quoted} = ${dialect.placeholder(1)}`, parameters: list };
    const placeholders = list.map((_, place) => dialect.placeholder(place + 1)).join(", ");
    return { sql: `${only!.quoted} IN (${placeholders})`, parameters: list };
  }
  let position = 0;
  const tuples = keys.map((key) => `(${key.map(() => dialect.placeholder(++position)).join(", ")})`);
  const names = columns.map(({ quoted }) => quoted);
  return { sql: dialect.tupleIn(`(${names.join(", ")})`, tuples), parameters: keys.flat() };
}

/** A key as something that a Map finds again, whatever type the driver returns. */
export function joinedKey(values: readonly unknown[], width: number): unknown {
  return width === 1 ? String(values[0]) : values.slice(0, width).map(String).join("\u0000");
}
