import type { DataSource, EntityMetadata, QueryRunner } from "typeorm";

import type { Operation, Rename } from "./operation";
import type { Column, ObjectName, Schema, Table } from "./model";

/** What a kind of database must provide so that its schema can be read, compared and changed. */
export interface SchemaDialect {
  /** Whether a view follows when a table or column that it speaks of is renamed. */
  readonly rewritesViewsOnRename: boolean;
  quote(identifier: string): string;
  /** A string as a literal. */
  literal(value: string): string;
  /** The name as statements write it. */
  path(name: ObjectName): string;
  /** How entities are told to this database. */
  readonly entities: EntityRules;
  /** Whether two names of tables, columns or constraints are the same name. */
  sameName(a: string, b: string): boolean;
  /** Whether two expressions (defaults, checks, conditions, views) say the same, both read from a database of this kind. */
  sameExpression(a: string, b: string): boolean;
  /** Whether an expression speaks of a column of that name. */
  mentions(expression: string, name: string): boolean;
  /** Whether two types are the same, in a table of that kind. */
  sameType(a: string, b: string, table: Table): boolean;
  /** Whether two actions of a foreign key do the same. */
  sameAction(a: string, b: string): boolean;
  /** Whether columns of the type can have a collation: a column that becomes a number loses its own. */
  canCollate(type: string): boolean;
  /** The schema after a rename, with the expressions and stored statements that the database rewrites by itself. */
  renamed(schema: Schema, rename: Rename): Schema;
  /** Reads the whole schema, but for what `isLeftAlone` names. */
  read(runner: QueryRunner, scope: Scope): Promise<Schema>;
  /**
   * Whether the database has, word for word, just what the plan would make in an empty one: then nothing has to be made,
   * or understood, to know that it is right. Absent where a database puts what it is told into words of its own.
   */
  matchesExactly?(runner: QueryRunner, plan: Plan, scope: Scope): Promise<boolean>;
  /**
   * The stored statement of a table and its columns, where changes of a table are written as a copy of its rows into a new
   * one. Absent where the database alters tables in place.
   */
  storedTable?(runner: QueryRunner, table: string): Promise<StoredTable | undefined>;
  /** Databases on which migrations are tried. */
  readonly scratch: ScratchSupport;
  /**
   * An empty schema that is invisible to others and needs no database of its own. Absent where statements that change a
   * schema commit by themselves, or where a scratch database is as cheap.
   */
  openEmptySchema?(dataSource: DataSource): Promise<EmptySchema>;
  /**
   * The statements that carry out the operations, step by step, and the schema that they lead to.
   * `to` is that schema where it is known to the letter (on the way back).
   */
  plan(from: Schema, operations: readonly Operation[], to?: Schema): Plan;
  /** Statement that counts the rows (column "rows") of a table, those that meet the condition. */
  count(table: ObjectName, condition?: string): string;
  /** Whether an error is about what is in the tables, and not about the statement. */
  isDataError(error: unknown): boolean;
  /** Whether an error is about a table, a column or an operator that the database does not have. */
  isMissingObjectError(error: unknown): boolean;
  /** The expression as text, so that it can be compared with any string. */
  asText(expression: string): string;
  /** A condition that is true for the rows whose value does not survive the change of the column's type; undefined where none can be lost. */
  lossy(before: Column, after: Column): string | undefined;
}

export interface StoredTable {
  /** The CREATE TABLE statement. */
  readonly statement: string;
  readonly columns: readonly string[];
}

/** How the entities' metadata becomes columns of this database. */
export interface EntityRules {
  /** The table's place: absent for the default schema. */
  schemaOf(
    dataSource: DataSource,
    metadata: { schema?: string | undefined; database?: string | undefined },
  ): string | undefined;
  /** The column in this database's words; `base` is what is the same everywhere. */
  column(dataSource: DataSource, column: EntityMetadata["columns"][number], base: Column, table: ObjectName): Column;
  /** What this database has not is not declared, whatever the entities say. */
  readonly supportsDeferrable: boolean;
  readonly supportsExclusions: boolean;
  /** Whether the name of a primary key is kept. */
  readonly supportsNamedPrimaryKeys: boolean;
  /** Whether numbering that the entity does not ask for was made by hand and stays (SQLite's AUTOINCREMENT). */
  readonly keepsAutoIncrement: boolean;
}

/** What part of a database is looked at. */
export interface Scope {
  /** Tables, views and indexes that are not the project's business, by name. */
  isIgnored(name: string): boolean;
  /** The schemas beyond the default one that the entities live in. */
  readonly schemas: readonly string[];
}

/** An empty place in which the entities' schema is created and read back, so that it has the database's own spelling. */
export interface EmptySchema {
  /** Names of the project's schemas lead to the empty ones. */
  readonly runner: QueryRunner;
  read(scope: Scope): Promise<Schema>;
  close(): Promise<void>;
}

/** What a kind of database provides for scratch databases: databases on which migrations are tried and that are dropped afterwards. */
export interface ScratchSupport {
  /**
   * Creates an empty database with the settings of the project's: character set, collation, search path.
   * @param source connected to the project's database
   */
  create(source: QueryRunner, dataSource: DataSource): Promise<ScratchLocation>;
  /** Creates what migrations take for granted and is part of no schema: schemas, extensions. */
  prepare?(source: QueryRunner, target: QueryRunner): Promise<void>;
  /**
   * Copies the project's database into the empty scratch database, with up to `limit` rows of each table. What is in the
   * scope must be copied; the rest is copied where that is possible.
   * @returns whether all rows were copied
   */
  copy(source: QueryRunner, target: ScratchTarget, scope: Scope, limit: number): Promise<boolean>;
  /** Runs work as the runner of migrations does: transaction, foreign keys, pragmas. */
  run(runner: QueryRunner, work: (runner: QueryRunner) => Promise<void>): Promise<void>;
  /** The rows of a table, each as one text, sorted. */
  rows(runner: QueryRunner, table: ObjectName, columns: readonly string[]): Promise<string[]>;
  /** What is wrong with the database as a whole: views or triggers that name missing objects, dangling foreign keys. */
  problems(runner: QueryRunner): Promise<string[]>;
}

/** A scratch database that was created and must be dropped. */
export interface ScratchLocation {
  /** The options of a DataSource that connects to it, where they differ from the project's. */
  readonly options: object;
  /** Databases of the project → databases of this scratch location, where names are the whole server's (MySQL). */
  readonly databases?: ReadonlyMap<string, string>;
  drop(): Promise<void>;
}

export interface ScratchTarget {
  readonly runner: QueryRunner;
  readonly location: ScratchLocation;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly schema: Schema;
}

/** One thing that a migration does, in words and in statements. */
export interface Step {
  readonly comment: string;
  /** What it consists of, where that is several things. */
  readonly details?: readonly string[];
  readonly statements: readonly Statement[];
}

export type Statement =
  | {
      readonly kind: "sql";
      readonly sql: string;
      /** Every character counts: the database stores this text. */
      readonly verbatim?: boolean | undefined;
    }
  | RebuildTable
  | AssertNoRows;

/** SQLite: the table made anew with its rows, by the recipe that the file carries. */
export interface RebuildTable {
  readonly kind: "rebuild";
  readonly table: string;
  readonly definition: string;
  /** The columns that are filled, and the expression over the old row that fills each. */
  readonly values: readonly (readonly [column: string, expression: string])[];
  /** The table cannot be renamed away: its rows are copied away and back. */
  readonly twice: boolean;
}

/** Throws when the query finds rows: what would be asked of the database cannot be done for them. */
export interface AssertNoRows {
  readonly kind: "assertNoRows";
  /** A SELECT of one column named "rows". */
  readonly query: string;
  readonly message: string;
}
