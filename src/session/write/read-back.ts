import type { Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Instance } from "../state/instance";
import { keyParameters } from "../state/values";
import { batchesOf, joinedKey, keysAmong } from "./row-keys";

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

function readInto({ entity, snapshot }: Instance, columns: readonly ColumnModel[], row: Row, from: number): void {
  for (let place = 0; place < columns.length; place++) {
    const { codec, index } = columns[place]!;
    const raw = row[from + place];
    const value = codec.decode ? codec.decode(raw) : raw;
    snapshot![index] = codec.freezesValues ? codec.freezeValue(value) : codec.freeze(raw);
    columns[place]!.write(entity, value);
  }
}
