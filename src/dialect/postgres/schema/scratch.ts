import { randomBytes } from "node:crypto";
import type { DataSource, QueryRunner } from "typeorm";
import type { Scope, Scratch } from "../../schema/dialect";
import { type Column, type ObjectName, type Schema, emptySchema } from "../../schema/model";
import type { Operation } from "../../schema/operation";
import { executePlan, withRewrittenSql } from "../../schema/scratch";
import { list, path, quote } from "./create";
import { plan } from "./plan";
import { readSchema } from "./read";

/**
 * Schemas of their own in a transaction that is rolled back at the end: nothing of it is ever visible to others, and
 * types of extensions, functions and settings are those of the database. Names without a schema mean the scratch one.
 */
export async function openScratch(dataSource: DataSource): Promise<Scratch> {
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
  const translated = withRewrittenSql(runner, (sql) => {
    let text = sql;
    for (const [name, scratch] of others) text = text.replaceAll(`${quote(name)}.`, `${quote(scratch)}.`);
    return text.replaceAll(`${quote(standard)}.`, `${quote(prefix)}.`);
  });
  return {
    runner: translated,
    read: async (scope) => {
      const inner: Scope = { ...scope, schemas: scope.schemas.map((name) => others.get(name) ?? name) };
      let text = JSON.stringify(await readSchema(runner, inner));
      for (const [name, scratch] of others) text = text.replaceAll(scratch, name);
      return JSON.parse(text.replaceAll(`${prefix}.`, "")) as Schema;
    },
    copy: (source, schema, limit) => copy(source, translated, schema, limit, standard),
    run: async (work) => {
      await runner.startTransaction();
      try {
        await work(translated);
        await runner.commitTransaction();
      } catch (error) {
        await runner.rollbackTransaction();
        throw error;
      }
    },
    rows: async (table, columns) => {
      const values = columns.map((column) => `${quote(column)}::text`).join(", ");
      const rows = (await translated.query(`SELECT ROW(${values})::text AS "row" FROM ${path(table)} ORDER BY 1`)) as {
        row: string;
      }[];
      return rows.map(({ row }) => row);
    },
    problems: () => Promise.resolve([]),
    close: async () => {
      while (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    },
  };
}

function schemasOf(dataSource: DataSource): string[] {
  return [...new Set(dataSource.entityMetadatas.flatMap(({ schema }) => (schema ? [schema] : [])))];
}

/** The tables made from what was read, so that reading is part of what is proven; then rows, then keys. */
async function copy(
  source: QueryRunner,
  target: QueryRunner,
  schema: Schema,
  limit: number,
  standard: string,
): Promise<boolean> {
  const bare: Schema = {
    ...schema,
    tables: schema.tables.map((table) => ({
      ...table,
      foreignKeys: [],
      indexes: [],
      triggers: [],
      checks: [],
      uniques: [],
    })),
    views: [],
  };
  const create: Operation[] = [
    ...bare.enums.map((type): Operation => ({ kind: "createEnum", type })),
    ...bare.tables.map((table): Operation => ({ kind: "createTable", table })),
  ];
  await executePlan(plan(emptySchema, create), target);
  let isWhole = true;
  for (const table of schema.tables) {
    const columns = table.columns.filter((column) => !column.generated);
    if (columns.length === 0) continue;
    const from: ObjectName = { schema: table.schema ?? standard, name: table.name };
    const [{ rows }] = (await source.query(`SELECT COUNT(*) AS "rows" FROM ${path(from)}`)) as [{ rows: string }];
    isWhole &&= Number(rows) <= limit;
    await fill(target, table, from, columns, limit);
  }
  const constraints: Operation[] = schema.tables.flatMap((table): Operation[] => [
    ...table.uniques.map((value): Operation => ({
      kind: "addConstraint",
      table,
      constraint: { kind: "unique", value },
    })),
    ...table.checks.map((value): Operation => ({ kind: "addConstraint", table, constraint: { kind: "check", value } })),
    ...table.indexes.map((value): Operation => ({
      kind: "addConstraint",
      table,
      constraint: { kind: "index", value },
    })),
  ]);
  const keys = schema.tables.flatMap((table) =>
    table.foreignKeys.map((value): Operation => ({
      kind: "addConstraint",
      table,
      constraint: { kind: "foreignKey", value },
    })),
  );
  await executePlan(
    plan(bare, [
      ...constraints,
      ...(isWhole ? keys : []),
      ...schema.views.map((view): Operation => ({ kind: "createView", view })),
    ]),
    target,
  );
  if (!isWhole) for (const key of keys) await executePlan(plan(bare, [key]), target).catch(() => undefined);
  for (const table of schema.tables)
    for (const trigger of table.triggers) await target.query(trigger.sql.replace(` ON ${standard}.`, " ON "));
  return isWhole;
}

/** From the real table into the scratch one: the name with its schema is not exchanged here. */
async function fill(
  target: QueryRunner,
  table: ObjectName,
  from: ObjectName,
  columns: readonly Column[],
  limit: number,
): Promise<void> {
  const names = list(columns.map(({ name }) => name));
  // The scratch database has enums of its own.
  const values = columns.map(({ name, enumType, type }) =>
    enumType ? `${quote(name)}::text${type.endsWith("[]") ? "[]" : ""}::${type}` : quote(name),
  );
  const real = `${escapedSchema(from.schema!)}.${quote(from.name)}`;
  await target.query(
    `INSERT INTO ${path(table)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${values.join(", ")} FROM ${real} LIMIT ${limit}`,
  );
}

/** Written in Unicode escapes, a schema's name is not recognised as one to exchange. */
function escapedSchema(schema: string): string {
  const escaped = [...schema].map((character) => `\\+${character.codePointAt(0)!.toString(16).padStart(6, "0")}`);
  return `U&"${escaped.join("")}"`;
}
