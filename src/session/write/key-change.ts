import type { Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Update } from "../flush/change-set";
import type { Change } from "../state/changes";
import { keyCannotFollow } from "../state/errors";
import { groupBy } from "../../groups";
import { keyMaker } from "../state/identity-key";
import { NOT_LOADED, type Instance } from "../state/instance";
import type { UndoLog } from "../state/undo-log";
import { currentValue, encodedValue, foreignKeysOf, storedKeyValues } from "../state/values";

/** A column that refers to a row whose key changes, with its old and its new value. */
interface ReferencingColumn {
  readonly quoted: string;
  /** Undefined in a table without an entity. */
  readonly column: ColumnModel | undefined;
  readonly referenced: ColumnModel;
  readonly old: unknown;
  readonly value: unknown;
}

/** The rows of one foreign key that refer to a row whose key changes. */
export interface ReferencingRow {
  readonly table: string;
  /** The entity of the table; undefined for a join table or a closure table. */
  readonly model: EntityModel | undefined;
  readonly columns: readonly ReferencingColumn[];
  /** Whether the database updates the rows (ON UPDATE CASCADE). */
  readonly isByDatabase: boolean;
}

/** An UPDATE of referencing rows. */
export interface ReferencingUpdate {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * The rows that refer to a row whose key changes, and the rows that refer to these by the same columns.
 *
 * @throws RetortError `session/key-cannot-follow` where the changed columns do not identify the referencing rows
 */
export function referencingRowsOf({ instance, changes }: Update): ReferencingRow[] {
  const { model, snapshot } = instance;
  const changed = new Map(changes.map(({ column, value }) => [column, value]));
  const found = new Map<string, ReferencingRow>();
  const visit = (target: EntityModel, valuesOf: (column: ColumnModel) => [unknown, unknown] | undefined): void => {
    for (const foreignKey of foreignKeysTo(target)) {
      const columns = foreignKey.columns.flatMap(({ quoted, column, referenced: at }): ReferencingColumn[] => {
        const own = target.ownColumn(at);
        const values = own && valuesOf(own);
        return values ? [{ quoted, column, referenced: own, old: values[0], value: values[1] }] : [];
      });
      if (!columns.some(isChanged)) continue;
      const name = [foreignKey.table, ...columns.map(({ quoted }) => quoted)].join("\0");
      if (found.has(name)) continue;
      // Where more columns change than this foreign key has, only some of the rows that match it refer to the row.
      if (target !== model && columns.length < changedColumnsOf(found, target)) throw keyCannotFollow(target.name);
      found.set(name, { ...foreignKey, columns });
      const { model: child } = foreignKey;
      if (child) {
        const byColumn = new Map(columns.map((one) => [one.column, one]));
        visit(child, (column) => {
          const one = byColumn.get(column);
          return one && [one.old, one.value];
        });
      }
    }
  };
  visit(model, (column) => {
    const stored = snapshot![column.index];
    if (stored === NOT_LOADED || stored === null || stored === undefined) return undefined;
    const old = column.codec.thaw(stored);
    return [old, changed.has(column) ? changed.get(column) : old];
  });
  return [...found.values()];
}

function changedColumnsOf(found: ReadonlyMap<string, ReferencingRow>, target: EntityModel): number {
  return Math.max(
    0,
    ...[...found.values()].filter(({ model }) => model === target).map(({ columns }) => columns.length),
  );
}

function* foreignKeysTo(target: EntityModel): Generator<{
  table: string;
  model: EntityModel | undefined;
  columns: { quoted: string; column: ColumnModel | undefined; referenced: ColumnModel }[];
  isByDatabase: boolean;
}> {
  for (const { model, joins, metadata } of target.referencingRelations())
    yield {
      table: model.table,
      model,
      columns: joins.map((join) => ({
        quoted: join.foreign.quoted,
        column: join.foreign,
        referenced: join.referenced,
      })),
      // MySQL and MariaDB do not cascade within the table that is written.
      isByDatabase:
        metadata.onUpdate === "CASCADE" && metadata.createForeignKeyConstraints && model.root !== target.root,
    };
  for (const { table, columns, onUpdate } of target.junctionForeignKeys())
    yield {
      table,
      model: undefined,
      columns: columns.map((pair) => ({ ...pair, column: undefined })),
      isByDatabase: onUpdate === "CASCADE",
    };
}

function isChanged({ referenced: { codec }, old, value }: ReferencingColumn): boolean {
  return !codec.same(value, codec.freezeValue(old));
}

/** Foreign keys of the row that refer to itself: they change with its key. */
export function selfReferences({ instance, changes }: Update, referencing: readonly ReferencingRow[]): Change[] {
  const named = new Set(changes.map(({ column }) => column));
  return referencing.flatMap(({ model, columns }) =>
    model && model.root === instance.model.root && columns.every((one) => holds(instance, one))
      ? columns.filter(isChanged).flatMap(({ column, value }): Change[] => {
          const own = instance.model.ownColumn(column!);
          return own && !named.has(own) ? [{ column: own, value }] : [];
        })
      : [],
  );
}

function holds({ model, snapshot }: Instance, { column, old }: ReferencingColumn): boolean {
  const own = column && model.ownColumn(column);
  return own !== undefined && snapshot !== undefined && own.codec.same(old, snapshot[own.index]);
}

/**
 * The UPDATEs of referencing rows.
 *
 * @param except the row whose key changes, which has its own UPDATE
 * @param isOneStatement whether they become one statement: one UPDATE for each table then, because it may write a row once
 */
export function referencingUpdates(
  { dialect }: Pick<Statements, "dialect">,
  referencing: readonly ReferencingRow[],
  except: Instance,
  isOneStatement: boolean,
): ReferencingUpdate[] {
  const groups = isOneStatement
    ? groupBy(referencing, ({ table }) => table).values()
    : referencing.map((rows) => [rows]);
  const all: ReferencingUpdate[] = [];
  let position = 0;
  for (const group of groups) {
    if (!isOneStatement) position = 0;
    const parameters: unknown[] = [];
    const put = (column: ColumnModel, value: unknown): string => {
      parameters.push(encodedValue(column, value));
      return dialect.placeholder(++position);
    };
    const matches = ({ columns }: ReferencingRow): string =>
      columns.map(({ quoted, referenced: at, old }) => `${quoted} = ${put(at, old)}`).join(" AND ");
    const changed = group.flatMap((rows) => rows.columns.filter(isChanged).map((column) => [rows, column] as const));
    const targets = groupBy(changed, ([, { quoted }]) => quoted);
    const sets = [...targets].map(([quoted, list]) => {
      if (group.length === 1) return `${quoted} = ${put(list[0]![1].referenced, list[0]![1].value)}`;
      const cases = list.map(([rows, { referenced: at, value }]) => `WHEN ${matches(rows)} THEN ${put(at, value)}`);
      return `${quoted} = CASE ${cases.join(" ")} ELSE ${quoted} END`;
    });
    let where = group.map((rows) => (group.length === 1 ? matches(rows) : `(${matches(rows)})`)).join(" OR ");
    const { model } = except;
    if (isOneStatement && group[0]!.table === model.table) {
      const key = storedKeyValues(except);
      const own = model.primary.map((column, place) => `${column.quoted} = ${put(column, key[place])}`).join(" AND ");
      where = `(${where}) AND NOT (${own})`;
    }
    all.push({ sql: `UPDATE ${group[0]!.table} SET ${sets.join(", ")} WHERE ${where}`, parameters });
  }
  return all;
}

/** UPDATEs of referencing rows as the WITH clause of the statement that changes the key. */
export function withClause(updates: readonly ReferencingUpdate[]): { lead: string; parameters: unknown[] } {
  const names = updates.map(({ sql }, place) => `referencing_${place + 1} AS (${sql})`);
  return {
    lead: names.length > 0 ? `WITH ${names.join(", ")} ` : "",
    parameters: updates.flatMap(({ parameters }) => parameters),
  };
}

/** Updates the loaded objects of referencing rows, and returns them. */
export function updateReferencingInstances(
  instances: Iterable<Instance>,
  referencing: readonly ReferencingRow[],
  undoLog?: UndoLog,
): ReadonlySet<Instance> {
  const updated = new Set<Instance>();
  for (const instance of instances)
    for (const { model, columns } of referencing) {
      if (model?.root !== instance.model.root || !columns.every((one) => holds(instance, one))) continue;
      undoLog?.record(instance);
      const snapshot = [...instance.snapshot!];
      for (const { column, old, value } of columns.filter(isChanged)) {
        const own = instance.model.ownColumn(column!)!;
        updateForeignKeyProperty(instance, own, old, value);
        snapshot[own.index] = own.codec.freezeValue(value);
      }
      instance.snapshot = snapshot;
      updated.add(instance);
    }
  return updated;
}

/** Updates the property of a foreign key, unless it was set to another value; where its relation was set, that decides. */
function updateForeignKeyProperty(instance: Instance, column: ColumnModel, old: unknown, value: unknown): void {
  const { entity, snapshot } = instance;
  const key = foreignKeysOf(instance.model)[column.index];
  const reference = key && instance.reference(key.relation);
  if (!reference?.isChanged) {
    if (column.codec.same(column.read(entity) ?? old, snapshot![column.index])) column.write(entity, value);
    return;
  }
  if (!column.codec.same(currentValue(instance, column), column.codec.freezeValue(value))) return;
  column.write(entity, value);
  if (!reference.copiedKey) return;
  reference.copiedKey = [...reference.copiedKey];
  reference.copiedKey[key!.place] = value;
}

/** The identity map's key for the row that an object has in the database. */
export function storedKey(instance: Instance): unknown {
  return keyMaker(instance.model).ofValues(storedKeyValues(instance));
}
