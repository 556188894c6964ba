import type { MetadataTable } from "../../schema/typeorm-metadata";
import type { Check, Column, Exclusion, ForeignKey, Index, ObjectName, Table, Unique, View } from "../../schema/model";
import { literal } from "../../schema/tokens";

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export function path({ schema, name }: ObjectName): string {
  return schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

export function list(names: readonly string[]): string {
  return names.map(quote).join(", ");
}

/** CREATE TABLE without foreign keys, which come when all tables are there. */
export function createTable(table: Table): string {
  const definitions = [
    ...table.columns.map(columnDefinition),
    ...(table.primaryKey ? [primaryKeyClause(table.primaryKey)] : []),
    ...table.uniques.map(uniqueClause),
    ...table.checks.map(checkClause),
    ...table.exclusions.map(exclusionClause),
  ];
  return `CREATE TABLE ${path(table)} (\n${definitions.map((definition) => `  ${definition}`).join(",\n")}\n)`;
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

function named(name: string | undefined): string {
  return name === undefined ? "" : `CONSTRAINT ${quote(name)} `;
}

function deferrable(one: { deferrable?: string | undefined }): string {
  return one.deferrable ? ` DEFERRABLE ${one.deferrable}` : "";
}

export function primaryKeyClause(key: NonNullable<Table["primaryKey"]>): string {
  return `${named(key.name)}PRIMARY KEY (${list(key.columns)})`;
}

export function uniqueClause(unique: Unique): string {
  return `${named(unique.name)}UNIQUE (${list(unique.columns)})${deferrable(unique)}`;
}

export function checkClause(check: Check): string {
  return `${named(check.name)}CHECK (${check.expression})`;
}

export function exclusionClause(exclusion: Exclusion): string {
  return `${named(exclusion.name)}EXCLUDE ${exclusion.expression}${deferrable(exclusion)}`;
}

export function foreignKeyClause(key: ForeignKey): string {
  return (
    `${named(key.name)}FOREIGN KEY (${list(key.columns)}) REFERENCES ${path(key.references)} (${list(key.referencedColumns)})` +
    ` ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}${deferrable(key)}`
  );
}

export function createIndex(index: Index, table: ObjectName): string {
  const head = `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quote(index.name)} ON ${path(table)}`;
  if (index.stored !== undefined) return `${head} ${index.stored}`;
  const method = index.kind === "spatial" ? "gist" : index.method;
  const columns = index.columns.map((column) =>
    [
      column.name === undefined ? column.expression! : quote(column.name),
      column.collation && `COLLATE ${quote(column.collation)}`,
      column.descending && "DESC",
    ]
      .filter(Boolean)
      .join(" "),
  );
  const where = index.where === undefined ? "" : ` WHERE ${index.where}`;
  return `${head}${method === undefined ? "" : ` USING ${method}`} (${columns.join(", ")})${where}`;
}

export function createView(view: View): string[] {
  const kind = view.materialized ? "MATERIALIZED VIEW" : "VIEW";
  return [
    `CREATE ${kind} ${path(view)} AS ${view.definition}`,
    ...view.indexes.map((index) => createIndex(index, view)),
  ];
}

export const metadataTable: MetadataTable = {
  quote,
  text: literal,
  database: "current_database()",
  schemaOf: ({ schema }) => (schema === undefined ? "current_schema()" : literal(schema)),
  shortType: "character varying",
  longType: "text",
};

/** A comment as a literal; none as NULL. */
export function commentLiteral(comment: string | undefined): string {
  return comment === undefined ? "NULL" : literal(comment);
}
