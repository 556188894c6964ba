import type { QueryRunner } from "typeorm";
import { type Column, type ObjectName, type Schema, type Table, type View, findColumn, findTable } from "./model";
import type { Operation } from "./operation";
import { dataSourceOf } from "../../typeorm/data-source";

/**
 * TypeORM's table `typeorm_metadata`: it stores the expressions of views and generated columns as the entities wrote
 * them. Migrations keep it up to date, so that TypeORM's own generator agrees with the database afterwards.
 */
export interface MetadataTable {
  readonly quote: (identifier: string) => string;
  readonly text: (value: string) => string;
  /** SQL for the database and schema of a row; NULL where TypeORM leaves them out. */
  readonly database: string;
  schemaOf(object: ObjectName): string;
  readonly shortType: string;
  readonly longType: string;
}

/** What identifies a row. */
interface RowKey {
  readonly kind: "VIEW" | "MATERIALIZED_VIEW" | "GENERATED_COLUMN";
  readonly table?: string;
  readonly name: string;
  readonly owner: ObjectName;
}

/** The schema with the stored expressions of its views and generated columns. @param exists whether the table exists */
export async function withStoredExpressions(
  schema: Schema,
  runner: QueryRunner,
  quote: MetadataTable["quote"],
  exists: boolean,
): Promise<Schema> {
  if (!exists) return schema;
  const recordedIn = dataSourceOf(runner).metadataTableName;
  const rows = (await runner.query(`SELECT * FROM ${quote(recordedIn)}`)) as MetadataRow[];
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

interface MetadataRow {
  readonly type: string;
  readonly table: string | null;
  readonly name: string;
  readonly value: string;
}

/** The statements that update the table for one operation. */
export function metadataStatements(
  metadata: MetadataTable,
  operation: Operation,
  before: Schema,
  after: Schema,
): string[] {
  switch (operation.kind) {
    case "createView":
      return insertView(metadata, operation.view);
    case "dropView":
      return deleteView(metadata, operation.view);
    case "createTable":
      return updateColumns(metadata, undefined, operation.table);
    case "dropTable":
      return updateColumns(metadata, operation.table, undefined);
    case "renameTable":
      return renameColumns(metadata, findTable(before, operation.from)!, findTable(after, operation.to)!);
    case "renameColumn":
      return renameColumns(metadata, findTable(before, operation.table)!, findTable(after, operation.table)!);
    case "addColumn":
    case "dropColumn":
    case "alterColumn":
      return updateColumns(metadata, findTable(before, operation.table), findTable(after, operation.table));
    default:
      return [];
  }
}

/** The statements that insert the row of a view. */
export function insertView(metadata: MetadataTable, view: View): string[] {
  return view.recordedIn === undefined
    ? []
    : insert(metadata, view.recordedIn, viewKey(view), view.declared ?? view.definition);
}

export function deleteView(metadata: MetadataTable, view: View): string[] {
  return view.recordedIn === undefined ? [] : [remove(metadata, view.recordedIn, viewKey(view))];
}

/** The statements that update the rows of a table's generated columns when the table changes. */
export function updateColumns(metadata: MetadataTable, before: Table | undefined, after: Table | undefined): string[] {
  const removed = (before?.columns ?? []).filter(
    (column) => isRecorded(column) && !isSameExpression(column, after && findColumn(after, column.name)),
  );
  const added = (after?.columns ?? []).filter(
    (column) => isRecorded(column) && !isSameExpression(column, before && findColumn(before, column.name)),
  );
  return [
    ...removed.map((column) => remove(metadata, column.generated!.recordedIn!, columnKey(before!, column.name))),
    ...added.flatMap((column) => {
      const { recordedIn, declared, expression } = column.generated!;
      return insert(metadata, recordedIn!, columnKey(after!, column.name), declared ?? expression);
    }),
  ];
}

/** The statements that rename the rows of generated columns when the table or a column is renamed. */
export function renameColumns(metadata: MetadataTable, before: Table, after: Table): string[] {
  return before.columns.flatMap((column, at) => {
    if (!isRecorded(column)) return [];
    const to = after.columns[at]!;
    if (to.name === column.name && before.name === after.name) return [];
    const { quote, text } = metadata;
    const { recordedIn } = column.generated!;
    return [
      `UPDATE ${quote(recordedIn!)} SET ${quote("table")} = ${text(after.name)}, ${quote("name")} = ${text(to.name)}` +
        ` WHERE ${condition(metadata, columnKey(before, column.name))}`,
    ];
  });
}

function isRecorded(column: Column): boolean {
  return column.generated?.recordedIn !== undefined;
}

function isSameExpression(a: Column, b: Column | undefined): boolean {
  const { generated: one } = a;
  const other = b?.generated;
  return one?.expression === other?.expression && one?.stored === other?.stored;
}

function viewKey(view: View): RowKey {
  return { kind: view.materialized ? "MATERIALIZED_VIEW" : "VIEW", name: view.name, owner: view };
}

function columnKey(table: Table, name: string): RowKey {
  return { kind: "GENERATED_COLUMN", table: table.name, name, owner: table };
}

function insert(metadata: MetadataTable, table: string, key: RowKey, value: string): string[] {
  const { quote, text, shortType: short, longType: long } = metadata;
  const names = ["type", "database", "schema", "table", "name", "value"].map(quote);
  const types = [`${short} NOT NULL`, short, short, short, short, long];
  const columns = names.map((name, at) => `  ${name} ${types[at]}`).join(",\n");
  const isColumn = key.kind === "GENERATED_COLUMN";
  const values = [
    text(key.kind),
    isColumn ? metadata.database : "NULL",
    metadata.schemaOf(key.owner),
    key.table === undefined ? "NULL" : text(key.table),
    text(key.name),
    text(value),
  ];
  return [
    `CREATE TABLE IF NOT EXISTS ${quote(table)} (\n${columns}\n)`,
    `INSERT INTO ${quote(table)} (${names.join(", ")}) VALUES (${values.join(", ")})`,
  ];
}

function remove(metadata: MetadataTable, table: string, key: RowKey): string {
  return `DELETE FROM ${metadata.quote(table)} WHERE ${condition(metadata, key)}`;
}

function condition({ quote, text }: MetadataTable, key: RowKey): string {
  const table = key.table === undefined ? "" : ` AND ${quote("table")} = ${text(key.table)}`;
  return `${quote("type")} = ${text(key.kind)}${table} AND ${quote("name")} = ${text(key.name)}`;
}
