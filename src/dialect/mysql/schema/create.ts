import { backtickQuoted, escapedText } from "../../literals";
import { clausesWith, tableWith } from "../../schema/clauses";
import type { Column, Index, Table, View } from "../../schema/model";
import type { MetadataTable } from "../../schema/typeorm-metadata";

export const quote = backtickQuoted;
export const text = escapedText;
export const clauses = clausesWith(quote);
export const { path, list } = clauses;

/** CREATE TABLE without foreign keys, which come when all tables are there. */
export function createTable(table: Table): string {
  const definitions = [
    ...table.columns.map(columnDefinition),
    ...(table.primaryKey ? [clauses.primaryKey(table.primaryKey)] : []),
    ...table.indexes.map(indexClause),
    ...table.checks.map(clauses.check),
  ];
  if (table.options !== undefined) return `${tableWith(path(table), definitions)} ${table.options}`;
  const engine = ` ENGINE=${table.engine ?? "InnoDB"}`;
  const comment = table.comment === undefined ? "" : ` COMMENT=${text(table.comment)}`;
  return tableWith(path(table), definitions) + engine + comment;
}

const COMPRESSED = "COMPRESSED";

function canCompress({ type }: Column): boolean {
  return /text|blob|varchar|varbinary/.test(type);
}

export function columnDefinition(column: Column): string {
  return [
    quote(column.name),
    column.type + (column.values ? `(${column.values.map(text).join(", ")})` : ""),
    canCompress(column) && column.attributes?.find((word) => word.startsWith(COMPRESSED)),
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
    ...(column.attributes ?? []).filter((word) => !word.startsWith(COMPRESSED)),
    column.comment !== undefined && `COMMENT ${text(column.comment)}`,
  ]
    .filter(Boolean)
    .join(" ");
}

export function indexClause(index: Index): string {
  const kind = index.unique ? "UNIQUE " : index.kind ? `${index.kind.toUpperCase()} ` : "";
  const columns = clauses.indexColumns(index.columns, (collation) => `COLLATE ${collation}`);
  return `${kind}INDEX ${quote(index.name)} (${columns})${index.parser ? ` WITH PARSER ${index.parser}` : ""}${index.comment === undefined ? "" : ` COMMENT ${text(index.comment)}`}`;
}

export function createView(view: View): string {
  const { head, tail } = view.execution ?? { head: "", tail: "" };
  return `CREATE ${head}VIEW ${path(view)} AS ${view.definition}${tail}`;
}

export const metadataTable: MetadataTable = {
  quote,
  text,
  database: "NULL",
  schemaOf: ({ schema }) => (schema === undefined ? "DATABASE()" : text(schema)),
  shortType: "varchar(255)",
  longType: "text",
};
