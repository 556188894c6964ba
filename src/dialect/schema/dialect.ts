import type { DataSource, EntityMetadata, QueryRunner } from "typeorm";
import type { ChangeCosts } from "./change-cost";
import type { FailureKind } from "./failure";
import type { Spelling } from "./spelling";

import type { Operation, Rename } from "./operation";
import type { DeclaredColumn } from "./declared-column";
import type { Column, EnumType, ObjectName, Schema, Table } from "./model";

/** What a database must provide so that its schema can be read, compared and changed. */
export interface SchemaDialect {
  quote(identifier: string): string;
  /** A string as a literal. */
  literal(value: string): string;
  /** The name as statements write it. */
  path(name: ObjectName): string;
  /** How the entities' metadata becomes this database's schema. */
  readonly entities: EntityRules;
  /** Whether two names of tables, columns or constraints are the same name. */
  sameName(a: string, b: string): boolean;
  /**
   * Whether two expressions (defaults, checks, conditions, views) are equal, both read from a database of this kind.
   */
  sameExpression(a: string, b: string): boolean;
  /** Whether names of tables that differ in case only are one table. */
  readonly ignoresCaseOfTables: boolean;
  /** Whether an expression mentions a column of that name. */
  mentions(expression: string, name: string): boolean;
  /** Whether two types are the same, in a table of that kind. */
  sameType(a: string, b: string, table: Table): boolean;
  /** Whether two actions of a foreign key do the same. */
  sameAction(a: string, b: string): boolean;
  /** Whether columns of the type have a collation. */
  canCollate(type: string): boolean;
  /** The schema after a rename, with the expressions and stored statements that the database rewrites. */
  renamed(schema: Schema, rename: Rename): Schema;
  /** Reads the whole schema, but for what `isLeftAlone` names. */
  read(runner: QueryRunner, scope: Scope): Promise<Schema>;
  /** The columns of a view. */
  viewColumns(runner: QueryRunner, view: ObjectName): Promise<Pick<Column, "name" | "type">[]>;
  /**
   * Whether the database has stored exactly the statements of the plan for an empty database: then its schema is right,
   * without a comparison. Absent where a database does not store statements as they were sent.
   */
  matchesExactly?(runner: QueryRunner, plan: Plan, scope: Scope): Promise<boolean>;
  /**
   * The stored statement of a table and its columns, where changes of a table are written as a copy of its rows into
   * a new one. Absent where the database alters tables in place.
   */
  storedTable?(runner: QueryRunner, table: string): Promise<StoredTable | undefined>;
  /** Databases on which migrations are tried. */
  readonly scratch: ScratchSupport;
  /**
   * How it spells what entities declare. Absent where creating them in an empty scratch database costs nothing and writes
   * nothing that others see (SQLite).
   */
  readonly spelling?: Spelling;
  /**
   * The statements that perform the operations, step by step, and the schema afterwards.
   * @param to that schema, where it is known exactly (when a migration is undone)
   */
  plan(from: Schema, operations: readonly Operation[], to?: Schema): Plan;
  /** A statement that counts the rows of a table that meet the condition, in a column "rows". */
  count(table: ObjectName, condition?: string): string;
  /** Whether an error is caused by the rows, not by the statement. */
  isDataError(error: unknown): boolean;
  /** What keeps a statement from being done. */
  failureOf(error: unknown): FailureKind;
  /** Whether an error is caused by a table, column or operator that does not exist. */
  isMissingObjectError(error: unknown): boolean;
  /** The expression as text, so that it can be compared with any string. */
  asText(expression: string): string;
  /** What changes of large tables cost. Absent where one process at a time uses the database. */
  readonly costs?: ChangeCosts;
  /**
   * What tables, views and triggers in the scope may need and no entity says: schemas, extensions, types, sequences, routines, in an
   * order in which most can be created. Absent where a schema has nothing of the kind.
   */
  requirements?(runner: QueryRunner, scope: Scope): Promise<Requirement[]>;
  /**
   * Code that names tables and columns, and that the database does not rewrite or keep from becoming wrong.
   * @param scope leaves out what is in none of its schemas, or is ignored
   */
  untracked(runner: QueryRunner, scope?: Scope): Promise<UntrackedCode[]>;
  /**
   * Counts the values that are not the same after they were converted to the column's new type and back. Creates nothing
   * that others see.
   */
  changedValues(runner: QueryRunner, table: ObjectName, before: Column, after: Column): Promise<ChangedValues>;
}

export interface Requirement {
  /** `schema shop`, `function total(integer)` */
  readonly name: string;
  readonly create: string;
  /** Statements that give it owner, comment and privileges. */
  readonly beside?: readonly string[] | undefined;
  /** Absent for what others may use as well, and stays on the way down. */
  readonly drop?: string | undefined;
}

export interface UntrackedCode {
  /** `trigger "x" of "t"` */
  readonly name: string;
  /** The table that it belongs to, where it does. */
  readonly table?: string | undefined;
  readonly text: string;
}

/** Values that a change of type concerns. */
export interface ChangedValues {
  /** Rows whose value is another one afterwards, or is refused. */
  readonly rows: number;
  /** How many of them cannot be converted: the statement fails. */
  readonly refused: number;
  /** A condition that shows such rows, perhaps not all of them. */
  readonly condition?: string | undefined;
}

export interface StoredTable {
  /** The CREATE TABLE statement. */
  readonly statement: string;
  readonly columns: readonly string[];
}

/** How the entities' metadata becomes columns of this database. */
export interface EntityRules {
  /** The table's schema; undefined for the default one. */
  schemaOf(
    dataSource: DataSource,
    metadata: { schema?: string | undefined; database?: string | undefined },
  ): string | undefined;
  /** The column as this database has it. @param base what is the same on every database */
  column(dataSource: DataSource, column: EntityMetadata["columns"][number], base: Column, table: ObjectName): Column;
  /** The reverse: what `@Column` says of a column that the database has; a type that TypeORM does not have is replaced. */
  declared(dataSource: DataSource, column: Column, enums: readonly EnumType[], table: ObjectName): DeclaredColumn;
  // What a database does not support is left out of the declared schema.

  readonly supportsDeferrable: boolean;
  readonly supportsExclusions: boolean;
  /** Whether primary keys have names. */
  readonly supportsNamedPrimaryKeys: boolean;
  /** Whether AUTOINCREMENT that the entity does not declare is kept as made by hand (SQLite). */
  readonly keepsAutoIncrement: boolean;
}

/** The part of a database that is read. */
export interface Scope {
  /** Whether a table, view or index is ignored, by name. */
  isIgnored(name: string): boolean;
  /** The entities' schemas, besides the default one. */
  readonly schemas: readonly string[];
}

/** What a kind of database provides for scratch databases: databases on which migrations are tried and that are dropped afterwards. */
export interface ScratchSupport {
  /**
   * Creates an empty database with the settings of the project's: character set, collation, search path.
   * @param source connected to the project's database
   */
  create(source: QueryRunner, dataSource: DataSource): Promise<ScratchLocation>;
  /** The scratch databases of this project whose process was killed; absent where there cannot be any. */
  abandoned?(source: QueryRunner): Promise<string[]>;
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

/** One step of a migration, with its comment. */
export interface Step {
  readonly comment: string;
  /** The single changes, where the step has several. */
  readonly details?: readonly string[];
  readonly statements: readonly Statement[];
}

export type Statement =
  | {
      readonly kind: "sql";
      readonly sql: string;
      /** The database stores this text, so every character counts. */
      readonly verbatim?: boolean | undefined;
    }
  | RebuildTable
  | AssertNoRows
  | Backfill
  | { readonly kind: "begin" | "commit" };

/** SQLite: creates the table again and copies its rows, by the function at the end of the file. */
export interface RebuildTable {
  readonly kind: "rebuild";
  readonly table: string;
  readonly definition: string;
  /** The columns that are filled, and the expression over the old row that fills each. */
  readonly values: readonly (readonly [column: string, expression: string])[];
  /** The table cannot be renamed, so its rows are copied twice: to a temporary table and back. */
  readonly twice: boolean;
}

/** Throws when the query finds rows, for which the following statements would fail or lose data. */
export interface AssertNoRows {
  readonly kind: "assertNoRows";
  /** A SELECT of one column named "rows". */
  readonly query: string;
  readonly message: string;
}

/** Gives rows without a value one, a number of rows at a time, by the function at the end of the file. */
export interface Backfill {
  readonly kind: "backfill";
  /** As statements write it. */
  readonly table: string;
  /** The columns of the primary key, quoted. */
  readonly key: readonly string[];
  /** Expressions that give the key in a form in which it can be a parameter without loss. */
  readonly read: readonly string[];
  /** `"age" = 0` */
  readonly set: string;
  /** Which rows have no value yet. */
  readonly where: string;
  /** Whether placeholders have numbers. */
  readonly isNumbered: boolean;
}
