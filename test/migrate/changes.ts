import fc from "fast-check";
import { DefaultNamingStrategy, type EntitySchema } from "typeorm";
import type { Workshop } from "../helpers/workshop";
import {
  type Design,
  type DesignColumn,
  type DesignTable,
  KINDS,
  addParts,
  columnOf,
  keyOf,
  pick,
  quoted,
  referenceTo,
  tableOf,
  viewOf,
} from "./design";

/** The same schema after some changes, one upon the other. */
export function changed(g: fc.GeneratorValue, before: Design): Design {
  const after = structuredClone(before);
  const changes = g(fc.integer, { min: 1, max: 6 });
  for (let at = 0; at < changes; at++) changeOnce(g, after);
  return after;
}

const FRESH = ["fresh", "newer", "third", "Über", "a.b"];

function changeOnce(g: fc.GeneratorValue, after: Design): void {
  const own = pick(g, after.tables);
  const plain = own.columns.filter((column) => !column.generated);
  const column = pick(g, plain);
  const free = FRESH.filter((name) => !own.columns.some((other) => other.name === name));
  switch (g(fc.integer, { min: 0, max: 17 })) {
    case 0:
    case 1:
      if (free.length > 0) own.columns.push(columnOf(g, free[0]!));
      return;
    case 2:
      if (plain.length > 1) dropColumn(after, own, column);
      return;
    case 3:
    case 4:
      if (free.length > 0) renameColumn(after, own, column, free.at(-1)!);
      return;
    case 5:
      column.variant = g(fc.integer, { min: 0, max: 2 });
      column.default = g(fc.boolean);
      return;
    case 6:
      column.nullable = !column.nullable;
      return;
    case 7:
      own.indexes = [];
      own.checks = [];
      if (g(fc.boolean)) own.uniques = [];
      return;
    case 8:
      addParts(g, own);
      return;
    case 9: {
      const reference = referenceTo(g, pick(g, after.tables).name);
      reference.property += "x";
      if (!own.references.some(({ property }) => property === reference.property)) own.references.push(reference);
      return;
    }
    case 10:
      if (g(fc.boolean)) own.references = own.references.slice(1);
      for (const reference of own.references)
        reference.onDelete = g(fc.constantFrom, "CASCADE", "SET NULL", "NO ACTION");
      return;
    case 11:
      if (!after.tables.some(({ name }) => name === "renamed")) renameTable(after, own, "renamed");
      return;
    case 12:
      dropTable(after, own);
      return;
    case 13:
      if (!after.tables.some(({ name }) => name === "newcomer"))
        after.tables.push(tableOf(g, "newcomer", [pick(g, after.tables).name, "newcomer"]));
      return;
    case 14:
      if (own.compositeKey) own.withoutRowid = !own.withoutRowid;
      return;
    case 15:
      after.views = g(fc.boolean) ? [] : [viewOf(g, after.tables)];
      return;
    case 16:
      for (const { generated } of own.columns) if (generated) generated.stored = !generated.stored;
      return;
    case 17:
      changeLinks(g, after, own);
      return;
  }
}

function dropColumn(after: Design, own: DesignTable, column: DesignColumn): void {
  const computed = own.columns.filter(({ generated }) => generated?.of === column.name);
  const gone = [column, ...computed].map(({ name }) => name);
  const uses = (columns: readonly string[]) => columns.some((name) => gone.includes(name));
  own.columns = own.columns.filter(({ name }) => !gone.includes(name));
  own.indexes = own.indexes.filter(({ columns }) => !uses(columns));
  own.uniques = own.uniques.filter((columns) => !uses(columns));
  own.checks = own.checks.filter((check) => !check.includes(quoted(column.name)));
  after.views = after.views.filter((view) => view.table !== own.name || !uses(view.columns));
}

function renameColumn(after: Design, own: DesignTable, column: DesignColumn, to: string): void {
  const from = column.name;
  const again = (names: readonly string[]) => names.map((name) => (name === from ? to : name));
  column.name = to;
  for (const { generated } of own.columns) if (generated?.of === from) generated.of = to;
  for (const index of own.indexes) {
    index.columns = again(index.columns);
    index.where = index.where?.replaceAll(quoted(from), quoted(to));
  }
  own.uniques = own.uniques.map(again);
  own.checks = own.checks.map((check) => check.replaceAll(quoted(from), quoted(to)));
  for (const view of after.views) if (view.table === own.name) view.columns = again(view.columns);
}

/** A table whose name a join table has in its own keeps it here: that is a rename of three. */
function renameTable(after: Design, own: DesignTable, to: string): void {
  if (isLinked(after, own)) return;
  for (const other of after.tables)
    for (const reference of other.references) if (reference.target === own.name) reference.target = to;
  for (const view of after.views) if (view.table === own.name) view.table = to;
  own.name = to;
}

function dropTable(after: Design, own: DesignTable): void {
  if (after.tables.length === 1 || isLinked(after, own)) return;
  after.tables = after.tables.filter((other) => other !== own);
  for (const other of after.tables) other.references = other.references.filter(({ target }) => target !== own.name);
  after.views = after.views.filter((view) => view.table !== own.name);
}

/** Many-to-many relations that go, or come; a key of several columns has none of its own here. */
function changeLinks(g: fc.GeneratorValue, after: Design, own: DesignTable): void {
  if (own.links.length > 0) own.links.pop();
  else if (!own.compositeKey) own.links.push({ property: "fresh links", target: pick(g, after.tables).name });
}

function isLinked(after: Design, own: DesignTable): boolean {
  return own.links.length > 0 || after.tables.some(({ links }) => links.some(({ target }) => target === own.name));
}

/** Where a value is, before and after. */
export interface Kept {
  readonly before: Place;
  readonly after: Place;
}

export interface Place {
  readonly table: DesignTable;
  readonly column: DesignColumn;
}

/** A column whose values must be the same at both ends: what it is called before, and after. */
export type KeptKey = Record<"before" | "after", { readonly table: string; readonly column: string }>;

/** The key columns, and those of relations, that stay. */
export function keptKeys(before: Design, after: Design): KeptKey[] {
  return pairs(before, after).flatMap(([table, now]) => {
    const relations = table.references.filter(({ property, target }) =>
      now.references.some((other) => other.property === property && idOf(after, other.target) === idOf(before, target)),
    );
    const columns = relations.flatMap(({ property, target }) =>
      keyOf(before.tables.find(({ name }) => name === target)!).map((key) => joinColumn(property, key)),
    );
    return [...keyOf(table), ...columns].map((column) => ({
      before: { table: table.name, column },
      after: { table: now.name, column },
    }));
  });
}

function idOf({ tables }: Design, name: string): number {
  return tables.find((table) => table.name === name)!.id;
}

/** The tables that stay, by both names. */
export function keptTables(before: Design, after: Design): { before: DesignTable; after: DesignTable }[] {
  return pairs(before, after).map(([table, now]) => ({ before: table, after: now }));
}

/** The columns that stay, whatever they are called. */
export function keptColumns(before: Design, after: Design): Kept[] {
  return pairs(before, after).flatMap(([table, now]) =>
    table.columns.flatMap((column) => {
      const other = now.columns.find(({ id }) => id === column.id);
      if (!other || column.generated || other.generated) return [];
      return [{ before: { table, column }, after: { table: now, column: other } }];
    }),
  );
}

function pairs(before: Design, after: Design): [DesignTable, DesignTable][] {
  return before.tables.flatMap((table): [DesignTable, DesignTable][] => {
    const now = after.tables.find(({ id }) => id === table.id);
    return now ? [[table, now]] : [];
  });
}

/** What has to be answered to get from one to the other. */
export function answersFor(before: Design, after: Design): { renames: string[]; drops: string[]; backfills: string[] } {
  const answers = { renames: [] as string[], drops: [] as string[], backfills: [] as string[] };
  const views = before.views.filter(({ name }) => !after.views.some((view) => view.name === name));
  answers.drops.push(...views.map(({ name }) => name));
  for (const table of before.tables) {
    const now = after.tables.find(({ id }) => id === table.id);
    for (const { property, target } of table.links)
      if (!now?.links.some((link) => link.property === property))
        answers.drops.push(joinTable(table.name, property, target));
    if (!now) answers.drops.push(table.name);
    else answerTable(table, now, before, answers);
  }
  return answers;
}

function answerTable(
  table: DesignTable,
  now: DesignTable,
  before: Design,
  answers: ReturnType<typeof answersFor>,
): void {
  if (table.name !== now.name) answers.renames.push(`${table.name}:${now.name}`);
  for (const column of table.columns) {
    const other = now.columns.find(({ id }) => id === column.id);
    if (column.generated) continue;
    if (!other) {
      answers.drops.push(`${now.name}.${column.name}`);
      // What a column that must not be NULL comes back with.
      if (!column.nullable && !column.default) answers.backfills.push(filled(now, column));
      continue;
    }
    if (other.name !== column.name) answers.renames.push(`${now.name}.${column.name}:${other.name}`);
    if (column.nullable && !other.nullable) answers.backfills.push(filled(now, other));
  }
  for (const column of now.columns)
    if (!table.columns.some(({ id }) => id === column.id) && !column.generated && !column.nullable && !column.default)
      answers.backfills.push(filled(now, column));
  for (const reference of table.references) {
    if (now.references.some(({ property }) => property === reference.property)) continue;
    const target = before.tables.find(({ name }) => name === reference.target)!;
    for (const key of keyOf(target)) answers.drops.push(`${now.name}.${joinColumn(reference.property, key)}`);
  }
}

/** Another value for every row, where the type has so many. */
function filled(table: DesignTable, { name, kind }: DesignColumn): string {
  const value =
    kind === "text" ? `'filled ' || "id"` : kind === "integer" || kind === "real" ? `"id" + 800` : KINDS[kind].value(1);
  return `${table.name}.${name}=(${value})`;
}

/** The table of a many-to-many relation, as the naming strategy calls it. */
export function joinTable(owner: string, property: string, target: string): string {
  return new DefaultNamingStrategy().joinTableName(owner, target, property, "");
}

/** The key column of a relation, as the naming strategy calls it. */
export function joinColumn(property: string, key: string): string {
  return property[0]!.toLowerCase() + property.slice(1) + key[0]!.toUpperCase() + key.slice(1);
}

/** Values stay as they are, but for NULLs that had to become something, and for types that make something of them. */
export function expectKept(kept: readonly Kept[], values: readonly string[][], now: readonly string[][]): void {
  for (const [at, { before, after }] of kept.entries()) {
    const typeOf = ({ column }: Place) => JSON.stringify(KINDS[column.kind].types[column.variant]);
    const expected = values[at]!.map((value, row) => (value === "NULL" ? now[at]![row] : value));
    if (typeOf(before) === typeOf(after)) expect(now[at]).toEqual(expected);
    else expect(now[at]).toHaveLength(expected.length);
  }
}

export async function expectNothingLeft(shop: Workshop, wanted: EntitySchema[]): Promise<void> {
  expect((await shop.check(wanted)).differences.map(({ text }) => text)).toEqual([]);
}
