import type { Check, Column, ForeignKey, Index, Table, Unique, View } from "../../schema/model";
import type { MetadataTable } from "../../schema/typeorm-metadata";
import { literal } from "../../schema/tokens";

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export function list(names: readonly string[]): string {
  return names.map(quote).join(", ");
}

/**
 * CREATE TABLE in the spelling that TypeORM's own reading of sqlite_master understands: it finds keys and checks with
 * regular expressions, so each stands on one line, and a check is followed at once by a comma or the last parenthesis.
 */
export function createTable(table: Table): string {
  const alone = table.primaryKey?.columns.length === 1 ? table.primaryKey.columns[0] : undefined;
  const inline = alone !== undefined && table.primaryKey?.name === undefined ? alone : undefined;
  const definitions = [
    ...table.columns.map((column) => columnDefinition(column, column.name === inline)),
    ...table.checks.map(checkClause),
    ...table.uniques.map(uniqueClause),
    ...table.foreignKeys.map(foreignKeyClause),
    ...(table.primaryKey && inline === undefined ? [primaryKeyClause(table.primaryKey)] : []),
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
  return `CHECK( ${quote(column.name)} IN (${column.values!.map(literal).join(",")}) )`;
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

function named(name: string | undefined): string {
  return name === undefined ? "" : `CONSTRAINT ${quote(name)} `;
}

export function primaryKeyClause(key: { name?: string | undefined; columns: readonly string[] }): string {
  return `${named(key.name)}PRIMARY KEY (${list(key.columns)})`;
}

export function uniqueClause(unique: Unique): string {
  return `${named(unique.name)}UNIQUE (${list(unique.columns)})`;
}

export function checkClause(check: Check): string {
  return `${named(check.name)}CHECK (${check.expression})`;
}

export function foreignKeyClause(key: ForeignKey): string {
  return `${named(key.name)}FOREIGN KEY (${list(key.columns)}) ${referencesClause(key)}`;
}

/** The part that can also stand in the definition of a column. */
export function referencesClause(key: ForeignKey): string {
  const columns = key.referencedColumns.length > 0 ? ` (${list(key.referencedColumns)})` : "";
  const deferrable = key.deferrable ? ` DEFERRABLE ${key.deferrable}` : "";
  return (
    `REFERENCES ${quote(key.references.name)}${columns}` +
    ` ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}${deferrable}`
  );
}

export function createIndex(index: Index, table: string): string {
  if (index.stored !== undefined) return index.stored;
  const columns = index.columns.map((column) =>
    [
      column.name === undefined ? column.expression! : quote(column.name),
      column.collation && collateClause(column.collation),
      column.descending && "DESC",
    ]
      .filter(Boolean)
      .join(" "),
  );
  const where = index.where === undefined ? "" : ` WHERE ${index.where}`;
  return `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quote(index.name)} ON ${quote(table)} (${columns.join(", ")})${where}`;
}

export function createView(view: View): string {
  return view.stored ?? `CREATE VIEW ${quote(view.name)} AS ${view.definition}`;
}

export const metadataTable: MetadataTable = {
  quote,
  text: literal,
  database: "NULL",
  schemaOf: () => "NULL",
  shortType: "varchar",
  longType: "text",
};
