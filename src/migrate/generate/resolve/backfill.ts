import { type Column, type ObjectName, displayName, findTable } from "../../../dialect/schema/model";
import type { AddColumn, AlterColumn } from "../../../dialect/schema/operation";
import { pluralize } from "../../../text";
import type { Choice } from "../question";
import { problemOf, sqlValue } from "../value";
import type { ResolverState } from "./state";

/** The SQL value that `--backfill` gives for the column. */
export function givenBackfill(state: ResolverState, table: ObjectName, column: Column): string | undefined {
  const value = state.prompts.given("backfill", state.columnSubjects(table, column.name));
  return value === undefined
    ? undefined
    : sqlValue(value, column, state.names.column(table, column.name), state.schemas.dialect);
}

/** A new column that is NOT NULL and has no default needs a value for the rows of the table. */
export async function resolveAddedColumn(state: ResolverState, operation: AddColumn): Promise<AddColumn> {
  const { table, column } = operation;
  const backfill = givenBackfill(state, table, column);
  if (backfill !== undefined) return { ...operation, backfill };
  if (column.nullable || column.default !== undefined || column.generated || column.increment) return operation;
  if (state.isPossibleRename(table, column.name) && state.prompts.hasOpenQuestions) return operation;
  const rows = await state.countRows(findTable(state.actual, table)!);
  if (rows === 0) return operation;
  const text = `${displayName(table)} gets "${column.name}", which is NOT NULL and has no default; ${pluralize(rows, "row needs", "rows need")} a value`;
  const isAnswered = await askForValue(state, table, column, rows, text);
  return isAnswered ? resolveAddedColumn(state, operation) : operation;
}

/** A column that becomes NOT NULL needs a value for the rows in which it is NULL; returns that value. */
export async function resolveNotNull(state: ResolverState, operation: AlterColumn): Promise<string | undefined> {
  const { table, before, after } = operation;
  if (after.nullable) return undefined;
  const backfill = givenBackfill(state, table, after);
  if (backfill !== undefined || !before.nullable || before.generated || after.generated) return backfill;
  const rows = await state.countRows(table, `${state.quotedColumn(table, before.name)} IS NULL`);
  if (rows === 0) return undefined;
  const text = `"${after.name}" of ${displayName(table)} becomes NOT NULL, and is NULL in ${pluralize(rows, "row")}`;
  const isAnswered = await askForValue(state, table, after, rows, text);
  return isAnswered ? resolveNotNull(state, operation) : undefined;
}

function askForValue(
  { names, prompts }: ResolverState,
  table: ObjectName,
  column: Column,
  rows: number,
  text: string,
): Promise<boolean> {
  const name = names.column(table, column.name);
  const byDefault: Choice[] =
    column.default === undefined
      ? []
      : [{ flag: `--backfill ${name}=(${column.default})`, text: "they get the default" }];
  const byValue = valueChoice(column, name, "they get that value; an SQL expression in parentheses");
  return prompts.put({ about: "values", text, rows, choices: [...byDefault, byValue] });
}

/** The choice of a value that has to be typed. */
export function valueChoice(column: Column, name: string, text: string): Choice {
  const problem = (value: string) => problemOf(value, column, name);
  return { flag: `--backfill ${name}=VALUE`, text, wantsValue: true, problem };
}
