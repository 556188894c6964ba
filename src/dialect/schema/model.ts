/**
 * A database schema as plain immutable data: the same types describe what the entities declare and what the database
 * has. Types, expressions and actions are texts in the database's own spelling, so that two schemas read from the
 * same database can be compared as texts.
 */
export interface Schema {
  readonly tables: readonly Table[];
  readonly views: readonly View[];
  /** Named enum types, where the database has them. */
  readonly enums: readonly EnumType[];
}

/** The name of a table, view or type. `schema` is absent in the connection's default schema. */
export interface ObjectName {
  readonly schema?: string | undefined;
  readonly name: string;
}

export interface Table extends ObjectName {
  readonly columns: readonly Column[];
  readonly primaryKey?: PrimaryKey | undefined;
  readonly uniques: readonly Unique[];
  readonly indexes: readonly Index[];
  readonly checks: readonly Check[];
  readonly exclusions: readonly Exclusion[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly triggers: readonly Trigger[];
  readonly comment?: string | undefined;
  /** MySQL's storage engine. */
  readonly engine?: string | undefined;
  /** SQLite's WITHOUT ROWID. */
  readonly withoutRowid?: boolean | undefined;
  /** SQLite's STRICT, which no entity can declare. */
  readonly strict?: boolean | undefined;
  /** What follows PARTITION BY, and the statements that create the partitions (PostgreSQL). */
  readonly partitions?: { readonly by: string; readonly statements: readonly string[] } | undefined;
  /** What follows the columns of CREATE TABLE, where it is more than an engine and a comment (MySQL). */
  readonly options?: string | undefined;
  /**
   * Statements for what the database keeps of the table beside its definition (privileges, options, policies), executed
   * when it is created again.
   */
  readonly beside?: readonly string[] | undefined;
  readonly dependents?: readonly TableDependent[] | undefined;
  /**
   * The statement that SQLite has stored for this table. It is edited rather than replaced, since it has what was
   * written by hand.
   */
  readonly stored?: string | undefined;
}

export interface Column {
  readonly name: string;
  /** The whole type: `varchar(64)`, `numeric(10,2)`, `integer[]`. */
  readonly type: string;
  readonly nullable: boolean;
  /** The default as an SQL expression. */
  readonly default?: string | undefined;
  readonly generated?: Generated | undefined;
  /** How the database numbers new rows, where it does. */
  readonly increment?: "increment" | "by default" | "always" | undefined;
  /** The sequence that numbers them (PostgreSQL). */
  readonly sequence?: string | undefined;
  readonly collation?: string | undefined;
  readonly charset?: string | undefined;
  readonly comment?: string | undefined;
  /** MySQL's ON UPDATE expression. */
  readonly onUpdate?: string | undefined;
  /** The allowed values of an enum, where enums are not types of their own (a CHECK in SQLite). */
  readonly values?: readonly string[] | undefined;
  /** The enum type of the column, or of its elements. */
  readonly enumType?: ObjectName | undefined;
  /**
   * What the catalog keeps of the column beside its definition (storage, statistics, privileges), as statements in which
   * `$table` and `$column` stand for the names; see `besideColumn`.
   */
  readonly beside?: readonly string[] | undefined;
  /** Words of the definition that no entity can say: INVISIBLE, COMPRESSED, WITHOUT SYSTEM VERSIONING (MySQL and MariaDB). */
  readonly attributes?: readonly string[] | undefined;
}

/** The statements of `Column.beside`. @param path the table's name as statements write it */
export function besideColumn({ beside = [] }: Column, path: string, column: string): string[] {
  return beside.map((text) => text.replace(/\$(table|column)\b/g, (_, word) => (word === "table" ? path : column)));
}

export interface Generated {
  readonly expression: string;
  readonly stored: boolean;
  /** The expression as the entity declares it, where `typeorm_metadata` stores it. */
  readonly declared?: string | undefined;
  /** The name of the `typeorm_metadata` table that stores it. */
  readonly recordedIn?: string | undefined;
}

export interface PrimaryKey {
  readonly name?: string | undefined;
  /** The name is a default, so a key with another name is equivalent. */
  readonly isNameDerived?: boolean | undefined;
  readonly columns: readonly string[];
}

export interface Unique {
  /** Absent for a constraint without a name (SQLite). */
  readonly name?: string | undefined;
  readonly columns: readonly string[];
  readonly deferrable?: Deferrable | undefined;
}

export type Deferrable = "INITIALLY DEFERRED" | "INITIALLY IMMEDIATE";

export interface Index {
  readonly name: string;
  readonly columns: readonly IndexColumn[];
  readonly unique: boolean;
  readonly where?: string | undefined;
  readonly kind?: "fulltext" | "spatial" | undefined;
  /** PostgreSQL's access method, where it is not btree. */
  readonly method?: string | undefined;
  /** PostgreSQL could not finish creating it: it serves no query, and does not keep values unique. */
  readonly isInvalid?: boolean | undefined;
  /** MySQL's full-text parser. */
  readonly parser?: string | undefined;
  /** MySQL's comment, which no entity can say. */
  readonly comment?: string | undefined;
  /** The statement that creates this index, as the database stores it. */
  readonly stored?: string | undefined;
}

export interface IndexColumn {
  /** A column's name, or an expression: exactly one of the two. */
  readonly name?: string | undefined;
  readonly expression?: string | undefined;
  readonly descending?: boolean | undefined;
  readonly collation?: string | undefined;
}

export interface Check {
  readonly name?: string | undefined;
  readonly expression: string;
}

export interface Exclusion {
  readonly name: string;
  readonly expression: string;
  readonly deferrable?: Deferrable | undefined;
}

export interface ForeignKey {
  readonly name?: string | undefined;
  readonly columns: readonly string[];
  readonly references: ObjectName;
  readonly referencedColumns: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly deferrable?: Deferrable | undefined;
  /** Whether MySQL has an index of the same name for it, which is not dropped with it; undefined before it is created. */
  readonly hasIndex?: boolean | undefined;
}

/** What of a table names columns, so that it is dropped and created again when their type changes (PostgreSQL). */
export interface TableDependent {
  readonly kind: "policy" | "trigger" | "rule" | "publication" | "statistics";
  /** Quoted where it must be. */
  readonly name: string;
  /** Absent for what stays, and only loses a part of it. */
  readonly drop?: string | undefined;
  /** The statements that create it, or restore what it lost. */
  readonly create: readonly string[];
  readonly uses: readonly ColumnUse[];
}

/** The column of a table or view, by its key. */
export interface ColumnUse {
  readonly table: string;
  readonly column?: string | undefined;
}

export interface Trigger {
  readonly name: string;
  readonly sql: string;
  /** Whether an UPDATE sets it off. */
  readonly isOnUpdate?: boolean | undefined;
}

export interface EnumType extends ObjectName {
  readonly values: readonly string[];
}

export interface View extends ObjectName {
  /** The SELECT. */
  readonly definition: string;
  /** The names of its columns, where the database has them beside the definition. */
  readonly columns?: readonly string[] | undefined;
  readonly materialized: boolean;
  readonly indexes: readonly Index[];
  /** The name of the `typeorm_metadata` table that stores the view; absent for a view created by hand. */
  readonly recordedIn?: string | undefined;
  /** The SELECT as the entity declares it, where `typeorm_metadata` stores it. */
  readonly declared?: string | undefined;
  /**
   * The tables and views that it uses, by key, with the column, where changes of these are blocked by the view
   * (PostgreSQL).
   */
  readonly uses?: readonly ColumnUse[] | undefined;
  /** Statements for what the database keeps beside the definition; see `Table.beside`. */
  readonly beside?: readonly string[] | undefined;
  /** How MySQL executes it: what stands before VIEW (ALGORITHM, DEFINER, SQL SECURITY) and after the SELECT (CHECK OPTION). */
  readonly execution?: { readonly head: string; readonly tail: string } | undefined;
  /** A materialised view that has no rows yet. */
  readonly isUnpopulated?: boolean | undefined;
  /** The statement that creates this view, as the database stores it. */
  readonly stored?: string | undefined;
}

export const emptySchema: Schema = { tables: [], views: [], enums: [] };

/** A name as a key: equal keys mean the same object. */
export function keyOf(object: ObjectName): string {
  return object.schema === undefined ? object.name : `${object.schema}.${object.name}`;
}

/** Whether two names mean the same object. */
export function isSameObject(a: ObjectName, b: ObjectName): boolean {
  return a.name === b.name && a.schema === b.schema;
}

/** The table of that name, if there is one. */
export function findTable(schema: Schema, name: ObjectName): Table | undefined {
  return schema.tables.find((table) => table.name === name.name && table.schema === name.schema);
}

/** The column of that name, if there is one. */
export function findColumn(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name);
}

/**
 * The schema with one table replaced by another; removed where `after` is undefined, appended where `before` does not
 * exist.
 */
export function replaceTable(schema: Schema, before: ObjectName, after: Table | undefined): Schema {
  const tables = schema.tables.filter((table) => !(table.name === before.name && table.schema === before.schema));
  const at = schema.tables.findIndex((table) => table.name === before.name && table.schema === before.schema);
  if (after) tables.splice(at === -1 ? tables.length : at, 0, after);
  return { ...schema, tables };
}

/** A name in messages: `"user"`, `"blog.post"`. */
export function displayName(object: ObjectName): string {
  return `"${keyOf(object)}"`;
}
