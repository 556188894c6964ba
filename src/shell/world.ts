import type { DataSource, EntityMetadata } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";

/*
 * What the shell needs of a database, and no more: `Database` of src/session satisfies it.
 * Kept as an interface so that evaluating, printing and completing can be tested without a database.
 */

/** What happened in the database while a statement ran. */
export type ShellEvent =
  | {
      readonly type: "statement";
      readonly sql: string;
      readonly parameters: readonly unknown[];
      readonly milliseconds: number;
      readonly rows: number;
      readonly error?: unknown;
      readonly origin?: string | undefined;
    }
  | { readonly type: "flush"; readonly inserted: number; readonly updated: number; readonly deleted: number }
  | { readonly type: "begin" | "commit" | "rollback" | "reconnect" };

/** A column as the shell prints, completes and explains it. */
export interface ShellColumn {
  /** Path of the property, `name.first` inside an embedded one. */
  readonly property: string;
  /** The column's name in the database. */
  readonly column: string;
  /** A foreign key that no property of the entity holds. */
  readonly isVirtual: boolean;
  readonly metadata: ColumnMetadata;
}

export interface ShellRelation {
  readonly property: string;
  readonly toMany: boolean;
  readonly target: ShellModel;
  readonly metadata: RelationMetadata;
}

export interface ShellModel {
  readonly name: string;
  readonly target: unknown;
  readonly table: string;
  readonly columns: readonly ShellColumn[];
  readonly primary: readonly ShellColumn[];
  readonly relations: readonly ShellRelation[];
  readonly metadata: EntityMetadata;
}

export type ObjectState = "transient" | "pending" | "persistent" | "deleted" | "detached";

export interface PlannedStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface ShellSession {
  readonly new: readonly object[];
  readonly dirty: readonly object[];
  readonly deleted: readonly object[];
  readonly inTransaction: boolean;
  /** The error of a failed flush; set until `rollback()`. */
  readonly failure: Error | undefined;
  state(entity: object): ObjectState;
  changes(entity: object): Record<string, { before: unknown; after: unknown }>;
  /** The statements that a commit would send, and what waits for what. */
  plan(): Promise<{
    readonly statements: readonly PlannedStatement[];
    readonly steps: readonly { readonly waits: readonly { readonly text: string }[] }[];
  }>;
  isModified(entity: object): boolean;
  /** Nothing that is committed from now on stays. */
  sandbox(): void;
  /** Ends the statement that runs in the database. */
  cancel(): Promise<void>;
  noAutoflush<T>(work: () => Promise<T>): Promise<T>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface ShellDatabase {
  readonly session: ShellSession;
  readonly dataSource: DataSource;
  readonly models: readonly ShellModel[];
  query(target: never): unknown;
  columns(target: never): unknown;
  create(target: never, values?: never): object;
  observe(listener: (event: ShellEvent) => void): () => void;
  /** Makes the database refuse every write. */
  forbidWrites(): Promise<void>;
  close(): Promise<void>;
}
