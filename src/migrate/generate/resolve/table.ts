import { type Table, displayName, findTable, keyOf } from "../../../dialect/schema/model";
import { closestFirst } from "../../../suggestion";
import { pluralize } from "../../../text";
import type { Choice } from "../question";
import { type ResolverState, nameOf } from "./state";

/** Finds out whether each table without an entity was renamed or is to be dropped. */
export async function resolveTables(state: ResolverState): Promise<void> {
  applyTableRenames(state);
  for (const table of removedTables(state)) if (await askAboutTable(state, table)) return resolveTables(state);
}

function removedTables({ actual, wanted }: ResolverState): Table[] {
  return actual.tables.filter((table) => !findTable(wanted, table));
}

function newTables({ actual, wanted }: ResolverState): Table[] {
  return wanted.tables.filter((table) => !findTable(actual, table));
}

function applyTableRenames(state: ResolverState): void {
  const { prompts, names } = state;
  const isTable = (subject: string) => state.actual.tables.some((table) => keyOf(table) === subject);
  for (const resolution of prompts.all("rename").filter(({ used }) => !used)) {
    if (resolution.subject.includes(".") && !isTable(resolution.subject)) continue;
    const to = newTables(state).find((table) => names.tableAliases(table).includes(resolution.value));
    // Another entity may have a new table of the old name.
    const from =
      removedTables(state).find((table) => names.wasTableOf(table, resolution.subject)) ??
      state.actual.tables.find((table) => keyOf(table) === resolution.subject);
    if (!to || !from) continue;
    resolution.used = true;
    state.rename({ kind: "renameTable", from: nameOf(from), to: nameOf(to) });
    // It may have freed a name for another.
    return applyTableRenames(state);
  }
}

/** Whether the question was answered just now. */
async function askAboutTable(state: ResolverState, table: Table): Promise<boolean> {
  const { prompts, names } = state;
  if (prompts.all("drop").some((one) => names.wasTableOf(table, one.subject) && (one.used = true))) return false;
  const rows = await state.countRows(table);
  const name = keyOf(table);
  const renames = closestFirst(name, newTables(state), (other) => other.name).map((other): Choice => ({
    flag: `--rename ${name}:${names.table(other)}`,
    text: `it is now ${displayName(other)}; its rows stay`,
  }));
  return prompts.put({
    about: "table",
    text: `table ${displayName(table)} (${pluralize(rows, "row")}) belongs to no entity`,
    rows,
    choices: [...renames, { flag: `--drop ${name}`, text: `drops it with ${pluralize(rows, "row")}` }],
  });
}
