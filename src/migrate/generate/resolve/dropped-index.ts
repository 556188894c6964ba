import { describeConstraint } from "../../../dialect/schema/describe";
import { type ObjectName, displayName, findColumn, findTable } from "../../../dialect/schema/model";
import type { Constraint } from "../../../dialect/schema/operation";
import { isSameName, constraintsOf } from "../compare";
import type { ResolverState } from "./state";

/** An index that somebody named by hand is only dropped with an answer. Other constraints are dropped without. */
export async function mayDropIndex(state: ResolverState, table: ObjectName, constraint: Constraint): Promise<boolean> {
  if (constraint.kind !== "index" || isReplacedOrDerived(state, table, constraint)) return true;
  const { name } = constraint.value;
  const subjects = state.names.tableAliases(table).map((alias) => `${alias}.${name}`);
  if (state.prompts.given("drop", [name, ...subjects]) !== undefined) return true;
  const isAnswered = await state.prompts.put({
    about: "index",
    text: `${describeConstraint(constraint)} of ${displayName(table)} belongs to no entity`,
    rows: 0,
    choices: [
      {
        flag: `--drop ${state.names.table(table)}.${name}`,
        text: "drops it; to keep it, name it under migrations.ignore",
      },
    ],
  });
  return isAnswered && mayDropIndex(state, table, constraint);
}

/** Whether an index of that name is created again, a column of it is dropped, or TypeORM's naming strategy named it. */
function isReplacedOrDerived(
  state: ResolverState,
  table: ObjectName,
  constraint: Extract<Constraint, { kind: "index" }>,
): boolean {
  const { names, schemas, wanted } = state;
  const { name, columns, where } = constraint.value;
  const own = findTable(wanted, table)!;
  if (constraintsOf(own).some((other) => isSameName(other, constraint, schemas.dialect))) return true;
  const columnNames = columns.map((column) => column.name ?? "");
  if (columnNames.some((column) => !findColumn(own, column))) return true;
  const original = findTable(schemas.actual, { ...own, name: state.originalTable(table) }) ?? own;
  const tables = [own.name, original.name];
  const originalNames = columnNames.map((column) => state.originalColumn(table, column));
  return (
    names.isGeneratedName(name, tables, columnNames, where) || names.isGeneratedName(name, tables, originalNames, where)
  );
}
