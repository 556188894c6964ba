import type { MetadataTable } from "../../schema/typeorm-metadata";
import type { Check, Column, ForeignKey, Index, ObjectName, Table } from "../../schema/model";

export function quote(identifier: string): string {
  return `\`${identifier.replaceAll("`", "``")}\``;
}

export function path({ schema, name }: ObjectName): string {
  return schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

export function list(names: readonly string[]): string {
  return names.map(quote).join(", ");
}

/** A string as a literal: a backslash escapes here. */
export function text(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** CREATE TABLE without foreign keys, which come when all tables are there. */
export function createTable(table: Table): string {
  const definitions = [
    ...table.columns.map(columnDefinition),
    ...(table.primaryKey ? [`PRIMARY KEY (${list(table.primaryKey.columns)})`] : []),
    ...table.indexes.map(indexClause),
    ...table.checks.map(checkClause),
  ];
  const engine = ` ENGINE=${table.engine ?? "InnoDB"}`;
  const comment = table.comment === undefined ? "" : ` COMMENT=${text(table.comment)}`;
  return `CREATE TABLE ${path(table)} (\n${definitions.map((definition) => `  ${definition}`).join(",\n")}\n)${engine}${comment}`;
}

export function columnDefinition(column: Column): string {
  return [
    quote(column.name),
    column.type + (column.values ? `(${column.values.map(text).join(", ")})` : ""),
    column.charset && `CHARACTER SET ${column.charset}`,
    column.collation && `COLLATE ${column.collation}`,
    // MariaDB takes neither NULL nor NOT NULL for a generated column.
    column.generated
      ? `AS (${column.generated.expression}) ${column.generated.stored ? "STORED" : "VIRTUAL"}`
      : column.nullable
        ? "NULL"
        : "NOT NULL",
    column.default !== undefined && `DEFAULT ${column.default}`,
    column.onUpdate && `ON UPDATE ${column.onUpdate}`,
    column.increment && "AUTO_INCREMENT",
    column.comment !== undefined && `COMMENT ${text(column.comment)}`,
  ]
    .filter(Boolean)
    .join(" ");
}

export function checkClause(check: Check): string {
  return `${check.name === undefined ? "" : `CONSTRAINT ${quote(check.name)} `}CHECK (${check.expression})`;
}

export function indexClause(index: Index): string {
  const kind = index.unique ? "UNIQUE " : index.kind ? `${index.kind.toUpperCase()} ` : "";
  const columns = index.columns.map(
    (column) =>
      (column.name === undefined ? column.expression! : quote(column.name)) + (column.descending ? " DESC" : ""),
  );
  return `${kind}INDEX ${quote(index.name)} (${columns.join(", ")})${index.parser ? ` WITH PARSER ${index.parser}` : ""}`;
}

export function foreignKeyClause(key: ForeignKey): string {
  return (
    `CONSTRAINT ${quote(key.name!)} FOREIGN KEY (${list(key.columns)}) REFERENCES ${path(key.references)} (${list(key.referencedColumns)})` +
    ` ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`
  );
}

export const metadataTable: MetadataTable = {
  quote,
  text,
  database: "NULL",
  schemaOf: ({ schema }) => (schema === undefined ? "DATABASE()" : text(schema)),
  shortType: "varchar(255)",
  longType: "text",
};
