import { randomBytes } from "node:crypto";
import type { DataSource } from "typeorm";
import type { EmptySchema, Scope } from "../../schema/dialect";
import type { Schema } from "../../schema/model";
import { withRewrittenSql } from "../../schema/scratch";
import { list, quote } from "./create";
import { readSchema } from "./read";

/**
 * Schemas of their own in a transaction that is rolled back at the end: nothing of it is ever visible to others, and
 * types of extensions, functions and settings are those of the database. Names without a schema mean the empty one.
 */
export async function openEmptySchema(dataSource: DataSource): Promise<EmptySchema> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  const [{ standard, path: search }] = (await runner.query(
    `SELECT current_schema() AS "standard", current_schemas(false)::text[] AS "path"`,
  )) as [{ standard: string; path: string[] }];
  const prefix = `retort_${randomBytes(5).toString("hex")}`;
  await runner.query(`CREATE SCHEMA ${quote(prefix)}`);
  await runner.query(`SET LOCAL search_path TO ${list([prefix, ...search])}`);
  const others = new Map<string, string>();
  const known = schemasOf(dataSource).filter((name) => name !== standard);
  for (const [at, name] of known.entries()) {
    others.set(name, `${prefix}_${at}`);
    await runner.query(`CREATE SCHEMA ${quote(`${prefix}_${at}`)}`);
  }
  const rewriting = withRewrittenSql(runner, (sql) => {
    let text = sql;
    for (const [name, empty] of others) text = text.replaceAll(`${quote(name)}.`, `${quote(empty)}.`);
    return text.replaceAll(`${quote(standard)}.`, `${quote(prefix)}.`);
  });
  return {
    runner: rewriting,
    read: async (scope) => {
      const inner: Scope = { ...scope, schemas: scope.schemas.map((name) => others.get(name) ?? name) };
      let text = JSON.stringify(await readSchema(runner, inner));
      for (const [name, empty] of others) text = text.replaceAll(empty, name);
      return JSON.parse(text.replaceAll(`${prefix}.`, "")) as Schema;
    },
    close: async () => {
      while (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    },
  };
}

function schemasOf(dataSource: DataSource): string[] {
  return [...new Set(dataSource.entityMetadatas.flatMap(({ schema }) => (schema ? [schema] : [])))];
}
