import type { ChangedValues } from "../../../dialect/schema/dialect";
import { type Column, displayName, findTable, keyOf } from "../../../dialect/schema/model";
import type { AlterColumn } from "../../../dialect/schema/operation";
import { pluralize } from "../../../text";
import type { Choice } from "../question";
import { givenBackfill, valueChoice } from "./backfill";
import { isColumnDropped } from "./column";
import type { ResolverState } from "./state";

/** What was confirmed about values that are not the same in the new type. */
type Confirmed = Pick<AlterColumn, "narrowing" | "unfit">;

/** A change of type that changes values, or for which values cannot be converted, needs an answer. */
export async function resolveNarrowing(state: ResolverState, operation: AlterColumn): Promise<Confirmed> {
  const { before, after } = operation;
  const isSameType = before.type === after.type && before.charset === after.charset;
  if (isSameType || before.generated || after.generated || isSameEnum(before, after)) return {};
  const changed = await changedValues(state, operation);
  if (changed.rows === 0) return {};
  return confirm(state, operation, changed);
}

/** Values of an enum are compared one by one; see resolveEnumValues. */
function isSameEnum(before: Column, after: Column): boolean {
  const isEnum = ({ values, enumType }: Column) => values !== undefined || enumType !== undefined;
  return isEnum(before) && isEnum(after);
}

/** Of the rows as they are now, by the names that table and column have now. */
function changedValues(state: ResolverState, { table, before, after }: AlterColumn): Promise<ChangedValues> {
  const original = { schema: table.schema, name: state.originalTable(table) };
  const column = { ...before, name: state.originalColumn(table, before.name) };
  const type = after.enumType && state.wanted.enums.find((one) => keyOf(one) === keyOf(after.enumType!));
  return state.schemas.dialect.changedValues(state.runner, original, column, {
    ...after,
    values: after.values ?? type?.values,
  });
}

async function confirm(state: ResolverState, operation: AlterColumn, changed: ChangedValues): Promise<Confirmed> {
  const { table, after } = operation;
  const value = changed.refused > 0 ? givenBackfill(state, table, after) : undefined;
  if (value !== undefined) return { narrowing: true, unfit: value };
  const mayBeNull = changed.refused === 0 || after.nullable;
  if (mayBeNull && isColumnDropped(state, findTable(state.wanted, table)!, after.name))
    return { narrowing: true, ...(changed.refused > 0 && { unfit: "NULL" }) };
  const isAnswered = await state.prompts.put({
    about: "narrowing",
    text: textOf(operation, changed),
    query: queryOf(state, operation, changed),
    rows: changed.rows,
    choices: choicesOf(state, operation, changed),
  });
  return isAnswered ? confirm(state, operation, changed) : {};
}

function textOf({ table, before, after }: AlterColumn, { rows, refused }: ChangedValues): string {
  const charset = before.charset === after.charset || after.charset === undefined ? "" : ` in ${after.charset}`;
  const head = `"${after.name}" of ${displayName(table)} becomes ${after.type}${charset}`;
  if (refused === 0) return `${head}, which changes the value of ${pluralize(rows, "row")}`;
  const others = rows > refused ? `, and changes that of ${rows - refused} more` : "";
  return `${head}, for which the value of ${pluralize(refused, "row")} cannot be converted${others}`;
}

function queryOf(state: ResolverState, { table }: AlterColumn, { condition }: ChangedValues): string | undefined {
  const { dialect } = state.schemas;
  const original = { schema: table.schema, name: state.originalTable(table) };
  return condition && `SELECT * FROM ${dialect.path(original)} WHERE ${condition}`;
}

function choicesOf(state: ResolverState, { table, after }: AlterColumn, { refused }: ChangedValues): Choice[] {
  const name = state.names.column(table, after.name);
  const drop = { flag: `--drop ${name}`, text: "values that do not fit may be cut" };
  if (refused === 0) return [drop];
  const byValue = valueChoice(
    after,
    name,
    "values that cannot be converted become that; an SQL expression in parentheses",
  );
  return after.nullable ? [{ ...drop, text: "values that cannot be converted become NULL" }, byValue] : [byValue];
}
