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

/**
 * Applies the renames that were said. One may free the name for another (a→b, b→c), so that they are tried until none is
 * left; where names are exchanged, one column has another name in between.
 */
function applyColumnRenames(state: ResolverState, table: Table): void {
  for (;;) {
    const waiting = state.prompts.all("rename").filter(({ used }) => !used);
    if (waiting.some((one) => applyColumnRename(state, table, one))) continue;
    if (!waiting.some((one) => moveAside(state, table, one, waiting))) return;
  }
}

interface Rename {
  readonly subject: string;
  readonly value: string;
  used: boolean;
}

/** Whether the rename is one of a column of the table to a new name, and was done. */
function applyColumnRename(state: ResolverState, table: Table, rename: Rename): boolean {
  const property = propertyOf(state, table, rename.subject);
  if (property === undefined) return false;
  const added = newColumns(state, table);
  const to = state.names.columnsOf(table, rename.value).filter((name) => added.some((column) => column.name === name));
  const from = formerColumns(state, table, property, to);
  if (to.length === 0 || from.length !== to.length) return false;
  rename.used = true;
  from.forEach((name, at) => renameColumn(state, table, name, to[at]!));
  return true;
}

function renameColumn(state: ResolverState, table: Table, from: string, to: string): void {
  state.rename({ kind: "renameColumn", table: nameOf(table), from, to });
}

/** The property that the subject names, `User.name` → `name`, where it is one of this table. */
function propertyOf({ names }: ResolverState, table: Table, subject: string): string | undefined {
  const prefix = names.tableAliases(table).find((alias) => subject.startsWith(`${alias}.`));
  return prefix === undefined ? undefined : subject.slice(prefix.length + 1);
}

/** Columns that the entity no longer has; else any, since a column of the old name may be a new one. */
function formerColumns(state: ResolverState, table: Table, property: string, to: readonly string[]): string[] {
  const { names, actual } = state;
  const aside = state.columnAside(table, property);
  if (aside !== undefined) return [aside];
  const removed = names.formerColumns({ ...table, columns: removedColumns(state, table) }, property, to);
  return removed.length > 0 ? removed : names.formerColumns(findTable(actual, table)!, property, to);
}

/** Whether the column is renamed to a name that another waiting rename frees, in a circle: it gets a name for a while. */
function moveAside(state: ResolverState, table: Table, rename: Rename, waiting: readonly Rename[]): boolean {
  const property = propertyOf(state, table, rename.subject);
  const isTarget = waiting.some(
    (other) => propertyOf(state, table, other.subject) !== undefined && other.value === property,
  );
  if (property === undefined || !isTarget || state.columnAside(table, property) !== undefined) return false;
  const [from] = state.names.formerColumns(findTable(state.actual, table)!, property, [rename.value]);
  const isFreed = waiting.some((other) => propertyOf(state, table, other.subject) === rename.value);
  if (from === undefined || !isFreed) return false;
  state.moveAside(table, property, `${from}_for_a_while`);
  renameColumn(state, table, from, `${from}_for_a_while`);
  return true;
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
