import type { QueryRunner } from "typeorm";
import type { Plan } from "./dialect";

/** The same connection with every statement rewritten first: what names the real place reaches the scratch one. */
export function withRewrittenSql(runner: QueryRunner, rewrite: (sql: string) => string): QueryRunner {
  return new Proxy(runner, {
    get(target, property) {
      if (property === "query")
        return (sql: string, ...rest: unknown[]) => target.query(rewrite(sql), ...(rest as [unknown[]]));
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Sends the statements of a plan, one after the other. */
export async function executePlan({ steps }: Plan, target: QueryRunner): Promise<void> {
  for (const { statements } of steps)
    for (const statement of statements) if (statement.kind === "sql") await target.query(statement.sql);
}
