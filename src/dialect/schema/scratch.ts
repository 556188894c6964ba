import type { DataSource, QueryRunner } from "typeorm";
import type { Plan, Scope } from "./dialect";
import type { ObjectName } from "./model";

/** How the names of scratch databases begin. */
export const SCRATCH_PREFIX = "retort_scratch_";

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
