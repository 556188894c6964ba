import type { QueryRunner } from "typeorm";
import type { SchemaDialect } from "../../dialect/schema/dialect";
import { type ObjectName, displayName } from "../../dialect/schema/model";
import type { Operation } from "../../dialect/schema/operation";

/** A table or column that has another name afterwards, or is gone. */
interface Removed {
  readonly table: ObjectName;
  readonly column?: string;
  readonly becomes: string;
}

/**
 * Code in the database that mentions what is dropped or renamed, and that the database neither tracks nor rewrites:
 * routines, events, triggers and views of MySQL, full-text tables of SQLite. It still names what is gone; a line each.
 */
export async function untrackedMentions(
  runner: QueryRunner,
  operations: readonly Operation[],
  dialect: SchemaDialect,
): Promise<string[]> {
  const removed = operations.flatMap(removedBy);
  if (removed.length === 0) return [];
  const lines = (await dialect.untracked(runner)).flatMap(({ name, table, text }) => {
    const found = removed.find(
      (one) =>
        (table === undefined
          ? hasWord(text, one.table.name)
          : table === one.table.name || hasWord(text, one.table.name)) &&
        (one.column === undefined ? table !== one.table.name : hasWord(text, one.column)),
    );
    if (!found) return [];
    const what =
      found.column === undefined ? displayName(found.table) : `"${found.column}" of ${displayName(found.table)}`;
    return [`${name} mentions ${what}, which ${found.becomes}: change it by hand`];
  });
  return [...new Set(lines)];
}

function removedBy(operation: Operation): Removed[] {
  switch (operation.kind) {
    case "dropTable":
      return [{ table: operation.table, becomes: "is dropped" }];
    case "renameTable":
      return [{ table: operation.from, becomes: `becomes ${displayName(operation.to)}` }];
    case "dropColumn":
      return [{ table: operation.table, column: operation.column.name, becomes: "is dropped" }];
    case "renameColumn":
      return [{ table: operation.table, column: operation.from, becomes: `becomes "${operation.to}"` }];
    default:
      return [];
  }
}

/** Whether the name is a word of the text, quoted or not, also in a string: code may put statements together. */
function hasWord(text: string, name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, "iu").test(text);
}
