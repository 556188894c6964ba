import { doubleQuoted, quotedText } from "../../literals";
import { clausesWith } from "../../schema/clauses";
import type { Column, Index, Table, Unique, View } from "../../schema/model";
import type { MetadataTable } from "../../schema/typeorm-metadata";

export const quote = doubleQuoted;
export const clauses = clausesWith(quote);
export const { list } = clauses;

/**
 * CREATE TABLE in the spelling that TypeORM's own reading of sqlite_master understands: it finds keys and checks with
 * regular expressions, so each stands on one line, and a check is followed at once by a comma or the last parenthesis.
 */
export function createTable(table: Table): string {
  const alone = table.primaryKey?.columns.length === 1 ? table.primaryKey.columns[0] : undefined;
  const inline = alone !== undefined && table.primaryKey?.name === undefined ? alone : undefined;
  const definitions = [
    ...table.columns.map((column) => columnDefinition(column, column.name === inline)),
    ...table.checks.map(clauses.check),
    ...table.uniques.map(uniqueClause),
    ...table.foreignKeys.map(clauses.foreignKey),
    ...(table.primaryKey && inline === undefined ? [clauses.primaryKey(table.primaryKey)] : []),
  ];
  const lastIsCheck = definitions.length === table.columns.length + table.checks.length && table.checks.length > 0;
  const options = [table.withoutRowid && "WITHOUT ROWID", table.strict && "STRICT"].filter(Boolean).join(", ");
  const body = definitions.map((definition) => `  ${definition}`).join(",\n");
  return `CREATE TABLE ${quote(table.name)} (\n${body}${lastIsCheck ? "" : "\n"})${options && ` ${options}`}`;
}

export function columnDefinition(column: Column, isPrimaryKey: boolean): string {
  return [
    quote(column.name) + (column.type && ` ${column.type}`) + (column.values ? ` ${valuesClause(column)}` : ""),
    isPrimaryKey && "PRIMARY KEY",
    isPrimaryKey && column.increment && "AUTOINCREMENT",
    column.collation && collateClause(column.collation),
    !column.nullable && "NOT NULL",
    column.generated ? generatedClause(column) : column.default !== undefined && defaultClause(column.default),
  ]
    .filter(Boolean)
    .join(" ");
}

export function valuesClause(column: Column): string {
  return `CHECK( ${quote(column.name)} IN (${column.values!.map(quotedText).join(",")}) )`;
}

export function collateClause(collation: string): string {
  return `COLLATE ${/^\w+$/.test(collation) ? collation : quote(collation)}`;
}

export function defaultClause(expression: string): string {
  return `DEFAULT (${expression})`;
}

export function generatedClause(column: Column): string {
  return `AS (${column.generated!.expression}) ${column.generated!.stored ? "STORED" : "VIRTUAL"}`;
}

/** SQLite cannot defer the check of UNIQUE. */
export function uniqueClause(unique: Unique): string {
  return clauses.unique({ ...unique, deferrable: undefined });
}

export function createIndex(index: Index, table: string): string {
  if (index.stored !== undefined) return index.stored;
  const columns = clauses.indexColumns(index.columns, collateClause);
  const where = index.where === undefined ? "" : ` WHERE ${index.where}`;
  return `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quote(index.name)} ON ${quote(table)} (${columns})${where}`;
}

export function createView(view: View): string {
  return view.stored ?? `CREATE VIEW ${quote(view.name)} AS ${view.definition}`;
}

export const metadataTable: MetadataTable = {
  quote,
  text: quotedText,
  database: "NULL",
  schemaOf: () => "NULL",
  shortType: "varchar",
  longType: "text",
};
