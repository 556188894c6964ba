import { randomBytes } from "node:crypto";
import type { DataSource, QueryRunner } from "typeorm";
import type { Scope, Scratch } from "../../schema/dialect";
import { type Schema, emptySchema } from "../../schema/model";
import type { Operation } from "../../schema/operation";
import { executePlan, withRewrittenSql } from "../../schema/scratch";
import { list, path, quote } from "./create";
import { plan } from "./plan";
import { readSchema } from "./read";

/**
 * A database of its own on the same server, dropped at the end: statements that change a schema commit by themselves
 * here, so there is no transaction to hide it in. It has the character set and collation of the project's database.
 */
export async function openScratch(dataSource: DataSource): Promise<Scratch> {
  const runner = dataSource.createQueryRunner();
  const [{ standard, charset, collation }] = (await runner.query(
    "SELECT DATABASE() AS `standard`, @@character_set_database AS `charset`, @@collation_database AS `collation`",
  )) as [{ standard: string; charset: string; collation: string }];
  const name = `retort_${randomBytes(5).toString("hex")}`;
  const others = new Map<string, string>();
  const create = (database: string) =>
    runner.query(`CREATE DATABASE ${quote(database)} CHARACTER SET ${charset} COLLATE ${collation}`);
  await create(name);
  for (const [at, database] of databasesOf(dataSource, standard).entries()) {
    others.set(database, `${name}_${at}`);
    await create(`${name}_${at}`);
  }
  await runner.query(`USE ${quote(name)}`);
  const translated = withRewrittenSql(runner, (sql) => {
    let text = sql;
    for (const [database, scratch] of others) text = text.replaceAll(`${quote(database)}.`, `${quote(scratch)}.`);
    return text.replaceAll(`${quote(standard)}.`, `${quote(name)}.`);
  });
  return {
    runner: translated,
    read: async (scope) => {
      const inner: Scope = { ...scope, schemas: scope.schemas.map((database) => others.get(database) ?? database) };
      let text = JSON.stringify(await readSchema(runner, inner));
      for (const [database, scratch] of others) text = text.replaceAll(scratch, database);
      return JSON.parse(text) as Schema;
    },
    copy: (source, schema, limit) => copy(source, translated, schema, limit, standard, runner),
    // Nothing that is done here can be undone, as in the real run: a transaction would only seem to hold it.
    run: (work) => work(translated),
    rows: async (table, columns) => {
      const values =
        columns.map((column) => `COALESCE(HEX(CAST(${quote(column)} AS BINARY)), 'NULL')`).join(", ") || "''";
      const rows = (await translated.query(
        `SELECT CONCAT_WS(', ', ${values}) AS \`row\` FROM ${path(table)} ORDER BY 1`,
      )) as { row: string }[];
      return rows.map(({ row }) => row);
    },
    problems: () => Promise.resolve([]),
    close: async () => {
      await runner.query(`USE ${quote(standard)}`);
      for (const database of [name, ...others.values()]) await runner.query(`DROP DATABASE ${quote(database)}`);
      await runner.release();
    },
  };
}

function databasesOf(dataSource: DataSource, standard: string): string[] {
  const named = dataSource.entityMetadatas.flatMap(({ database }) =>
    database && database !== standard ? [database] : [],
  );
  return [...new Set(named)];
}

/** The tables made from what was read, so that reading is part of what is proven; then rows, then keys. */
async function copy(
  source: QueryRunner,
  target: QueryRunner,
  schema: Schema,
  limit: number,
  standard: string,
  direct: QueryRunner,
): Promise<boolean> {
  const bare: Schema = {
    ...schema,
    tables: schema.tables.map((table) => ({ ...table, foreignKeys: [], triggers: [] })),
    views: [],
  };
  await executePlan(
    plan(
      emptySchema,
      bare.tables.map((table): Operation => ({ kind: "createTable", table })),
    ),
    target,
  );
  let isWhole = true;
  const [{ scratch }] = (await direct.query("SELECT DATABASE() AS `scratch`")) as [{ scratch: string }];
  for (const table of schema.tables) {
    const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
    const from = path({ schema: table.schema ?? standard, name: table.name });
    const [{ rows }] = (await source.query(`SELECT COUNT(*) AS \`rows\` FROM ${from}`)) as [{ rows: number | string }];
    isWhole &&= Number(rows) <= limit;
    if (columns.length === 0 || table.schema !== undefined) continue;
    const into = path({ schema: scratch, name: table.name });
    await direct.query(`INSERT INTO ${into} (${list(columns)}) SELECT ${list(columns)} FROM ${from} LIMIT ${limit}`);
  }
  const keys = schema.tables.flatMap((table) =>
    table.foreignKeys.map((value): Operation => ({
      kind: "addConstraint",
      table,
      constraint: { kind: "foreignKey", value },
    })),
  );
  await target.query("SET foreign_key_checks = 0");
  await executePlan(plan(bare, keys), target);
  await target.query("SET foreign_key_checks = 1");
  await executePlan(
    plan(
      bare,
      schema.views.map((view): Operation => ({ kind: "createView", view })),
    ),
    target,
  );
  for (const table of schema.tables) for (const trigger of table.triggers) await target.query(trigger.sql);
  return isWhole;
}
