import type { QueryRunner } from "typeorm";
import type { Column, Exclusion, Index, Schema, Table, View } from "../../schema/model";
import { type Normalizer, type Spelling, type TableExpression, alignedWith } from "../../schema/spelling";
import { isTrivia, mentionedNames, postgresQuoting, tokenize } from "../../schema/tokens";
import { quote } from "./create";

/**
 * PostgreSQL prints an expression in its normal form when it explains a query that selects it, and two queries with one
 * plan give the same rows. An EXPLAIN executes nothing.
 */
export const postgresSpelling: Spelling = {
  declared: async (runner, schema) => {
    const types = await asking(runner, (ask) => typeNames(ask, schema));
    return { ...schema, ...cutNames(schema, (column) => types.get(column.type) ?? column.type) };
  },
  aligned: (runner, wanted, actual) => asking(runner, (ask) => alignedWith(normalizer(ask), wanted, actual)),
};

/** The plan of a SELECT; undefined where the database does not accept it. */
type Explain = (select: string) => Promise<string | undefined>;

/** In a transaction of its own, in which nothing can be written and a refused statement ends nothing. */
async function asking<T>(runner: QueryRunner, work: (explain: Explain) => Promise<T>): Promise<T> {
  const isOwn = !runner.isTransactionActive;
  if (isOwn) await runner.startTransaction();
  try {
    if (isOwn) await runner.query("SET TRANSACTION READ ONLY");
    // What the rows or partitions are must not decide whether two queries are one.
    await runner.query("SET LOCAL enable_partition_pruning = off");
    await runner.query("SET LOCAL constraint_exclusion = off");
    return await work(async (select) => {
      await runner.query("SAVEPOINT retort_explain");
      try {
        const rows = (await runner.query(`EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) ${select}`)) as object[];
        return JSON.stringify(Object.values(rows[0]!)[0]);
      } catch {
        await runner.query("ROLLBACK TO SAVEPOINT retort_explain");
        return undefined;
      } finally {
        await runner.query("RELEASE SAVEPOINT retort_explain");
      }
    });
  } finally {
    if (isOwn) await runner.rollbackTransaction();
  }
}

interface Plan {
  readonly Output: readonly string[];
}

/** What the SELECT gives, printed; one by one where all together are refused. */
async function outputs(
  explain: Explain,
  items: readonly string[],
  from: string,
): Promise<readonly (string | undefined)[]> {
  if (items.length === 0) return [];
  const plan = await explain(`SELECT ${items.join(", ")} ${from}`);
  if (plan !== undefined) {
    const { Output } = (JSON.parse(plan) as [{ Plan: Plan }])[0].Plan;
    return Output.length === items.length ? Output : items.map(() => undefined);
  }
  if (items.length === 1) return [undefined];
  const half = items.length >> 1;
  return [
    ...(await outputs(explain, items.slice(0, half), from)),
    ...(await outputs(explain, items.slice(half), from)),
  ];
}

/** The declared types with the names that the catalog has for them. */
async function typeNames(explain: Explain, { tables }: Schema): Promise<Map<string, string>> {
  const types = tables.flatMap(({ columns }) => columns.filter(({ enumType }) => !enumType).map(({ type }) => type));
  const distinct = [...new Set(types)];
  const printed = await outputs(
    explain,
    distinct.map((type) => `NULL::${type}`),
    "",
  );
  return new Map(
    distinct.flatMap((type, at) => {
      const name = /^NULL::(.*)$/s.exec(printed[at] ?? "")?.[1];
      return name === undefined ? [] : [[type, name] as const];
    }),
  );
}

function normalizer(explain: Explain): Normalizer {
  const forms = new ExpressionForms(explain);
  return {
    expressions: (table, columns, expressions) => forms.of(table, columns, expressions),
    isSameView: (wanted, actual) => isSameView(explain, wanted, actual),
  };
}

/** Asks for each type, and for each value that names no column, once: tables have many alike. */
class ExpressionForms {
  readonly #types = new Map<string, boolean>();
  readonly #values = new Map<string, string | undefined>();
  readonly #mentioned = new Map<string, ReadonlySet<string>>();

  constructor(readonly explain: Explain) {}

  async of(
    table: Table,
    columns: readonly Column[],
    expressions: readonly TableExpression[],
  ): Promise<readonly (string | undefined)[]> {
    const names = new Set([table, ...columns].map(({ name }) => name.toLowerCase()));
    const isValue = ({ text, isExclusion }: TableExpression) =>
      !isExclusion && ![...this.#mentionedIn(text)].some((name) => names.has(name));
    const values = expressions.filter((one) => isValue(one) && !this.#values.has(valueKey(one)));
    const asked = [...values, ...expressions.filter((one) => !isValue(one))];
    const forms = asked.length === 0 ? [] : await this.#ask(table, columns, asked);
    values.forEach((one, at) => this.#values.set(valueKey(one), forms[at]));
    return expressions.map((one) => (isValue(one) ? this.#values.get(valueKey(one)) : forms[asked.indexOf(one)]));
  }

  /** Over a row of typed NULLs, so that the table need be neither there nor readable. OFFSET keeps the NULLs out of the expressions. */
  async #ask(
    table: Table,
    columns: readonly Column[],
    expressions: readonly TableExpression[],
  ): Promise<readonly (string | undefined)[]> {
    const readable: string[] = [];
    for (const { name, type } of columns)
      if (await this.#isKnown(type)) readable.push(`NULL::${type} AS ${quote(name)}`);
    const from = `FROM (SELECT ${readable.join(", ")} OFFSET 0) AS ${quote(table.name)}`;
    const parts = expressions.map(partsOf);
    const forms = await outputs(
      this.explain,
      parts.flatMap(({ items }) => items),
      from,
    );
    let at = 0;
    return parts.map(({ items, frame }) => {
      const own = forms.slice(at, (at += items.length));
      return own.includes(undefined) ? undefined : [frame, ...own].join("\0");
    });
  }

  #mentionedIn(text: string): ReadonlySet<string> {
    const names = this.#mentioned.get(text) ?? mentionedNames(text, postgresQuoting);
    this.#mentioned.set(text, names);
    return names;
  }

  async #isKnown(type: string): Promise<boolean> {
    const known = this.#types.get(type) ?? (await outputs(this.explain, [`NULL::${type}`], ""))[0] !== undefined;
    this.#types.set(type, known);
    return known;
  }
}

function valueKey({ text, column }: TableExpression): string {
  return `${column?.type ?? ""}\0${text}`;
}

/** What of an expression the database can print, and the text around it. */
interface Parts {
  readonly items: readonly string[];
  readonly frame: string;
}

function partsOf({ text, column, isExclusion }: TableExpression): Parts {
  if (isExclusion) return exclusionParts(text);
  return { items: [column ? `CAST((${text}) AS ${column.type})` : `(${text})`], frame: "" };
}

/** `USING gist (room WITH =, during WITH &&) WHERE (active)` */
function exclusionParts(text: string): Parts {
  const tokens = tokenize(text, postgresQuoting);
  let depth = 0;
  const items: string[] = [];
  let [frame, item, isOperator] = ["", "", false];
  for (const token of tokens) {
    const isWith = depth === 1 && token.kind === "word" && token.text.toUpperCase() === "WITH";
    if (token.text === ")") depth--;
    const isEnd = depth === 0 || (depth === 1 && token.text === ",") || isWith;
    if (isEnd && item.trim()) {
      items.push(`(${item})`);
      item = "";
      frame += "?";
    }
    // After WITH comes an operator, up to the next comma.
    if (isEnd || isOperator) frame += isTrivia(token) ? "" : `${token.text.toUpperCase()} `;
    else item += token.text;
    if (isEnd) isOperator = isWith;
    if (token.text === "(") depth++;
  }
  return { items, frame: frame.replace(/\s+/g, " ") };
}

async function isSameView(explain: Explain, wanted: View, actual: View): Promise<boolean> {
  if (actual.columns === undefined) return false;
  const names = actual.columns.map(quote).join(", ");
  const [theirs, ours, named] = [
    await explain(`SELECT * FROM (${actual.definition}) AS retort_view`),
    await explain(`SELECT * FROM (${wanted.definition}) AS retort_view`),
    // The plan does not have the names of the columns.
    await explain(`SELECT ${names} FROM (${wanted.definition}) AS retort_view`),
  ];
  if (theirs !== undefined && ours !== undefined) return ours === theirs && named === ours;
  // Without the right to read the tables, what was recorded when the view was created has to do.
  return theirs === undefined && actual.declared !== undefined && actual.declared === wanted.declared;
}

/** PostgreSQL cuts names to this number of bytes. */
const NAME_BYTES = 63;

function cut(name: string): string {
  let text = name;
  while (Buffer.byteLength(text) > NAME_BYTES) text = [...text].slice(0, -1).join("");
  return text;
}

/** All names as the database cuts them, and types as it prints them. */
function cutNames(schema: Schema, typeOf: (column: Column) => string): Pick<Schema, "tables" | "views" | "enums"> {
  const named = <T extends { readonly name?: string | undefined }>(one: T): T =>
    one.name === undefined ? one : { ...one, name: cut(one.name) };
  const indexOf = (index: Index): Index => ({
    ...named(index),
    columns: index.columns.map(named),
    ...(index.kind === "spatial" && { kind: undefined, method: "gist" }),
    parser: undefined,
  });
  return {
    enums: schema.enums.map(named),
    views: schema.views.map((view) => ({ ...named(view), indexes: view.indexes.map(indexOf) })),
    tables: schema.tables.map((table) => ({
      ...named(table),
      columns: table.columns.map((column) => ({
        ...named(column),
        type: typeOf(column),
        enumType: column.enumType && named(column.enumType),
        default: column.default !== undefined && /^null$/i.test(column.default) ? undefined : column.default,
      })),
      primaryKey: table.primaryKey && { ...named(table.primaryKey), columns: table.primaryKey.columns.map(cut) },
      uniques: table.uniques.map((unique) => ({ ...named(unique), columns: unique.columns.map(cut) })),
      indexes: table.indexes.map(indexOf),
      checks: table.checks.map(named),
      exclusions: table.exclusions.map((exclusion): Exclusion => named(exclusion)),
      foreignKeys: table.foreignKeys.map((key) => ({
        ...named(key),
        columns: key.columns.map(cut),
        references: named(key.references),
        referencedColumns: key.referencedColumns.map(cut),
      })),
      engine: undefined,
      withoutRowid: undefined,
    })),
  };
}
