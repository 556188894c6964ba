import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Update } from "./change-set";

const referenced = new WeakMap<EntityModel, ReadonlySet<ColumnModel>>();

/** The columns of an entity that foreign keys refer to. */
function referencedColumns(model: EntityModel): ReadonlySet<ColumnModel> {
  let columns = referenced.get(model);
  if (!columns) {
    const all = [
      ...model.referencingRelations().flatMap(({ joins }) => joins.map((join) => join.referenced)),
      ...model.junctionForeignKeys().flatMap(({ columns: pairs }) => pairs.map((pair) => pair.referenced)),
    ];
    columns = new Set(all.flatMap((column) => model.ownColumn(column) ?? []));
    referenced.set(model, columns);
  }
  return columns;
}

/** Whether foreign keys refer to a column. */
export function isReferenced(column: ColumnModel): boolean {
  return referencedColumns(column.model).has(column);
}

/** Whether an UPDATE changes a column that foreign keys may refer to. */
export function changesKey({ instance: { model, snapshot }, changes }: Update): boolean {
  const columns = referencedColumns(model);
  return columns.size > 0 && changes.some(({ column }) => columns.has(column) && snapshot?.[column.index] !== null);
}
