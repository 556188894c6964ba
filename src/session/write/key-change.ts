import type { Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Change } from "../flush/change-set";
import { keyCannotFollow } from "../state/errors";
import { groupBy } from "../../groups";
import { keyMaker } from "../state/identity-key";
import { NOT_LOADED, type Instance, type Reference } from "../state/instance";
import type { UndoLog } from "../rollback/undo-log";
import type { Update } from "./persister";
import { currentValue, encodedValue, foreignKeysOf, storedKeyValues } from "../state/values";

/** A column that points at a row whose key changes, with what it holds and what it is to hold. */
interface FollowingColumn {
  readonly quoted: string;
  /** The property that holds it; undefined in a table that belongs to no entity. */
  readonly column: ColumnModel | undefined;
  readonly referenced: ColumnModel;
  readonly old: unknown;
  readonly value: unknown;
}

/** A foreign key that points at a row whose key changes. */
export interface ReferencingRow {
  readonly table: string;
  /** The entity of the table, where it has one. */
  readonly model: EntityModel | undefined;
  readonly columns: readonly FollowingColumn[];
  /** Whether the database makes the rows follow (ON UPDATE CASCADE). */
  readonly byDatabase: boolean;
}

/** SQL that makes rows follow. */
export interface FollowingStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

const referenced = new WeakMap<EntityModel, ReadonlySet<ColumnModel>>();

/** Columns of an entity that foreign keys point at. */
function referencedColumns(model: EntityModel): ReadonlySet<ColumnModel> {
  let columns = referenced.get(model);
  if (!columns) {
    const all = [
      ...model.referrers().flatMap(({ joins }) => joins.map((join) => join.referenced)),
      ...model.pointers().flatMap(({ columns: pairs }) => pairs.map((pair) => pair.referenced)),
    ];
    columns = new Set(all.flatMap((column) => model.ownColumn(column) ?? []));
    referenced.set(model, columns);
  }
  return columns;
}

/** Whether foreign keys point at a column. */
export function isPointedAt(column: ColumnModel): boolean {
  return referencedColumns(column.model).has(column);
}

/** Whether somebody may point at what an UPDATE writes anew. */
export function changesKey({ instance: { model, snapshot }, changes }: Update): boolean {
  const columns = referencedColumns(model);
  return columns.size > 0 && changes.some(({ column }) => columns.has(column) && snapshot?.[column.index] !== null);
}

/**
 * The foreign keys that point at a row whose key changes, and those that point at these.
 *
 * @throws RetortError `session/key-cannot-follow` where a row that is pointed at cannot be told by its own columns
 */
export function followersOf({ instance, changes }: Update): ReferencingRow[] {
  const { model, snapshot } = instance;
  const changed = new Map(changes.map(({ column, value }) => [column, value]));
  const found = new Map<string, ReferencingRow>();
  const visit = (target: EntityModel, valuesOf: (column: ColumnModel) => [unknown, unknown] | undefined): void => {
    for (const pointer of pointersAt(target)) {
      const columns = pointer.columns.flatMap(({ quoted, column, referenced: at }): FollowingColumn[] => {
        const own = target.ownColumn(at);
        const values = own && valuesOf(own);
        return values ? [{ quoted, column, referenced: own, old: values[0], value: values[1] }] : [];
      });
      if (!columns.some(isMoved)) continue;
      const name = [pointer.table, ...columns.map(({ quoted }) => quoted)].join("\0");
      if (found.has(name)) continue;
      // Of a row that is told by more than its foreign key, only some would have to follow.
      if (target !== model && columns.length < movedIn(found, target)) throw keyCannotFollow(target.name);
      found.set(name, { ...pointer, columns });
      const { model: child } = pointer;
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
    const remembered = snapshot![column.index];
    if (remembered === NOT_LOADED || remembered === null || remembered === undefined) return undefined;
    const old = column.codec.thaw(remembered);
    return [old, changed.has(column) ? changed.get(column) : old];
  });
  return [...found.values()];
}

function movedIn(found: ReadonlyMap<string, ReferencingRow>, target: EntityModel): number {
  return Math.max(
    0,
    ...[...found.values()].filter(({ model }) => model === target).map(({ columns }) => columns.length),
  );
}

function* pointersAt(target: EntityModel): Generator<{
  table: string;
  model: EntityModel | undefined;
  columns: { quoted: string; column: ColumnModel | undefined; referenced: ColumnModel }[];
  byDatabase: boolean;
}> {
  for (const { model, joins, metadata } of target.referrers())
    yield {
      table: model.table,
      model,
      columns: joins.map((join) => ({
        quoted: join.foreign.quoted,
        column: join.foreign,
        referenced: join.referenced,
      })),
      // MySQL and MariaDB do not cascade into the table that is written.
      byDatabase: metadata.onUpdate === "CASCADE" && metadata.createForeignKeyConstraints && model.root !== target.root,
    };
  for (const { table, columns, onUpdate } of target.pointers())
    yield {
      table,
      model: undefined,
      columns: columns.map((pair) => ({ ...pair, column: undefined })),
      byDatabase: onUpdate === "CASCADE",
    };
}

function isMoved({ referenced: { codec }, old, value }: FollowingColumn): boolean {
  return !codec.same(value, codec.freezeValue(old));
}

/** Foreign keys of the row itself that point at it: they change with its key. */
export function ownFollowers({ instance, changes }: Update, followers: readonly ReferencingRow[]): Change[] {
  const named = new Set(changes.map(({ column }) => column));
  return followers.flatMap(({ model, columns }) =>
    model && model.root === instance.model.root && columns.every((one) => holds(instance, one))
      ? columns.filter(isMoved).flatMap(({ column, value }): Change[] => {
          const own = instance.model.ownColumn(column!);
          return own && !named.has(own) ? [{ column: own, value }] : [];
        })
      : [],
  );
}

function holds({ model, snapshot }: Instance, { column, old }: FollowingColumn): boolean {
  const own = column && model.ownColumn(column);
  return own !== undefined && snapshot !== undefined && own.codec.same(old, snapshot[own.index]);
}

/** An UPDATE for each table whose rows have to follow; a row that points twice is written once. */
export function followingStatements(
  { dialect }: Pick<Statements, "dialect">,
  followers: readonly ReferencingRow[],
  except: Instance,
  together: boolean,
): FollowingStatement[] {
  const groups = together ? groupBy(followers, ({ table }) => table).values() : followers.map((follower) => [follower]);
  const all: FollowingStatement[] = [];
  let position = 0;
  for (const group of groups) {
    if (!together) position = 0;
    const parameters: unknown[] = [];
    const put = (column: ColumnModel, value: unknown): string => {
      parameters.push(encodedValue(column, value));
      return dialect.placeholder(++position);
    };
    const met = ({ columns }: ReferencingRow): string =>
      columns.map(({ quoted, referenced: at, old }) => `${quoted} = ${put(at, old)}`).join(" AND ");
    const moved = group.flatMap((follower) =>
      follower.columns.filter(isMoved).map((column) => [follower, column] as const),
    );
    const targets = groupBy(moved, ([, { quoted }]) => quoted);
    const sets = [...targets].map(([quoted, list]) => {
      if (group.length === 1) return `${quoted} = ${put(list[0]![1].referenced, list[0]![1].value)}`;
      const cases = list.map(([follower, { referenced: at, value }]) => `WHEN ${met(follower)} THEN ${put(at, value)}`);
      return `${quoted} = CASE ${cases.join(" ")} ELSE ${quoted} END`;
    });
    let where = group.map((follower) => (group.length === 1 ? met(follower) : `(${met(follower)})`)).join(" OR ");
    const { model } = except;
    if (together && group[0]!.table === model.table) {
      // The row itself is written by its own UPDATE; a statement may write a row once.
      const key = storedKeyValues(except);
      const own = model.primary.map((column, place) => `${column.quoted} = ${put(column, key[place])}`).join(" AND ");
      where = `(${where}) AND NOT (${own})`;
    }
    all.push({ sql: `UPDATE ${group[0]!.table} SET ${sets.join(", ")} WHERE ${where}`, parameters });
  }
  return all;
}

/** What makes rows follow, as the beginning of the statement that changes the key. */
export function leading(following: readonly FollowingStatement[]): { lead: string; parameters: unknown[] } {
  const names = following.map(({ sql }, place) => `follower_${place + 1} AS (${sql})`);
  return {
    lead: names.length > 0 ? `WITH ${names.join(", ")} ` : "",
    parameters: following.flatMap(({ parameters }) => parameters),
  };
}

/** Makes the objects that are in memory follow, and gives them. */
export function followInMemory(
  instances: Iterable<Instance>,
  followers: readonly ReferencingRow[],
  journal?: UndoLog,
): ReadonlySet<Instance> {
  const following = new Set<Instance>();
  for (const instance of instances)
    for (const { model, columns } of followers) {
      if (model?.root !== instance.model.root || !columns.every((one) => holds(instance, one))) continue;
      journal?.record(instance);
      const snapshot = [...instance.snapshot!];
      for (const { column, old, value } of columns.filter(isMoved)) {
        const own = instance.model.ownColumn(column!)!;
        followProperty(instance, own, old, value);
        snapshot[own.index] = own.codec.freezeValue(value);
      }
      instance.snapshot = snapshot;
      following.add(instance);
    }
  return following;
}

/** The property of a foreign key follows, unless it was set to something else; where its relation was set, that decides. */
function followProperty(instance: Instance, column: ColumnModel, old: unknown, value: unknown): void {
  const { entity, snapshot } = instance;
  const key = foreignKeysOf(instance.model)[column.index];
  const reference = key && (instance.relatedBy(key.relation) as Reference | undefined);
  if (!reference?.assigned) {
    if (column.codec.same(column.read(entity) ?? old, snapshot![column.index])) column.write(entity, value);
    return;
  }
  if (!column.codec.same(currentValue(instance, column), column.codec.freezeValue(value))) return;
  column.write(entity, value);
  if (!reference.copied) return;
  reference.copied = [...reference.copied];
  reference.copied[key!.place] = value;
}

/** The place in the identity map that an object's row has. */
export function storedKey(instance: Instance): unknown {
  return keyMaker(instance.model).ofValues(storedKeyValues(instance));
}
