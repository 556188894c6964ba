import { type ForeignKey, type Table, findTable } from "../dialect/schema/model";

/** Whether a table has nothing but two foreign keys to tables with a primary key, which are its primary key together. */
export function isJoinTable(table: Table, tables: readonly Table[]): boolean {
  const { primaryKey, foreignKeys, columns, checks, exclusions, triggers } = table;
  if (foreignKeys.length !== 2 || !primaryKey || checks.length + exclusions.length + triggers.length > 0) return false;
  const held = foreignKeys.flatMap((key) => key.columns);
  return (
    held.length === columns.length &&
    new Set(held).size === held.length &&
    isSameSet(held, primaryKey.columns) &&
    foreignKeys.every((key) => refersToPrimaryKey(key, tables))
  );
}

function refersToPrimaryKey({ references, referencedColumns }: ForeignKey, tables: readonly Table[]): boolean {
  const target = findTable({ tables, views: [], enums: [] }, references);
  return target?.primaryKey !== undefined && isSameSet(target.primaryKey.columns, referencedColumns);
}

export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
