import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Instance } from "../state/instance";
import { keyParameters } from "../state/values";

/** Keys of one statement, where each key is a parameter. */
const MAX_KEYS = 1_000;
/** Keys of one statement, where all keys are one parameter. */
const MAX_KEYS_IN_ARRAY = 10_000;

/** Reads the generated columns of rows that were just written, in one statement for each batch. */
export async function readBack(
  connection: Statements,
  model: EntityModel,
  columns: readonly ColumnModel[],
  instances: readonly Instance[],
): Promise<void> {
  const selected = [...model.primary, ...columns].map((column) => column.selected(column.quoted)).join(", ");
  const width = model.primary.length;
  for (const batch of batchesOf(instances, model.primary, connection.dialect)) {
    const keys = batch.map(keyParameters);
    const { sql, parameters } = keysAmong(connection.dialect, model.primary, keys);
    const sent = connection.rows(`SELECT ${selected} FROM ${model.table} WHERE ${sql}`, parameters);
    const rows = sent instanceof Promise ? await sent : sent;
    const byKey = new Map<unknown, Row>();
    for (const row of rows) byKey.set(joinedKey(row, width), row);
    batch.forEach((instance, index) => {
      const row = byKey.get(joinedKey(keys[index]!, width));
      if (row) readInto(instance, columns, row, width);
    });
  }
}

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

function readInto({ entity, snapshot }: Instance, columns: readonly ColumnModel[], row: Row, from: number): void {
  for (let place = 0; place < columns.length; place++) {
    const { codec, index } = columns[place]!;
    const raw = row[from + place];
    const value = codec.decode ? codec.decode(raw) : raw;
    snapshot![index] = codec.freezesValues ? codec.freezeValue(value) : codec.freeze(raw);
    columns[place]!.write(entity, value);
  }
}

/** A key as something that a Map finds again, whatever type the driver returns. */
function joinedKey(values: readonly unknown[], width: number): unknown {
  return width === 1 ? String(values[0]) : values.slice(0, width).map(String).join("\u0000");
}
