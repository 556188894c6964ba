import type { SchemaDialect } from "../../dialect/schema/dialect";
import type { Column } from "../../dialect/schema/model";
import { badValue } from "./errors";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NUMERIC = /^(tiny|small|medium|big)?int|^int\d|^integer|^real|^double|^float|^numeric|^decimal|^dec\b|^number/i;
const BOOLEAN = /^bool|^tinyint\(1\)/i;
const TEXT = /char|text|clob|enum|set|uuid|date|time|json|blob|bytea/i;

/**
 * A typed value as SQL: an expression in parentheses and a quoted string as they are, numbers for numeric columns, all else
 * as text.
 * @param name of the column, as the flag calls it
 * @throws migrate/bad-value
 */
export function sqlValue(
  text: string,
  column: Column,
  name: string,
  { literal }: Pick<SchemaDialect, "literal">,
): string {
  const problem = problemOf(text, column, name);
  if (problem !== undefined) throw badValue(problem, name);
  if (isSql(text)) return text;
  if (BOOLEAN.test(column.type)) return text.toLowerCase();
  return NUMBER.test(text) && !TEXT.test(column.type) ? text : literal(text);
}

/** What is wrong with a value. SQLite would store any text in a numeric column. */
export function problemOf(text: string, column: Column, name: string): string | undefined {
  const allowed = isSql(text) || column.type.endsWith("[]") || allowedIn(column, text);
  return allowed === true ? undefined : `${text} is not a value for ${name}: it must be ${allowed}`;
}

/** True, or a description of the allowed values. */
function allowedIn({ type, values }: Column, text: string): true | string {
  if (values) return values.includes(text) || `one of ${values.join(", ")}`;
  if (BOOLEAN.test(type)) return /^(true|false|0|1)$/i.test(text) || "true or false";
  return !NUMERIC.test(type) || NUMBER.test(text) || `a number (${type})`;
}

function isSql(text: string): boolean {
  return /^\(.*\)$/s.test(text) || /^'(?:[^']|'')*'$/s.test(text);
}
