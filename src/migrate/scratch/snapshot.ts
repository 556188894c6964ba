import { describe } from "../../dialect/schema/describe";
import type { Scope } from "../../dialect/schema/dialect";
import { type Schema, displayName, findTable, keyOf } from "../../dialect/schema/model";
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
