import { type Column, type Table, displayName, findTable } from "../../../dialect/schema/model";
import { closestFirst } from "../../../suggestion";
import { pluralize } from "../../../text";
import type { Choice } from "../question";
import { type ResolverState, nameOf } from "./state";

/** How many new names for a column are offered, the closest first. */
const RENAMES = 5;

/** Finds out whether each column that the entity no longer has was renamed or is to be dropped. */
export async function resolveColumns(state: ResolverState, wanted: Table): Promise<void> {
  if (!findTable(state.actual, wanted)) return;
  applyColumnRenames(state, wanted);
  for (const column of removedColumns(state, wanted)) {
    // A generated column can be computed again: dropping it loses nothing.
    if (isColumnDropped(state, wanted, column.name) || column.generated) continue;
    if (await askAboutColumn(state, wanted, column)) return resolveColumns(state, wanted);
  }
}

function removedColumns({ actual, schemas: { dialect } }: ResolverState, wanted: Table): Column[] {
  return findTable(actual, wanted)!.columns.filter(
    (column) => !wanted.columns.some(({ name }) => dialect.sameName(name, column.name)),
  );
}

function newColumns({ actual, schemas: { dialect } }: ResolverState, wanted: Table): Column[] {
  const { columns } = findTable(actual, wanted)!;
  return wanted.columns.filter((column) => !columns.some(({ name }) => dialect.sameName(name, column.name)));
}

function applyColumnRenames(state: ResolverState, table: Table): void {
  const { names, prompts } = state;
  for (const resolution of prompts.all("rename")) {
    const prefix = names.tableAliases(table).find((alias) => resolution.subject.startsWith(`${alias}.`));
    if (prefix === undefined) continue;
    const added = newColumns(state, table);
    const to = names.columnsOf(table, resolution.value).filter((name) => added.some((column) => column.name === name));
    const former = { ...table, columns: removedColumns(state, table) };
    const from = names.formerColumns(former, resolution.subject.slice(prefix.length + 1), to);
    if (to.length === 0 || from.length !== to.length) continue;
    resolution.used = true;
    from.forEach((name, at) => state.rename({ kind: "renameColumn", table: nameOf(table), from: name, to: to[at]! }));
  }
}

/** Whether `--drop` names the column, by its name or by the property that it belonged to. */
export function isColumnDropped(state: ResolverState, table: Table, column: string): boolean {
  const { names, prompts } = state;
  const aliases = names.tableAliases(table);
  const subjects = aliases.map((alias) => `${alias}.${column}`);
  if (prompts.given("drop", subjects) !== undefined) return true;
  const resolution = prompts
    .all("drop")
    .find(({ subject }) =>
      aliases.some(
        (alias) =>
          subject.startsWith(`${alias}.`) && wasColumnOf(state, table, subject.slice(alias.length + 1), column),
      ),
    );
  if (resolution) resolution.used = true;
  return resolution !== undefined;
}

function wasColumnOf({ actual, names }: ResolverState, table: Table, property: string, column: string): boolean {
  const former = findTable(actual, table)!;
  const columns = former.columns.filter(({ name }) => name === column);
  return names.formerColumns({ ...former, columns }, property, [property])[0] === column;
}

/** Whether the question was answered just now. */
async function askAboutColumn(state: ResolverState, table: Table, column: Column): Promise<boolean> {
  const rows = await state.countRows(table, `${state.quotedColumn(table, column.name)} IS NOT NULL`);
  const name = `${state.names.table(table)}.${column.name}`;
  return state.prompts.put({
    about: "column",
    text: `column "${column.name}" of ${displayName(table)} is no longer in the entity; ${rows === 0 ? "no row has" : pluralize(rows, "row has", "rows have")} a value in it`,
    rows,
    choices: [
      ...renameChoices(state, table, column, name),
      { flag: `--drop ${name}`, text: `drops it with ${pluralize(rows, "value")}` },
    ],
  });
}

/** Columns of the same type come first; a new name often comes with a new length, so that others are offered as well. */
function renameChoices(state: ResolverState, table: Table, column: Column, name: string): Choice[] {
  const free = newColumns(state, table).filter(
    (other) => !other.generated && !state.isPossibleRename(table, other.name),
  );
  const isSameType = (other: Column) => state.schemas.dialect.sameType(other.type, column.type, table);
  const likely = closestFirst(column.name, free.filter(isSameType), (other) => other.name);
  if (likely[0]) state.addPossibleRename(table, likely[0].name);
  const others = free.filter((other) => !isSameType(other));
  const retyped = closestFirst(column.name, others, (other) => other.name);
  return [...likely, ...retyped].slice(0, RENAMES).map((other) => ({
    flag: `--rename ${name}:${state.names.property(table, other.name)}`,
    text: `it is now "${other.name}"${isSameType(other) ? "" : `, ${other.type}`}; its values stay`,
  }));
}
