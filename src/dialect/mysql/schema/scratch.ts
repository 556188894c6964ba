import type { DataSource, QueryRunner } from "typeorm";
import type { Scope, ScratchLocation, ScratchSupport, ScratchTarget } from "../../schema/dialect";
import { type ObjectName, type Schema, type Table } from "../../schema/model";
import type { Operation } from "../../schema/operation";
import { newScratchName, scratchPrefixOf } from "../../schema/live-scratch";
import { cleanUpOnSignal } from "../../../signals";
import { executePlan, isInScope, optionsForDatabase } from "../../schema/scratch";
import { list, path, quote } from "./create";
import { plan } from "./plan";
import { readSchema } from "./read";
import { requirements } from "./requirements";

/**
 * Scratch databases beside the project's on the same server, one for each database that the entities name. Statements
 * that change a schema commit by themselves here, so that no transaction could hide them.
 */
export const mysqlScratch: ScratchSupport = {
  create,
  abandoned,
  copy,
  // As in the real run, no transaction: it could not roll back a change of the schema.
  run: (runner, work) => work(runner),
  rows,
  problems: () => Promise.resolve([]),
};

async function create(source: QueryRunner, dataSource: DataSource): Promise<ScratchLocation> {
  const [settings] = (await source.query(
    "SELECT DATABASE() AS `own`, @@character_set_database AS `charset`, @@collation_database AS `collation`",
  )) as [{ own: string; charset: string; collation: string }];
  await dropAbandoned(source, scratchPrefixOf(settings.own));
  const name = newScratchName(settings.own);
  const others = databasesOf(dataSource, settings.own);
  const databases = new Map([...others.map((other, at) => [other, `${name}_${at}`] as const), [settings.own, name]]);
  const drop = cleanUpOnSignal(async () => {
    for (const database of databases.values()) await source.query(`DROP DATABASE IF EXISTS ${quote(database)}`);
    await source.query("SELECT RELEASE_LOCK(?)", [name]);
  });
  try {
    // Held as long as the process that has the scratch database lives.
    await source.query("SELECT GET_LOCK(?, 0)", [name]);
    for (const database of databases.values())
      await source.query(
        `CREATE DATABASE ${quote(database)} CHARACTER SET ${settings.charset} COLLATE ${settings.collation}`,
      );
  } catch (error) {
    await drop().catch(() => undefined);
    throw error;
  }
  return { options: optionsForDatabase(dataSource, name), databases, drop };
}

async function dropAbandoned(source: QueryRunner, prefix: string): Promise<void> {
  await withAbandoned(source, prefix, (name) => source.query(`DROP DATABASE IF EXISTS ${quote(name)}`).catch(() => {}));
}

async function abandoned(source: QueryRunner): Promise<string[]> {
  const [{ own }] = (await source.query("SELECT DATABASE() AS `own`")) as [{ own: string }];
  const names: string[] = [];
  await withAbandoned(source, scratchPrefixOf(own), (name) => void names.push(name));
  return names;
}

/** The work for each scratch database of this project whose process was killed; its lock is held meanwhile. */
async function withAbandoned(source: QueryRunner, prefix: string, work: (name: string) => unknown): Promise<void> {
  const found = (await source.query(
    "SELECT SCHEMA_NAME AS `name` FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, ?) = ?",
    [prefix.length, prefix],
  )) as { name: string }[];
  for (const { name } of found) {
    // A further database of the same scratch location ends in _ and a number.
    const lock = name.slice(0, prefix.length) + name.slice(prefix.length).replace(/_\d+$/, "");
    const [row] = (await source.query("SELECT GET_LOCK(?, 0) AS `free`", [lock])) as [{ free: number | null }];
    if (Number(row.free) !== 1) continue;
    await work(name);
    await source.query("SELECT RELEASE_LOCK(?)", [lock]);
  }
}

function databasesOf(dataSource: DataSource, own: string): string[] {
  const named = dataSource.entityMetadatas.flatMap(({ database }) => (database && database !== own ? [database] : []));
  return [...new Set(named)];
}

/** Tables, then rows, foreign keys, views and triggers: so that rows need no order and fire no trigger. */
async function copy(source: QueryRunner, target: ScratchTarget, scope: Scope, limit: number): Promise<boolean> {
  const { runner } = target;
  const schema = await readSchema(source, { isIgnored: () => false, schemas: scope.schemas });
  const bare: Schema = {
    ...schema,
    tables: schema.tables.map((table) => ({ ...table, foreignKeys: [], triggers: [] })),
    views: [],
  };
  // A table outside the project is copied where that is possible: triggers, views and keys may name it.
  const execute = async (from: Schema, operations: readonly Operation[], isRequired: boolean) => {
    const done = executePlan(plan(from, operations), runner);
    await (isRequired ? done : done.catch(() => undefined));
  };
  await copyRoutines(source, runner);
  for (const table of bare.tables) {
    const created = runner.query(await statementOf(source, table));
    await (isInScope(table, scope) ? created : created.catch(() => undefined));
  }
  let isComplete = true;
  for (const table of schema.tables) {
    const copied = copyRows(source, target, table, limit);
    const isWhole = await (isInScope(table, scope) ? copied : copied.catch(() => true));
    isComplete &&= isWhole;
  }
  await runner.query("SET foreign_key_checks = 0");
  for (const table of schema.tables) await execute(bare, keysOf(table), isInScope(table, scope));
  await runner.query("SET foreign_key_checks = 1");
  for (const view of schema.views) await execute(bare, [{ kind: "createView", view }], isInScope(view, scope));
  for (const table of schema.tables) for (const trigger of table.triggers) await runner.query(trigger.sql);
  return isComplete;
}

/** The server's own statement, which has partitions, versioning and all other options; without foreign keys, which come later. */
async function statementOf(source: QueryRunner, table: Table): Promise<string> {
  const [created] = (await source.query(`SHOW CREATE TABLE ${path(table)}`)) as object[];
  const text = (Object.values(created!)[1] as string)
    .replace(/,\n {2}CONSTRAINT `(?:[^`]|``)+` FOREIGN KEY [^\n]*?(?=,?\n)/g, "")
    .replace(/ AUTO_INCREMENT=\d+/, "");
  return table.schema === undefined
    ? text
    : text.replace(/^CREATE TABLE `(?:[^`]|``)+`/, () => `CREATE TABLE ${path(table)}`);
}

/** What cannot be created is missed by what uses it only. */
async function copyRoutines(source: QueryRunner, target: QueryRunner): Promise<void> {
  for (const { create } of await requirements(source, { isIgnored: () => false }))
    await target.query(create).catch(() => undefined);
}

function keysOf(table: Table): Operation[] {
  return table.foreignKeys.map((value) => ({
    kind: "addConstraint",
    table,
    constraint: { kind: "foreignKey", value },
  }));
}

/** On the connection to the project's database, where names are not rewritten. */
async function copyRows(
  source: QueryRunner,
  { location }: ScratchTarget,
  table: Table,
  limit: number,
): Promise<boolean> {
  const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
  const [{ own, rows: count }] = (await source.query(
    `SELECT DATABASE() AS \`own\`, COUNT(*) AS \`rows\` FROM ${path(table)}`,
  )) as [{ own: string; rows: number | string }];
  const into = path({ schema: location.databases!.get(table.schema ?? own)!, name: table.name });
  if (columns.length > 0)
    await source.query(
      `INSERT INTO ${into} (${list(columns)}) SELECT ${list(columns)} FROM ${path(table)} LIMIT ${limit}`,
    );
  return Number(count) <= limit;
}

/** Values are read as bytes, so that no collation makes different ones equal. */
async function rows(runner: QueryRunner, table: ObjectName, columns: readonly string[]): Promise<string[]> {
  const values = columns.map((column) => `COALESCE(HEX(CAST(${quote(column)} AS BINARY)), 'NULL')`).join(", ") || "''";
  const found = (await runner.query(`SELECT CONCAT_WS(',', ${values}) AS \`row\` FROM ${path(table)}`)) as {
    row: string;
  }[];
  return found.map(({ row }) => row.split(",").map(decoded).join(", ")).sort();
}

/** As text where the bytes are text. */
function decoded(hex: string): string {
  if (hex === "NULL") return hex;
  const bytes = Buffer.from(hex, "hex");
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? `'${text}'` : `0x${hex}`;
}
