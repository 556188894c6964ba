import { displayName, findTable } from "../../../dialect/schema/model";
import type { AlterColumn } from "../../../dialect/schema/operation";
import { pluralize } from "../../../text";
import { isColumnDropped } from "./column";
import type { ResolverState } from "./state";

/** A change of type that changes values needs an answer. */
export async function resolveNarrowing(state: ResolverState, operation: AlterColumn): Promise<void> {
  const { table, after } = operation;
  const condition = lossyCondition(state, operation);
  if (condition === undefined || isColumnDropped(state, findTable(state.wanted, table)!, after.name)) return;
  const rows = await state.countRows(table, condition);
  if (rows === 0) return;
  const isAnswered = await state.prompts.put({
    about: "narrowing",
    text: `"${after.name}" of ${displayName(table)} becomes ${after.type}, which changes the value of ${pluralize(rows, "row")}`,
    rows,
    choices: [{ flag: `--drop ${state.names.column(table, after.name)}`, text: "values that do not fit may be cut" }],
  });
  if (isAnswered) await resolveNarrowing(state, operation);
}

/** Whether `--drop` allows the change of type to cut values. */
export function isNarrowingAccepted(state: ResolverState, operation: AlterColumn): boolean {
  const { table, after } = operation;
  const isLossy = lossyCondition(state, operation) !== undefined;
  return isLossy && isColumnDropped(state, findTable(state.wanted, table)!, after.name);
}

/** The condition for rows whose value does not survive the change of type; undefined where all values do. */
function lossyCondition(state: ResolverState, { table, before, after }: AlterColumn): string | undefined {
  if (before.type === after.type) return undefined;
  const original = { ...before, name: state.originalColumn(table, before.name) };
  return state.schemas.dialect.lossy(original, after);
}
