import { type Column, type ObjectName, displayName, keyOf } from "../../../dialect/schema/model";
import type { AlterColumn, ChangeEnum } from "../../../dialect/schema/operation";
import { pluralize } from "../../../text";
import { sqlValue } from "../value";
import { valueChoice } from "./backfill";
import { type ResolverState, nameOf } from "./state";

/** TypeORM names an enum after its table and column: where one of these was renamed, so is the enum. */
export function renameEnums(state: ResolverState): void {
  for (const table of state.wanted.tables)
    for (const column of table.columns) {
      const before = state.actualColumn(table, column.name)?.enumType;
      const after = column.enumType;
      if (!before || !after || keyOf(before) === keyOf(after) || before.schema !== after.schema) continue;
      const isGone = !state.wanted.enums.some((type) => keyOf(type) === keyOf(before));
      const isNew = !state.actual.enums.some((type) => keyOf(type) === keyOf(after));
      if (isGone && isNew) state.renameEnum(before, after);
    }
}

/** Several columns may share one enum type: an answer about one of them is an answer about the type. */
export async function resolveEnum(state: ResolverState, operation: ChangeEnum): Promise<ChangeEnum> {
  const replaced: Record<string, string> = {};
  const removed = new Set<string>();
  const changes = columnsOf(state, operation);
  for (const change of changes.filter(({ before }) => !isArray(before))) {
    await resolveEnumValues(state, change);
    Object.assign(replaced, replacedValues(state, change));
  }
  for (const change of changes.filter(({ before }) => isArray(before))) {
    Object.assign(replaced, renamedValues(state, change));
    for (const value of await resolveElements(state, change, replaced)) removed.add(value);
    Object.assign(replaced, renamedValues(state, change));
  }
  return {
    ...operation,
    ...(Object.keys(replaced).length > 0 && { replaced }),
    ...(removed.size > 0 && { removed: [...removed] }),
  };
}

/** The change of the type as a change of each column that has it. */
function columnsOf(state: ResolverState, operation: ChangeEnum): AlterColumn[] {
  return state.wanted.tables.flatMap((table) =>
    table.columns.flatMap((column): AlterColumn[] => {
      const before = state.actualColumn(table, column.name);
      if (!before?.enumType || !column.enumType || keyOf(column.enumType) !== keyOf(operation.name)) return [];
      return [
        {
          kind: "alterColumn",
          table: nameOf(table),
          before: { ...before, values: operation.before },
          after: { ...column, values: operation.after },
        },
      ];
    }),
  );
}

function isArray({ type }: Column): boolean {
  return type.endsWith("[]");
}

/** The values that are taken out of an array column, because the enum no longer allows them; asks about them where rows have them. */
async function resolveElements(
  state: ResolverState,
  operation: AlterColumn,
  replaced: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { table, before, after } = operation;
  const { dialect } = state.schemas;
  const known = { ...replaced, ...renamedValues(state, operation) };
  const gone = before.values?.filter((value) => !after.values!.includes(value) && !(value in known)) ?? [];
  const subjects = (value: string) => state.columnSubjects(table, after.name).map((subject) => `${subject}.${value}`);
  const removed = gone.filter((value) => state.prompts.given("drop", subjects(value)) !== undefined);
  const open = gone.filter((value) => !removed.includes(value));
  if (open.length === 0) return removed;
  const quoted = state.quotedColumn(table, before.name);
  const list = open.map((value) => dialect.literal(value)).join(", ");
  const rows = await state.countRows(table, `${quoted}::text[] && ARRAY[${list}]`);
  if (rows === 0) return removed;
  const name = state.names.column(table, after.name);
  const added = after.values!.filter((value) => !before.values?.includes(value));
  const isAnswered = await state.prompts.put({
    about: "values",
    text: `"${after.name}" of ${displayName(table)} has a value in ${pluralize(rows, "row")} that its enum no longer allows (${open.join(", ")})`,
    rows,
    choices: open.flatMap((old) => [
      ...added.map((value) => ({ flag: `--rename ${name}.${old}:${value}`, text: `'${old}' is now '${value}'` })),
      { flag: `--drop ${name}.${old}`, text: `'${old}' is taken out of the lists` },
    ]),
  });
  return isAnswered ? resolveElements(state, operation, replaced) : removed;
}

/** Rows whose value the enum no longer allows need another value. */
export async function resolveEnumValues(state: ResolverState, operation: AlterColumn): Promise<void> {
  const { table, before, after } = operation;
  if (!after.values || isArray(before) || givenReplacement(state, table, after) !== undefined) return;
  const { dialect } = state.schemas;
  const quoted = state.quotedColumn(table, before.name);
  const renamed = Object.keys(renamedValues(state, operation));
  const allowed = [...after.values, ...renamed].map((value) => dialect.literal(value)).join(", ");
  const rows = await state.countRows(table, `${quoted} IS NOT NULL AND ${dialect.asText(quoted)} NOT IN (${allowed})`);
  if (rows === 0) return;
  const name = state.names.column(table, after.name);
  const gone = before.values?.filter((value) => !after.values!.includes(value) && !renamed.includes(value)) ?? [];
  const added = after.values.filter((value) => !before.values?.includes(value));
  const renames = gone.flatMap((old) =>
    added.map((value) => ({ flag: `--rename ${name}.${old}:${value}`, text: `'${old}' is now '${value}'` })),
  );
  const isAnswered = await state.prompts.put({
    about: "values",
    text: `"${after.name}" of ${displayName(table)} has a value in ${pluralize(rows, "row")} that its enum no longer allows`,
    rows,
    choices: [...renames, valueChoice(after, name, "those rows get that value")],
  });
  if (isAnswered) await resolveEnumValues(state, operation);
}

/** Old value → new value, for values that were renamed or removed. */
export function replacedValues(state: ResolverState, operation: AlterColumn): Record<string, string> | undefined {
  const { table, before, after } = operation;
  if (!after.values) return undefined;
  const replaced = renamedValues(state, operation);
  const value = givenReplacement(state, table, after);
  // Refuses a value that the column cannot have.
  if (value !== undefined) sqlValue(value, after, state.names.column(table, after.name), state.schemas.dialect);
  for (const old of before.values ?? [])
    if (value !== undefined && !after.values.includes(old) && !(old in replaced)) replaced[old] = value;
  return Object.keys(replaced).length > 0 ? replaced : undefined;
}

function renamedValues(state: ResolverState, { table, before, after }: AlterColumn): Record<string, string> {
  const renamed: Record<string, string> = {};
  for (const old of before.values ?? []) {
    if (after.values?.includes(old)) continue;
    const subjects = state.columnSubjects(table, after.name).map((subject) => `${subject}.${old}`);
    const value = state.prompts.given("rename", subjects);
    if (value !== undefined) renamed[old] = value;
  }
  return renamed;
}

function givenReplacement(state: ResolverState, table: ObjectName, column: Column): string | undefined {
  return state.prompts.given("backfill", state.columnSubjects(table, column.name));
}
