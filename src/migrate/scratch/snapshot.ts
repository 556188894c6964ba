import { describe } from "../../dialect/schema/describe";
import type { Scope } from "../../dialect/schema/dialect";
import {
  type Schema,
  type Table,
  type View,
  besideColumn,
  displayName,
  findTable,
  keyOf,
} from "../../dialect/schema/model";
import { compare } from "../generate/compare";
import type { ScratchDatabase } from "./scratch";

/** Schema and rows of a scratch database at one moment. */
export interface Snapshot {
  readonly schema: Schema;
  /** By table: each row as one text, sorted. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

export async function takeSnapshot(scratch: ScratchDatabase, scope: Scope): Promise<Snapshot> {
  const schema = await scratch.read(scope);
  const rows = new Map<string, string[]>();
  for (const table of schema.tables) {
    const columns = table.columns.map(({ name }) => name);
    rows.set(keyOf(table), await scratch.rows(table, columns));
  }
  return { schema, rows };
}

/**
 * What would have to change to make the one schema the other, a line each. A database may print an expression otherwise
 * after it was created from the text that it had printed itself, so that it is asked here too.
 */
export async function schemaDifferences(
  { runner, dialect }: Pick<ScratchDatabase, "runner" | "dialect">,
  actual: Schema,
  wanted: Schema,
): Promise<string[]> {
  const aligned = (await dialect.spelling?.aligned(runner, wanted, actual)) ?? wanted;
  const operations = compare(actual, aligned, dialect).map(describe);
  if (operations.length > 0) return operations;
  return wanted.tables.flatMap((table) => {
    const own = findTable(actual, table);
    const isSame = table.stored === undefined || !own || dialect.sameExpression(table.stored, own.stored ?? "");
    return isSame ? missingTriggers(own?.triggers ?? [], table) : [`${displayName(table)} is ${own.stored}`];
  });
}

function missingTriggers(actual: readonly { name: string }[], table: Schema["tables"][number]): string[] {
  return table.triggers
    .filter(({ name }) => !actual.some((other) => other.name === name))
    .map(({ name }) => `the trigger "${name}" of ${displayName(table)} is gone`);
}

/** What the database keeps beside the definitions (privileges, options, policies) and `wanted` has more than `actual`, a line each. */
export function missingBeside(actual: Schema, wanted: Schema): string[] {
  const of = (schema: Schema) => [...schema.tables, ...schema.views];
  return of(wanted).flatMap((object) => {
    const own = of(actual).find((other) => keyOf(other) === keyOf(object));
    if (!own) return [];
    const has = new Set(statementsOf(own));
    return statementsOf(object)
      .filter((statement) => !has.has(statement))
      .map((statement) => `${displayName(object)}: ${statement}`);
  });
}

function statementsOf(object: Table | View): string[] {
  const partitions = "partitions" in object && object.partitions ? object.partitions.statements : [];
  const options = "options" in object && object.options !== undefined ? [object.options] : [];
  const columns =
    "triggers" in object ? object.columns.flatMap((column) => besideColumn(column, keyOf(object), column.name)) : [];
  return [...(object.beside ?? []), ...columns, ...partitions, ...options];
}
