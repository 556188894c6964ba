import type { DataSource, QueryRunner } from "typeorm";
import type { Plan, Scope } from "./dialect";
import type { ObjectName, Schema } from "./model";

/** How the names of scratch databases begin. */
export const SCRATCH_PREFIX = "retort_scratch_";

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

/** Whether the table or view is one of the project's. */
export function isInScope({ schema, name }: ObjectName, scope: Scope): boolean {
  return !scope.isIgnored(name) && (schema === undefined || scope.schemas.includes(schema));
}

/** Runs the SQL statements of a plan. */
export async function executePlan({ steps }: Pick<Plan, "steps">, target: QueryRunner): Promise<void> {
  for (const { statements } of steps)
    for (const statement of statements) if (statement.kind === "sql") await target.query(statement.sql);
}

/** The same connection with every statement rewritten before it is sent. */
export function withRewrittenSql(runner: QueryRunner, rewrite: (sql: string) => string): QueryRunner {
  const query = runner.query.bind(runner) as (sql: string, ...rest: unknown[]) => Promise<unknown>;
  return Object.defineProperty(runner, "query", {
    value: (sql: string, ...rest: unknown[]) => query(rewrite(sql), ...rest),
    configurable: true,
    writable: true,
  });
}

/** The options of a DataSource for another database of the same server; a URL and replicas name the database as well. */
export function optionsForDatabase({ options }: DataSource, database: string): object {
  const { url, replication } = options as { url?: string; replication?: { master: object; slaves: object[] } };
  const renamed = (one: { url?: string }) => ({
    ...one,
    database,
    ...(one.url && { url: withDatabase(one.url, database) }),
  });
  return {
    database,
    ...(url && { url: withDatabase(url, database) }),
    ...(replication && { replication: { ...replication, master: renamed(replication.master), slaves: [] } }),
  };
}

function withDatabase(text: string, database: string): string {
  const url = new URL(text);
  url.pathname = `/${database}`;
  return url.href;
}
