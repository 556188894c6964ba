import type { QueryRunner } from "typeorm";
import type { Column, Table, View } from "../../schema/model";
import { type Normalizer, type Spelling, type TableExpression, alignedWith } from "../../schema/spelling";
import { mysqlQuoting, unwrapped } from "../../schema/tokens";
import { quote } from "./create";
import { typeName } from "./type-name";

/**
 * MySQL and MariaDB print an expression in a normal form in the note that an EXPLAIN leaves, which executes nothing. Types
 * have few spellings, so that they need no server.
 */
export const mysqlSpelling: Spelling = {
  declared: async (runner, schema) => {
    const server = await serverFacts(runner);
    return { ...schema, tables: schema.tables.map((table) => declaredTable(table, server)) };
  },
  aligned: async (runner, wanted, actual) => {
    const { isMariaDb } = await serverFacts(runner);
    return alignedWith(normalizer(runner, isMariaDb), wanted, actual);
  },
};

interface ServerFacts {
  readonly isMariaDb: boolean;
  /** The collation of a table by its key, and of the database for a new one. */
  collationOf(table: Table): string;
  /** The default collation of a character set. */
  defaultOf(charset: string): string | undefined;
  charsetOf(collation: string): string | undefined;
  /** The storage engine, as the server writes its name. */
  engineNamed(name: string): string;
}

async function serverFacts(runner: QueryRunner): Promise<ServerFacts> {
  const [{ version, standard, collation }] = (await runner.query(
    "SELECT VERSION() AS `version`, DATABASE() AS `standard`, @@collation_database AS `collation`",
  )) as [{ version: string; standard: string; collation: string }];
  const tables = (await runner.query(
    "SELECT TABLE_SCHEMA AS `database`, TABLE_NAME AS `name`, TABLE_COLLATION AS `collation` FROM information_schema.TABLES WHERE TABLE_COLLATION IS NOT NULL",
  )) as { database: string; name: string; collation: string }[];
  const charsets = (await runner.query(
    "SELECT CHARACTER_SET_NAME AS `charset`, DEFAULT_COLLATE_NAME AS `collation` FROM information_schema.CHARACTER_SETS",
  )) as { charset: string; collation: string }[];
  const engines = (await runner.query("SELECT ENGINE AS `name` FROM information_schema.ENGINES")) as { name: string }[];
  const found = new Map(tables.map((row) => [`${row.database}.${row.name}`.toLowerCase(), row.collation]));
  const defaults = new Map(charsets.map((row) => [row.charset, row.collation]));
  const sets = charsets.map((row) => row.charset).sort((a, b) => b.length - a.length);
  return {
    isMariaDb: /mariadb/i.test(version),
    collationOf: ({ schema = standard, name }) => found.get(`${schema}.${name}`.toLowerCase()) ?? collation,
    defaultOf: (charset) => defaults.get(charset.toLowerCase()),
    charsetOf: (name) => sets.find((charset) => name === charset || name.startsWith(`${charset}_`)),
    engineNamed: (name) => engines.find((one) => one.name.toLowerCase() === name.toLowerCase())?.name ?? name,
  };
}

function declaredTable(table: Table, server: ServerFacts): Table {
  const own = server.collationOf(table);
  return {
    ...table,
    columns: table.columns.map((column) => ({
      ...column,
      type: typeName(column.type, server.isMariaDb),
      default: column.default !== undefined && /^null$/i.test(column.default) ? undefined : column.default,
      ...collationOf(column, own, server),
    })),
    uniques: [],
    exclusions: [],
    indexes: table.indexes.map((index) => ({ ...index, where: undefined, method: undefined })),
    engine: table.engine && server.engineNamed(table.engine),
    withoutRowid: undefined,
  };
}

/** None where it is that of the table, as `readSchema` gives it. */
function collationOf({ collation, charset }: Column, own: string, server: ServerFacts): Partial<Column> {
  const effective = collation ?? (charset && server.defaultOf(charset));
  if (effective === undefined || effective.toLowerCase() === own.toLowerCase())
    return { collation: undefined, charset: undefined };
  const set = charset ?? server.charsetOf(effective);
  return { collation: effective, charset: set !== undefined && own.startsWith(`${set}_`) ? undefined : set };
}

function normalizer(runner: QueryRunner, isMariaDb: boolean): Normalizer {
  const explain = explainer(runner, isMariaDb);
  return {
    expressions: async (_table, columns, expressions) => {
      const forms = await expressionForms(explain, columns, expressions);
      return Promise.all(expressions.map((one, at) => valueForm(runner, one, forms[at])));
    },
    isSameView: (wanted, actual) => isSameView(explain, wanted, actual),
  };
}

/** The SELECT as the server understands it; undefined where it does not. */
type Explain = (select: string) => Promise<string | undefined>;

function explainer(runner: QueryRunner, isMariaDb: boolean): Explain {
  return async (select) => {
    try {
      await runner.query(`EXPLAIN ${isMariaDb ? "EXTENDED " : ""}${select}`);
      const notes = (await runner.query("SHOW WARNINGS")) as { Code: number; Message: string }[];
      return notes.find(({ Code }) => Number(Code) === 1003)?.Message;
    } catch {
      return undefined;
    }
  };
}

const ALIAS = "retort_value_";

/** Over a union of NULLs, which the server does not look into: the columns stay columns. */
async function expressionForms(
  explain: Explain,
  columns: readonly Column[],
  expressions: readonly TableExpression[],
): Promise<readonly (string | undefined)[]> {
  if (expressions.length === 0) return [];
  const row = columns.map(({ name }) => `NULL AS ${quote(name)}`).join(", ") || "NULL";
  const items = expressions.map(({ text }, at) => `(${text}) AS ${quote(ALIAS + at)}`).join(", ");
  const note = await explain(`SELECT ${items} FROM (SELECT ${row} UNION ALL SELECT ${row}) AS ${quote("retort")}`);
  if (note !== undefined) {
    const parts = note.replace(/^.*?\bselect /s, "").split(new RegExp(` AS \`${ALIAS}\\d+\`,?`));
    return expressions.map((_, at) => parts[at]);
  }
  if (expressions.length === 1) return [undefined];
  const half = expressions.length >> 1;
  return [
    ...(await expressionForms(explain, columns, expressions.slice(0, half))),
    ...(await expressionForms(explain, columns, expressions.slice(half))),
  ];
}

const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|year)\b/;
const TIMES = /^(datetime|timestamp|time|date)(\(\d\))?$/;

/** A literal as the column stores it: `'0'` in a decimal column is 0.00, `'09:00'` in a time column is 09:00:00. */
async function valueForm(
  runner: QueryRunner,
  { text, column }: TableExpression,
  form: string | undefined,
): Promise<string | undefined> {
  const literal = /^'(.*)'$|^(-?[\d.]+)$/s.exec(unwrapped(text.trim(), mysqlQuoting));
  if (!column || !literal) return form;
  const value = (literal[1] ?? literal[2])!;
  if (NUMBERS.test(column.type) && value.trim() !== "" && Number.isFinite(Number(value)))
    return `number ${Number(value)}`;
  if (!TIMES.test(column.type)) return form;
  const type = column.type.replace("timestamp", "datetime");
  const [row] = (await runner.query(`SELECT CAST(CAST(${text} AS ${type}) AS CHAR) AS \`value\``)) as [
    { value: string | null },
  ];
  return row.value === null ? form : `time ${row.value}`;
}

async function isSameView(explain: Explain, wanted: View, actual: View): Promise<boolean> {
  // A server that knows a table to be empty simplifies what is asked, so that the record of the text decides as well.
  if (actual.declared !== undefined && actual.declared !== wanted.declared) return false;
  const [ours, theirs] = [await explain(wanted.definition), await explain(actual.definition)];
  if (ours !== undefined && theirs !== undefined) return ours === theirs;
  return theirs === undefined && actual.declared !== undefined;
}
