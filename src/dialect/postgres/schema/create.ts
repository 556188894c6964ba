import { doubleQuoted, quotedText } from "../../literals";
import { clausesWith, deferrable, tableWith } from "../../schema/clauses";
import type { Column, Exclusion, Index, ObjectName, Table, View } from "../../schema/model";
import type { MetadataTable } from "../../schema/typeorm-metadata";

export const quote = doubleQuoted;
export const clauses = clausesWith(quote);
export const { path, list } = clauses;

/** CREATE TABLE without foreign keys, which come when all tables are there. */
export function createTable(table: Table): string {
  const definitions = [
    ...table.columns.map(columnDefinition),
    ...(table.primaryKey ? [clauses.primaryKey(table.primaryKey)] : []),
    ...table.uniques.map(clauses.unique),
    ...table.checks.map(clauses.check),
    ...table.exclusions.map(exclusionClause),
  ];
  const partitions = table.partitions === undefined ? "" : ` PARTITION BY ${table.partitions.by}`;
  return tableWith(path(table), definitions) + partitions;
}

const SERIAL: Record<string, string> = { smallint: "SMALLSERIAL", integer: "SERIAL", bigint: "BIGSERIAL" };

export function columnDefinition(column: Column): string {
  const isIdentity = column.increment === "always" || column.increment === "by default";
  return [
    quote(column.name),
    column.increment === "increment" ? (SERIAL[column.type] ?? column.type) : column.type,
    column.collation && `COLLATE ${quote(column.collation)}`,
    isIdentity && `GENERATED ${column.increment!.toUpperCase()} AS IDENTITY`,
    column.generated && `GENERATED ALWAYS AS (${column.generated.expression}) STORED`,
    !column.nullable && "NOT NULL",
    column.default !== undefined && `DEFAULT ${defaultExpression(column.default)}`,
  ]
    .filter(Boolean)
    .join(" ");
}

const PLAIN_DEFAULT = /^(-?[\d.]+|'(?:[^']|'')*'(?:::[\w ."[\]]+(?:\([\d,]+\))?)?|[\w.]+(?:\([^()]*\))?|\(.*\))$/s;

/** What is more than a value or a call needs parentheses after DEFAULT. */
export function defaultExpression(expression: string): string {
  return PLAIN_DEFAULT.test(expression) ? expression : `(${expression})`;
}

export function exclusionClause(exclusion: Exclusion): string {
  return `${clauses.named(exclusion)}EXCLUDE ${exclusion.expression}${deferrable(exclusion)}`;
}

export function createIndex(index: Index, table: ObjectName): string {
  const head = `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quote(index.name)} ON ${path(table)}`;
  if (index.stored !== undefined) return `${head} ${index.stored}`;
  const method = index.kind === "spatial" ? "gist" : index.method;
  const columns = clauses.indexColumns(index.columns, (collation) => `COLLATE ${quote(collation)}`);
  const where = index.where === undefined ? "" : ` WHERE ${index.where}`;
  return `${head}${method === undefined ? "" : ` USING ${method}`} (${columns})${where}`;
}

export function createView(view: View): string[] {
  const kind = view.materialized ? "MATERIALIZED VIEW" : "VIEW";
  return [
    `CREATE ${kind} ${path(view)} AS ${view.definition}${view.isUnpopulated ? " WITH NO DATA" : ""}`,
    ...view.indexes.map((index) => createIndex(index, view)),
    ...(view.beside ?? []),
  ];
}

export const metadataTable: MetadataTable = {
  quote,
  text: quotedText,
  database: "current_database()",
  schemaOf: ({ schema }) => (schema === undefined ? "current_schema()" : quotedText(schema)),
  shortType: "character varying",
  longType: "text",
};

/** A comment as a literal; none as NULL. */
export function commentLiteral(comment: string | undefined): string {
  return comment === undefined ? "NULL" : quotedText(comment);
}
