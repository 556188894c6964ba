import type { Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import { notUpdated, rowGone, staleRow } from "../state/errors";
import type { Instance } from "../state/instance";
import { keyParameters } from "../state/values";
import { joinedKey, keysAmong } from "./row-keys";

/**
 * Locks rows that one statement is to write, as far as their versions are still those of the objects. The number of rows that the
 * statement changed would tell that one is stale, and not which.
 *
 * @throws RetortError `session/stale`
 */
export async function lockVersions(
  connection: Statements,
  model: EntityModel,
  version: ColumnModel,
  instances: readonly Instance[],
): Promise<void> {
  if (connection.isRecording) return;
  const stale = await firstMissing(connection, [...model.primary, version], instances, true);
  if (stale) throw staleRow(stale.entity);
}

/**
 * Names the row that a statement has left out.
 *
 * @throws RetortError `session/row-gone`, or `session/not-updated` where all rows are there
 */
export async function refuseMissing(
  connection: Statements,
  model: EntityModel,
  instances: readonly Instance[],
  changes: number,
): Promise<never> {
  const missing = await firstMissing(connection, model.primary, instances, false);
  throw missing ? rowGone(missing.entity) : notUpdated(model.name, instances.length - changes, instances.length);
}

async function firstMissing(
  connection: Statements,
  columns: readonly ColumnModel[],
  instances: readonly Instance[],
  locked: boolean,
): Promise<Instance | undefined> {
  const { dialect } = connection;
  const { primary, table } = instances[0]!.model;
  const alias = dialect.quote("retort_row");
  const keys = instances.map((instance) => [
    ...keyParameters(instance),
    ...columns.slice(primary.length).map(({ index }) => instance.snapshot![index]),
  ]);
  const { sql, parameters } = keysAmong(dialect, columns, keys);
  const selected = primary.map((column) => column.selected(column.quoted)).join(", ");
  const lock = locked ? dialect.lockRows({ mode: "update", ifLocked: undefined }, alias) : "";
  const rows = await connection.rows(`SELECT ${selected} FROM ${table} AS ${alias} WHERE ${sql}${lock}`, parameters);
  const present = new Set(rows.map((row) => joinedKey(row, primary.length)));
  return instances.find((_, place) => !present.has(joinedKey(keys[place]!, primary.length)));
}
