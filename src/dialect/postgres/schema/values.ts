import type { QueryRunner } from "typeorm";
import { quotedText } from "../../literals";
import type { ChangedValues } from "../../schema/dialect";
import type { Column, ObjectName } from "../../schema/model";
import { path, quote } from "./create";

const TEXTS = /^(character varying|character|text|citext)\b/;
const NUMBERS = /^(smallint|integer|bigint|numeric|real|double precision)\b/;
const DATES = /^(timestamp|date)\b/;

/**
 * An assignment cast refuses values that do not fit, an explicit cast truncates them: it is written only where
 * needed.
 */
export function needsCast(before: string, after: string): boolean {
  if (before.endsWith("[]") || after.endsWith("[]")) return true;
  return ![TEXTS, NUMBERS, DATES].some((types) => types.test(before) && types.test(after)) && !TEXTS.test(after);
}

/** The value in the type of the other column; there is no cast between enums, so that their text is in between. */
export function converted(value: string, before: Column, after: Column): string {
  const viaText = before.enumType || (after.enumType && !TEXTS.test(before.type));
  if (!viaText) return `${value}::${after.type}`;
  return `${value}::${before.type.endsWith("[]") ? "text[]" : "text"}::${after.type}`;
}

/** The number of values that a question shows. */
const SHOWN = 5;

/**
 * Converts every value there and back. Nothing is created: where a value cannot be converted at all, which ends a query, an
 * anonymous block goes through the rows one by one.
 */
export async function changedValues(
  runner: QueryRunner,
  table: ObjectName,
  before: Column,
  after: Column,
): Promise<ChangedValues> {
  const column = quote(before.name);
  if (after.values) return count(runner, table, `${column}::text NOT IN (${after.values.map(quotedText).join(", ")})`);
  await runner.startTransaction();
  try {
    const changed = `${column} IS NOT NULL AND ${isChanged(column, before, after)}`;
    await runner.query("SAVEPOINT retort_values");
    const rows = await countRows(runner, table, changed).catch(() => undefined);
    if (rows !== undefined) return { rows, refused: 0, condition: changed };
    await runner.query("ROLLBACK TO SAVEPOINT retort_values");
    return await oneByOne(runner, table, before, after);
  } finally {
    await runner.rollbackTransaction();
  }
}

/** Every value that the condition meets is refused. */
async function count(runner: QueryRunner, table: ObjectName, condition: string): Promise<ChangedValues> {
  const rows = await countRows(runner, table, condition);
  return { rows, refused: rows, condition };
}

async function countRows(runner: QueryRunner, table: ObjectName, condition: string): Promise<number> {
  const [row] = (await runner.query(`SELECT count(*) AS "rows" FROM ${path(table)} WHERE ${condition}`)) as [
    { rows: string },
  ];
  return Number(row.rows);
}

const JSON_TYPE = /^jsonb?$/;

/** Whether the value is another one after it was converted there and back, compared as text. */
function isChanged(value: string, before: Column, after: Column): string {
  const there = converted(value, before, after);
  // JSON is the same with other spaces.
  if (JSON_TYPE.test(before.type) && JSON_TYPE.test(after.type)) return `${value}::jsonb <> ${there}::jsonb`;
  return `(${converted(`(${there})`, after, before)})::text IS DISTINCT FROM ${value}::text`;
}

async function oneByOne(runner: QueryRunner, table: ObjectName, before: Column, after: Column): Promise<ChangedValues> {
  const column = quote(before.name);
  await runner.query(`DO $retort$
DECLARE
  one record; is_changed boolean; changed bigint := 0; refused bigint := 0; shown text[] := '{}';
BEGIN
  FOR one IN SELECT ${column} AS value FROM ${path(table)} WHERE ${column} IS NOT NULL LOOP
    BEGIN
      is_changed := ${isChanged("one.value", before, after)};
    EXCEPTION WHEN OTHERS THEN
      is_changed := true;
      refused := refused + 1;
    END;
    IF is_changed THEN
      changed := changed + 1;
      IF cardinality(shown) < ${SHOWN} AND NOT one.value::text = ANY (shown) THEN shown := shown || one.value::text; END IF;
    END IF;
  END LOOP;
  PERFORM set_config('retort.values', json_build_object('rows', changed, 'refused', refused, 'shown', shown)::text, true);
END $retort$`);
  const [{ found }] = (await runner.query(`SELECT current_setting('retort.values') AS "found"`)) as [{ found: string }];
  const { rows, refused, shown } = JSON.parse(found) as { rows: number; refused: number; shown: string[] };
  return { rows, refused, condition: `${column}::text IN (${shown.map(quotedText).join(", ")})` };
}

/** The function that gives NULL for values that cannot be converted: created for one statement, and for this connection only. */
const CONVERT = "pg_temp.retort_convert";

/**
 * The statements around a conversion in which values may be refused, and its expression.
 * @param instead what such values become
 */
export function lenientConversion(
  before: Column,
  after: Column,
  instead: string,
): { create: string; using: string; drop: string } {
  const column = quote(before.name);
  const converts = `${CONVERT}(${column}::text)`;
  return {
    create: `CREATE FUNCTION ${CONVERT}(value text) RETURNS ${after.type} LANGUAGE plpgsql AS $$
BEGIN
  RETURN value::${after.type};
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
  RETURN NULL;
END $$`,
    using: /^null$/i.test(instead)
      ? converts
      : `CASE WHEN ${column} IS NOT NULL THEN COALESCE(${converts}, (${instead})::${after.type}) END`,
    drop: `DROP FUNCTION ${CONVERT}(text)`,
  };
}
