import type { QueryRunner } from "typeorm";
import type { ObjectName } from "../../schema/model";
import type { ScratchSupport } from "../../schema/dialect";
import { list, quote } from "./create";

const ROWS_A_STATEMENT = 200;

interface StoredObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/** Scratch databases in memory. */
export const sqliteScratch: ScratchSupport = {
  // Whatever the settings of the project's file are, they do not apply in memory.
  create: () =>
    Promise.resolve({
      options: { database: ":memory:", key: undefined, readonly: false, fileMustExist: false, enableWAL: false },
      drop: () => Promise.resolve(),
    }),
  copy: (source, { runner }, _scope, limit) => copy(source, runner, limit),
  run: runWithForeignKeysOff,
  rows,
  problems: async (runner) => [...(await brokenObjects(runner)), ...(await danglingKeys(runner))],
};

/** Everything in sqlite_master, with rows: tables outside the project too, because triggers and views may name them. */
async function copy(source: QueryRunner, target: QueryRunner, limit: number): Promise<boolean> {
  await target.query("PRAGMA foreign_keys = OFF");
  const objects = (await source.query(
    `SELECT "type", "name", "sql" FROM "main"."sqlite_master" WHERE "sql" IS NOT NULL AND "name" NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
  )) as StoredObject[];
  const listed = (await source.query("PRAGMA main.table_list")) as { name: string; type: string }[];
  const kindOf = (name: string) => listed.find((row) => row.name === name)?.type;
  const tables = objects.filter((object) => object.type === "table" && kindOf(object.name) === "table");
  let isWhole = true;
  for (const table of tables) {
    await target.query(table.sql);
    isWhole = (await copyRows(source, target, table.name, limit)) < limit && isWhole;
  }
  for (const table of objects.filter((object) => kindOf(object.name) === "virtual"))
    await target.query(table.sql).catch(() => {});
  for (const type of ["index", "view", "trigger"])
    for (const object of objects.filter((other) => other.type === type)) await target.query(object.sql);
  await copySequences(source, target);
  return isWhole;
}

async function copyRows(source: QueryRunner, target: QueryRunner, table: string, limit: number): Promise<number> {
  const columns = (
    (await source.query(`PRAGMA main.table_xinfo(${quote(table)})`)) as { name: string; hidden: number }[]
  )
    .filter((column) => column.hidden === 0)
    .map((column) => column.name);
  if (columns.length === 0) return 0;
  // As SQL literals: a value that passes through JavaScript can come back as another type (1 as 1.0).
  const literals = columns.map((column) => `quote(${quote(column)})`).join(` || ', ' || `);
  const rows = (await source.query(`SELECT ${literals} AS "row" FROM ${quote(table)} LIMIT ${limit}`)) as {
    row: string;
  }[];
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const values = rows.slice(at, at + ROWS_A_STATEMENT).map(({ row }) => `(${row})`);
    await target.query(`INSERT INTO ${quote(table)} (${list(columns)}) VALUES ${values.join(", ")}`);
  }
  return rows.length;
}

async function rows(runner: QueryRunner, table: ObjectName, columns: readonly string[]): Promise<string[]> {
  const text = columns.map((column) => `quote(${quote(column)})`).join(` || ', ' || `) || "''";
  const sql = `SELECT ${text} AS "row" FROM ${quote(table.name)} ORDER BY 1`;
  const found = (await runner.query(sql)) as { row: string }[];
  return found.map(({ row }) => row);
}

/** Renaming any table makes SQLite read every view and trigger, and it says which one it cannot. */
async function brokenObjects(runner: QueryRunner): Promise<string[]> {
  await runner.query(`CREATE TABLE "retort_probe" ("a")`);
  try {
    await runner.query(`ALTER TABLE "retort_probe" RENAME TO "retort_probed"`);
    await runner.query(`ALTER TABLE "retort_probed" RENAME TO "retort_probe"`);
    return [];
  } catch (error) {
    return [(error as Error).message.replace(/ after rename$/, "")];
  } finally {
    await runner.query(`DROP TABLE "retort_probe"`);
  }
}

async function danglingKeys(runner: QueryRunner): Promise<string[]> {
  const found = (await runner.query("PRAGMA foreign_key_check")) as {
    table: string;
    parent: string;
    rowid: number;
    fkid: number;
  }[];
  return found.map(
    ({ table, parent, rowid }) => `row ${rowid} of "${table}" refers to a row of "${parent}" that is not there`,
  );
}

async function copySequences(source: QueryRunner, target: QueryRunner): Promise<void> {
  const exists = `SELECT 1 FROM "sqlite_master" WHERE "name" = 'sqlite_sequence'`;
  if (((await source.query(exists)) as unknown[]).length === 0) return;
  const rows = (await source.query(`SELECT "name", "seq" FROM "sqlite_sequence"`)) as { name: string; seq: number }[];
  if (((await target.query(exists)) as unknown[]).length === 0) return;
  await target.query(`DELETE FROM "sqlite_sequence"`);
  for (const row of rows)
    await target.query(`INSERT INTO "sqlite_sequence" ("name", "seq") VALUES (?, ?)`, [row.name, row.seq]);
}

async function runWithForeignKeysOff(runner: QueryRunner, work: (runner: QueryRunner) => Promise<void>): Promise<void> {
  await runner.query("PRAGMA foreign_keys = OFF");
  await runner.startTransaction();
  try {
    await work(runner);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.query("PRAGMA legacy_alter_table = OFF");
  }
}
