import type { QueryRunner } from "typeorm";
import { type Column, type ObjectName, type Schema, type Table, type View, findColumn, findTable } from "./model";
import type { Operation } from "./operation";

/**
 * TypeORM's own books, the table `typeorm_metadata`: in it stand the expressions of views and generated columns as the
 * entities wrote them. What Retort makes is entered too, so that TypeORM's tool agrees with the database afterwards.
 */
export interface MetadataTable {
  readonly quote: (identifier: string) => string;
  readonly text: (value: string) => string;
  /** SQL for the database and schema that an entry is made under; NULL where TypeORM leaves them out. */
  readonly database: string;
  schemaOf(object: ObjectName): string;
  readonly shortType: string;
  readonly longType: string;
}

interface Entry {
  readonly kind: "VIEW" | "MATERIALIZED_VIEW" | "GENERATED_COLUMN";
  readonly table?: string;
  readonly name: string;
  readonly owner: ObjectName;
}

/** The schema with what stands in the books about its views and generated columns. `exists`: whether there are any. */
export async function withStoredExpressions(
  schema: Schema,
  runner: QueryRunner,
  quote: MetadataTable["quote"],
  exists: boolean,
): Promise<Schema> {
  if (!exists) return schema;
  const recordedIn = runner.dataSource.metadataTableName;
  const rows = (await runner.query(`SELECT * FROM ${quote(recordedIn)}`)) as BookRow[];
  const find = (isView: boolean, table: string | null, name: string) =>
    rows.find((row) => row.type.endsWith("VIEW") === isView && (row.table ?? null) === table && row.name === name)
      ?.value;
  return {
    ...schema,
    views: schema.views.map((view) => {
      const declared = find(true, null, view.name);
      return declared === undefined ? view : { ...view, declared, recordedIn };
    }),
    tables: schema.tables.map((table) => ({
      ...table,
      columns: table.columns.map((column) => {
        const declared = column.generated && find(false, table.name, column.name);
        return declared === undefined
          ? column
          : { ...column, generated: { ...column.generated!, declared, recordedIn } };
      }),
    })),
  };
}

interface BookRow {
  readonly type: string;
  readonly table: string | null;
  readonly name: string;
  readonly value: string;
}

/** The statements that make the books follow one operation. */
export function follow(books: MetadataTable, operation: Operation, before: Schema, after: Schema): string[] {
  switch (operation.kind) {
    case "createView":
      return enterView(books, operation.view);
    case "dropView":
      return strikeView(books, operation.view);
    case "createTable":
      return followColumns(books, undefined, operation.table);
    case "dropTable":
      return followColumns(books, operation.table, undefined);
    case "renameTable":
      return renameColumns(books, findTable(before, operation.from)!, findTable(after, operation.to)!);
    case "renameColumn":
      return renameColumns(books, findTable(before, operation.table)!, findTable(after, operation.table)!);
    case "addColumn":
    case "dropColumn":
    case "alterColumn":
      return followColumns(books, findTable(before, operation.table), findTable(after, operation.table));
    default:
      return [];
  }
}

/** The statements that enter a view, or strike it out. */
export function enterView(books: MetadataTable, view: View): string[] {
  return view.recordedIn === undefined
    ? []
    : enter(books, view.recordedIn, entryOf(view), view.declared ?? view.definition);
}

export function strikeView(books: MetadataTable, view: View): string[] {
  return view.recordedIn === undefined ? [] : [strike(books, view.recordedIn, entryOf(view))];
}

/** The statements that make the entries of a table's generated columns follow a change of the table. */
export function followColumns(books: MetadataTable, before: Table | undefined, after: Table | undefined): string[] {
  const gone = (before?.columns ?? []).filter(
    (column) => isOnRecord(column) && !isSame(column, after && findColumn(after, column.name)),
  );
  const fresh = (after?.columns ?? []).filter(
    (column) => isOnRecord(column) && !isSame(column, before && findColumn(before, column.name)),
  );
  return [
    ...gone.map((column) => strike(books, column.generated!.recordedIn!, columnEntry(before!, column.name))),
    ...fresh.flatMap((column) => {
      const { recordedIn, declared, expression } = column.generated!;
      return enter(books, recordedIn!, columnEntry(after!, column.name), declared ?? expression);
    }),
  ];
}

/** The statements that rename the entries of a table's generated columns with the table, or with the column. */
export function renameColumns(books: MetadataTable, before: Table, after: Table): string[] {
  return before.columns.flatMap((column, at) => {
    if (!isOnRecord(column)) return [];
    const to = after.columns[at]!;
    if (to.name === column.name && before.name === after.name) return [];
    const { quote, text } = books;
    const { recordedIn } = column.generated!;
    return [
      `UPDATE ${quote(recordedIn!)} SET ${quote("table")} = ${text(after.name)}, ${quote("name")} = ${text(to.name)}` +
        ` WHERE ${condition(books, columnEntry(before, column.name))}`,
    ];
  });
}

function isOnRecord(column: Column): boolean {
  return column.generated?.recordedIn !== undefined;
}

function isSame(a: Column, b: Column | undefined): boolean {
  const { generated: one } = a;
  const other = b?.generated;
  return one?.expression === other?.expression && one?.stored === other?.stored;
}

function entryOf(view: View): Entry {
  return { kind: view.materialized ? "MATERIALIZED_VIEW" : "VIEW", name: view.name, owner: view };
}

function columnEntry(table: Table, name: string): Entry {
  return { kind: "GENERATED_COLUMN", table: table.name, name, owner: table };
}

function enter(books: MetadataTable, table: string, entry: Entry, value: string): string[] {
  const { quote, text, shortType: short, longType: long } = books;
  const names = ["type", "database", "schema", "table", "name", "value"].map(quote);
  const types = [`${short} NOT NULL`, short, short, short, short, long];
  const columns = names.map((name, at) => `  ${name} ${types[at]}`).join(",\n");
  const isColumn = entry.kind === "GENERATED_COLUMN";
  const values = [
    text(entry.kind),
    isColumn ? books.database : "NULL",
    books.schemaOf(entry.owner),
    entry.table === undefined ? "NULL" : text(entry.table),
    text(entry.name),
    text(value),
  ];
  return [
    `CREATE TABLE IF NOT EXISTS ${quote(table)} (\n${columns}\n)`,
    `INSERT INTO ${quote(table)} (${names.join(", ")}) VALUES (${values.join(", ")})`,
  ];
}

function strike(books: MetadataTable, table: string, entry: Entry): string {
  return `DELETE FROM ${books.quote(table)} WHERE ${condition(books, entry)}`;
}

function condition({ quote, text }: MetadataTable, entry: Entry): string {
  const table = entry.table === undefined ? "" : ` AND ${quote("table")} = ${text(entry.table)}`;
  return `${quote("type")} = ${text(entry.kind)}${table} AND ${quote("name")} = ${text(entry.name)}`;
}
