import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { ChangeSet } from "./change-set";
import type { Dependency } from "./dependency";
import { NOT_LOADED, type Instance } from "../state/instance";
import { currentValue } from "../state/values";

/** Which rows have to be written before which because they give up a unique value that the other takes. */
export class UniqueValues {
  readonly #dependencies = new Map<Instance, Dependency[]>();

  constructor({ inserts, updates, deletes }: ChangeSet) {
    if (updates.length + deletes.length === 0) return;
    const changes: { instance: Instance; columns: readonly ColumnModel[] }[] = [];
    for (const { instance, changes: all } of updates)
      for (const columns of uniquesOf(instance.model))
        if (all.some(({ column }) => columns.includes(column))) changes.push({ instance, columns });
    if (changes.length + deletes.length === 0) return;
    const freed = freedValues(changes, deletes, new Set([...inserts, ...changes.map(({ instance }) => instance)]));
    if (freed.size === 0) return;
    for (const instance of inserts)
      for (const columns of uniquesOf(instance.model)) this.#take(instance, columns, freed);
    for (const { instance, columns } of changes) this.#take(instance, columns, freed);
  }

  /** Whether a row takes a value that another row gives up in the same flush. */
  get collide(): boolean {
    return this.#dependencies.size > 0;
  }

  of(instance: Instance): readonly Dependency[] {
    return this.#dependencies.get(instance) ?? EMPTY;
  }

  #take(instance: Instance, columns: readonly ColumnModel[], freed: ReadonlyMap<string, Instance>): void {
    const text = textOf(columns, (column) => column.codec.freezeValue(currentValue(instance, column) ?? null));
    const on = text === undefined ? undefined : freed.get(text);
    if (!on || on === instance) return;
    const list = this.#dependencies.get(instance);
    const dependency: Dependency = { on, unique: columns };
    if (list) list.push(dependency);
    else this.#dependencies.set(instance, [dependency]);
  }
}

const EMPTY: readonly Dependency[] = [];

/** The values that are given up, with the object that has them; only in tables where others are written. */
function freedValues(
  changes: readonly { readonly instance: Instance; readonly columns: readonly ColumnModel[] }[],
  deletes: readonly Instance[],
  written: ReadonlySet<Instance>,
): Map<string, Instance> {
  const freed = new Map<string, Instance>();
  const tables = new Set([...written].map(({ model }) => model.table));
  const free = (instance: Instance, columns: readonly ColumnModel[]): void => {
    const text = textOf(columns, (column) => instance.snapshot![column.index]);
    if (text !== undefined) freed.set(text, instance);
  };
  for (const { instance, columns } of changes) free(instance, columns);
  for (const instance of deletes)
    if (tables.has(instance.model.table)) for (const columns of uniquesOf(instance.model)) free(instance, columns);
  return freed;
}

/**
 * The values of unique columns as one text; undefined where one is NULL, which equals nothing. Values that a database
 * might treat as equal (another case, another accent) are equal here: a dependency too many does no harm.
 */
function textOf(columns: readonly ColumnModel[], valueOf: (column: ColumnModel) => unknown): string | undefined {
  const parts = [columns[0]!.model.table, ...columns.map(({ column }) => column)];
  for (const column of columns) {
    const value = valueOf(column);
    if (value === null || value === undefined || value === NOT_LOADED) return undefined;
    parts.push(
      typeof value === "string"
        ? value.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trimEnd()
        : String(value),
    );
  }
  return parts.join("\u0000");
}

const known = new WeakMap<EntityModel, readonly (readonly ColumnModel[])[]>();

/** The columns of each unique constraint and unique index of an entity's table, the primary key first. */
export function uniquesOf(model: EntityModel): readonly (readonly ColumnModel[])[] {
  let uniques = known.get(model);
  if (!uniques) known.set(model, (uniques = findUniques(model)));
  return uniques;
}

function findUniques(model: EntityModel): (readonly ColumnModel[])[] {
  const { metadata } = model;
  const found = new Map<string, readonly ColumnModel[]>();
  const add = (columns: readonly ColumnModel[]): void => {
    if (columns.length > 0) found.set(columns.map(({ index }) => index).join(","), columns);
  };
  add(model.primary);
  const inherited = metadata.parentEntityMetadata;
  for (const { uniques, indices, tableName } of inherited ? [metadata, inherited] : [metadata]) {
    if (tableName !== metadata.tableName) continue;
    for (const { columns } of [...uniques, ...indices.filter(({ isUnique }) => isUnique)]) {
      const own = columns.map(({ databaseName }) => model.columns.find(({ column }) => column === databaseName));
      if (own.every((column) => column !== undefined)) add(own);
    }
  }
  return [...found.values()];
}
