import type { Check, ForeignKey, IndexColumn, ObjectName, PrimaryKey, Unique } from "./model";

/** The clauses of DDL that databases write alike, but for the quotes around names. */
export interface Clauses {
  path(name: ObjectName): string;
  list(names: readonly string[]): string;
  /** The name that a constraint begins with; nothing for one without a name. */
  named(constraint: { readonly name?: string | undefined }): string;
  primaryKey(key: PrimaryKey): string;
  unique(unique: Unique): string;
  check(check: Check): string;
  foreignKey(key: ForeignKey): string;
  /** The end of a foreign key, which can also stand in the definition of a column. */
  references(key: ForeignKey): string;
  /** @param collate writes a collation */
  indexColumns(columns: readonly IndexColumn[], collate: (collation: string) => string): string;
}

export function clausesWith(quote: (identifier: string) => string): Clauses {
  const path = ({ schema, name }: ObjectName) =>
    schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
  const list = (names: readonly string[]) => names.map(quote).join(", ");
  const named = ({ name }: { readonly name?: string | undefined }) =>
    name === undefined ? "" : `CONSTRAINT ${quote(name)} `;
  const references = (key: ForeignKey) => {
    const columns = key.referencedColumns.length > 0 ? ` (${list(key.referencedColumns)})` : "";
    const actions = ` ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`;
    return `REFERENCES ${path(key.references)}${columns}${actions}${deferrable(key)}`;
  };
  const indexColumn = (column: IndexColumn, collate: (collation: string) => string) => {
    const name = column.name === undefined ? column.expression! : quote(column.name);
    return [name, column.collation && collate(column.collation), column.descending && "DESC"].filter(Boolean).join(" ");
  };
  return {
    path,
    list,
    named,
    primaryKey: (key) => `${named(key)}PRIMARY KEY (${list(key.columns)})`,
    unique: (unique) => `${named(unique)}UNIQUE (${list(unique.columns)})${deferrable(unique)}`,
    check: (check) => `${named(check)}CHECK (${check.expression})`,
    foreignKey: (key) => `${named(key)}FOREIGN KEY (${list(key.columns)}) ${references(key)}`,
    references,
    indexColumns: (columns, collate) => columns.map((column) => indexColumn(column, collate)).join(", "),
  };
}

/** When a constraint is checked, where it declares that. */
export function deferrable(constraint: { readonly deferrable?: string | undefined }): string {
  return constraint.deferrable ? ` DEFERRABLE ${constraint.deferrable}` : "";
}

/** `CREATE TABLE` with one definition on each line. */
export function tableWith(path: string, definitions: readonly string[]): string {
  return `CREATE TABLE ${path} (\n${definitions.map((definition) => `  ${definition}`).join(",\n")}\n)`;
}
