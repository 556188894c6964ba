import type { QueryRunner } from "typeorm";
import type { ChangedValues } from "../../schema/dialect";
import type { Column, ObjectName } from "../../schema/model";
import { columnDefinition, path, quote, text } from "./create";

/** The number of values that a question shows. */
const SHOWN = 5;

const VALUES = "retort_values";

/**
 * Converts every value there and back, in a temporary table of the connection: what a change of type does to a value is
 * more than a cast can say.
 */
export async function changedValues(
  runner: QueryRunner,
  table: ObjectName,
  before: Column,
  after: Column,
): Promise<ChangedValues> {
  if (before.values && NUMBER.test(after.type)) {
    // The number of an enum's value is its place in the list.
    const own = quote(before.name);
    const isOther = `CAST(${own} AS CHAR) <> CAST(${own} + 0 AS CHAR)`;
    return { rows: await countRows(runner, table, isOther), refused: 0, condition: isOther };
  }
  const condition = refusedValues(before, after);
  const refused = condition === undefined ? 0 : await countRows(runner, table, condition);
  const changed = await thereAndBack(runner, table, before, after);
  if (changed === undefined || changed.rows < refused) return { rows: refused, refused, condition };
  const { rows, shown } = changed;
  return { rows, refused, condition: `CAST(${quote(before.name)} AS CHAR) IN (${shown.map(text).join(", ")})` };
}

async function countRows(runner: QueryRunner, table: ObjectName, condition: string): Promise<number> {
  const sql = `SELECT COUNT(*) AS \`rows\` FROM ${path(table)} WHERE ${condition}`;
  const [row] = (await runner.query(sql)) as [{ rows: number | string }];
  return Number(row.rows);
}

/** Undefined where the user may create no temporary table, or the two types cannot be converted. */
async function thereAndBack(
  runner: QueryRunner,
  table: ObjectName,
  before: Column,
  after: Column,
): Promise<{ rows: number; shown: string[] } | undefined> {
  const own = quote(before.name);
  const define = (name: string, column: Column) => columnDefinition({ ...withoutTraits(column), name, nullable: true });
  const [{ mode }] = (await runner.query("SELECT @@sql_mode AS `mode`")) as [{ mode: string }];
  try {
    await runner.query(`CREATE TEMPORARY TABLE ${VALUES} (${define("value", before)}, ${define("other", before)})`);
    await runner.query(`INSERT INTO ${VALUES} SELECT ${own}, ${own} FROM ${path(table)} WHERE ${own} IS NOT NULL`);
    // So that values are changed and not refused.
    await runner.query("SET SESSION sql_mode = ''");
    await runner.query(`ALTER TABLE ${VALUES} MODIFY ${define("other", after)}`);
    await runner.query(`ALTER TABLE ${VALUES} MODIFY ${define("other", before)}`);
    const where = `WHERE NOT (CAST(\`value\` AS BINARY) <=> CAST(\`other\` AS BINARY))`;
    const [row] = (await runner.query(`SELECT COUNT(*) AS \`rows\` FROM ${VALUES} ${where}`)) as [{ rows: number }];
    const shown = (await runner.query(
      `SELECT DISTINCT CAST(\`value\` AS CHAR) AS \`value\` FROM ${VALUES} ${where} LIMIT ${SHOWN}`,
    )) as { value: string }[];
    return { rows: Number(row.rows), shown: shown.map(({ value }) => value) };
  } catch {
    return undefined;
  } finally {
    await runner.query(`SET SESSION sql_mode = ${text(mode)}`);
    await runner.query(`DROP TEMPORARY TABLE IF EXISTS ${VALUES}`).catch(() => undefined);
  }
}

function withoutTraits(column: Column): Column {
  return {
    ...column,
    default: undefined,
    onUpdate: undefined,
    increment: undefined,
    generated: undefined,
    comment: undefined,
  };
}

const INTEGERS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 };
const NUMBER = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double)\b/;
const TEXT = /^(var)?char\b|^(tiny|medium|long)?text\b/;

const A_NUMBER = "^[[:space:]]*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$";
const A_DATE =
  "^[0-9]{4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12][0-9]|3[01])([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]*)?)?)?$";
const A_TIME = "^-?[0-9]{1,3}:[0-5]?[0-9](:[0-5]?[0-9]([.][0-9]*)?)?$";
const A_UUID = "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$";

/**
 * A condition for values that strict mode refuses to convert, which ends the ALTER TABLE; undefined where there are none,
 * or they cannot be told.
 */
export function refusedValues(before: Column, after: Column): string | undefined {
  const column = quote(before.name);
  const length = Number(/^(?:var)?char\((\d+)\)/i.exec(after.type)?.[1]);
  if (TEXT.test(before.type) && TEXT.test(after.type)) {
    const conditions = [
      length && `CHAR_LENGTH(${column}) > ${length}`,
      after.charset && before.charset !== after.charset && isNotIn(column, after.charset),
    ].filter(Boolean);
    return conditions.length === 0 ? undefined : conditions.join(" OR ");
  }
  if (length) return `CHAR_LENGTH(${column}) > ${length}`;
  if (after.values) return `${column} NOT IN (${after.values.map(text).join(", ")})`;
  // What is outside of the range of a timestamp counts as no time.
  if (/^(date|datetime)\b/.test(before.type) && /^timestamp\b/.test(after.type))
    return `${column} IS NOT NULL AND COALESCE(UNIX_TIMESTAMP(${column}), 0) = 0`;
  const range = rangeOf(after.type);
  if (NUMBER.test(before.type)) return range && `${column} NOT BETWEEN ${range}`;
  if (!TEXT.test(before.type)) return undefined;
  if (NUMBER.test(after.type)) return `${column} NOT REGEXP ${text(A_NUMBER)}`;
  if (/^(date|datetime|timestamp)\b/.test(after.type)) return `${column} NOT REGEXP ${text(A_DATE)}`;
  if (/^time\b/.test(after.type)) return `${column} NOT REGEXP ${text(A_TIME)}`;
  if (after.type === "uuid") return `${column} NOT REGEXP ${text(A_UUID)}`;
  return after.type === "json" ? `NOT JSON_VALID(${column})` : undefined;
}

/** Whether the character set lacks a character of the value. */
function isNotIn(column: string, charset: string): string {
  const bytes = (value: string) => `CAST(CONVERT(${value} USING utf8mb4) AS BINARY)`;
  return `${bytes(`CONVERT(${column} USING ${charset})`)} <> ${bytes(column)}`;
}

/** The smallest and the largest value of an integer type, or of a decimal. */
function rangeOf(type: string): string | undefined {
  const bits = INTEGERS[/^\w+/.exec(type)![0]];
  if (bits !== undefined) {
    const size = 2n ** BigInt(bits);
    return /unsigned/i.test(type) ? `0 AND ${size - 1n}` : `${-size / 2n} AND ${size / 2n - 1n}`;
  }
  const digits = /^decimal\((\d+),(\d+)\)/.exec(type);
  if (!digits) return undefined;
  const whole = Number(digits[1]) - Number(digits[2]);
  const largest = `${"9".repeat(whole) || "0"}.${"9".repeat(Number(digits[2])) || "0"}`;
  return `-${largest} AND ${largest}`;
}

/** What a value that does not fit is cut to before the type changes; undefined where the server rounds it by itself. */
export function cutValue(before: Column, after: Column): string | undefined {
  const length = Number(/^(?:var)?char\((\d+)\)/i.exec(after.type)?.[1]);
  return length && TEXT.test(before.type) ? `LEFT(${quote(before.name)}, ${length})` : undefined;
}
