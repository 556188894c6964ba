import type { QueryRunner } from "typeorm";
import type { SchemaDialect } from "../../dialect/schema/dialect";
import { type Column, type EnumType, type ForeignKey, type Table, keyOf } from "../../dialect/schema/model";

/** The number of sample rows in each new table. */
const ROWS = 2;

/**
 * Inserts sample rows into empty tables, parents before children. A table whose checks refuse a sample
 * value stays empty, which makes the proof weaker and not wrong.
 */
export async function addSampleRows(
  runner: QueryRunner,
  tables: readonly Table[],
  enums: readonly EnumType[],
  dialect: SchemaDialect,
): Promise<void> {
  const waiting = tables.map((table) => withValues(table, enums));
  // A table that references a later one is tried again after it.
  for (let round = 0; round < tables.length && waiting.length > 0; round++) {
    for (const table of [...waiting]) {
      if (await fill(runner, table, dialect)) waiting.splice(waiting.indexOf(table), 1);
    }
  }
}

/** The columns with the values of their enum types. */
function withValues(table: Table, enums: readonly EnumType[]): Table {
  const valuesOf = ({ enumType, values }: Column) =>
    enumType ? enums.find((type) => keyOf(type) === keyOf(enumType))?.values : values;
  return { ...table, columns: table.columns.map((column) => ({ ...column, values: valuesOf(column) })) };
}

async function fill(runner: QueryRunner, table: Table, dialect: SchemaDialect): Promise<boolean> {
  for (let row = 1; row <= ROWS; row++) {
    if (!(await insert(runner, table, row, dialect))) return row > 1;
  }
  return true;
}

async function insert(runner: QueryRunner, table: Table, row: number, dialect: SchemaDialect): Promise<boolean> {
  const columns = table.columns.filter((column) => !column.generated && column.increment === undefined);
  const values: string[] = [];
  for (const column of columns) {
    const key = table.foreignKeys.find((one) => one.columns.includes(column.name));
    values.push((key && (await parentValue(runner, key, column, row, dialect))) ?? sampleValue(column, row, dialect));
  }
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
  const sql =
    columns.length === 0
      ? `INSERT INTO ${dialect.path(table)} ${dialect.quote("x") === "`x`" ? "() VALUES ()" : "DEFAULT VALUES"}`
      : `INSERT INTO ${dialect.path(table)} (${names}) VALUES (${values.join(", ")})`;
  try {
    await runner.query(sql);
    return true;
  } catch {
    return false;
  }
}

/** The key of an existing row; NULL where there is none and the column is nullable. */
async function parentValue(
  runner: QueryRunner,
  key: ForeignKey,
  column: Column,
  row: number,
  dialect: SchemaDialect,
): Promise<string | undefined> {
  const parent = dialect.quote(key.referencedColumns[key.columns.indexOf(column.name)]!);
  const sql = `SELECT ${parent} AS ${dialect.quote("value")} FROM ${dialect.path(key.references)} ORDER BY 1 LIMIT ${ROWS}`;
  const rows = (await runner.query(sql).catch(() => [])) as { value: unknown }[];
  const value = (rows[row - 1] ?? rows[0])?.value;
  if (value === undefined || value === null) return column.nullable ? "NULL" : undefined;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value instanceof Uint8Array
    ? `X'${Buffer.from(value).toString("hex")}'`
    : dialect.literal(String(value as string));
}

/** A value of the column's type, different for each row. */
function sampleValue(column: Column, row: number, dialect: SchemaDialect): string {
  const type = column.type.toLowerCase();
  if (type.endsWith("[]")) return "'{}'";
  if (column.values?.length) return dialect.literal(column.values[(row - 1) % column.values.length]!);
  const choices = /^(?:enum|set)\s*\((.*)\)$/s.exec(type);
  if (choices) return /'(?:[^']|'')*'/.exec(column.type)?.[0] ?? "NULL";
  if (/^json/.test(type)) return `'{"retort": ${row}}'`;
  if (/^uuid/.test(type)) return `'00000000-0000-4000-8000-00000000000${row}'`;
  if (/^bool/.test(type)) return row % 2 ? "true" : "false";
  if (/int|serial|year|bit|numeric|decimal|real|double|float|money/.test(type))
    return /^year/.test(type) ? `200${row}` : String(row);
  if (/^(timestamp|datetime)/.test(type)) return `'2001-02-03 04:05:0${row}'`;
  if (/^date/.test(type)) return `'2001-02-0${row}'`;
  if (/^time/.test(type)) return `'04:05:0${row}'`;
  if (/blob|binary/.test(type)) return `X'0${row}'`;
  if (/^bytea/.test(type)) return `'\\x0${row}'`;
  if (/char|text|clob|string|^$/.test(type)) return dialect.literal(textOf(type, row));
  return column.nullable ? "NULL" : String(row);
}

function textOf(type: string, row: number): string {
  const length = Number(/\((\d+)\)/.exec(type)?.[1] ?? 20);
  return `${row} retort's "row"`.slice(0, Math.max(1, length));
}
