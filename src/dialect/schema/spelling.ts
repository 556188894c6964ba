import type { QueryRunner } from "typeorm";
import { type Column, type Index, type Schema, type Table, type View, findTable, keyOf } from "./model";

/**
 * How a database spells what entities declare. It is asked, and nothing is created: commands that read need only the right
 * to read. Entities keep their own text, and so do the statements that are made of them; where the database's text means
 * the same, the comparison takes that.
 */
export interface Spelling {
  /** The declared schema with types and names as the database prints them. */
  declared(runner: QueryRunner, schema: Schema): Promise<Schema>;
  /** The wanted schema, with the database's text for each expression and view that means the same there. */
  aligned(runner: QueryRunner, wanted: Schema, actual: Schema): Promise<Schema>;
}

/** An expression of a table: a condition, or a value of a column's type. */
export interface TableExpression {
  readonly text: string;
  /** The column whose value it is. */
  readonly column?: Column | undefined;
  /** The text of an exclusion: several expressions with their operators. */
  readonly isExclusion?: boolean | undefined;
}

/** What a database answers about expressions; undefined for what it cannot read. */
export interface Normalizer {
  /** A normal form of each expression over the columns: equal forms mean the same. */
  expressions(
    table: Table,
    columns: readonly Column[],
    expressions: readonly TableExpression[],
  ): Promise<readonly (string | undefined)[]>;
  /** Whether the view is what the definition in the database says. */
  isSameView(wanted: View, actual: View): Promise<boolean>;
}

/** `Spelling.aligned` for a database that can say what an expression means. */
export async function alignedWith(normalizer: Normalizer, wanted: Schema, actual: Schema): Promise<Schema> {
  const tables: Table[] = [];
  for (const table of wanted.tables) {
    const own = findTable(actual, table);
    tables.push(own ? await alignedTable(normalizer, table, own) : table);
  }
  const views: View[] = [];
  for (const view of wanted.views) {
    const own = actual.views.find((other) => keyOf(other) === keyOf(view));
    const isSame = own && own.definition !== view.definition && (await normalizer.isSameView(view, own));
    views.push(isSame ? { ...view, definition: own.definition } : view);
  }
  return { ...wanted, tables, views };
}

async function alignedTable(normalizer: Normalizer, wanted: Table, actual: Table): Promise<Table> {
  const texts = await equalTexts(normalizer, wanted, actual);
  const same = (text: string | undefined, column?: Column) =>
    text === undefined ? undefined : (texts.get(keyFor({ text, column })) ?? text);
  return {
    ...wanted,
    columns: wanted.columns.map((column) => ({
      ...column,
      default: same(column.default, column),
      onUpdate: same(column.onUpdate, column),
      generated: column.generated && {
        ...column.generated,
        expression: same(column.generated.expression, column)!,
      },
    })),
    checks: wanted.checks.map((check) => ({ ...check, expression: same(check.expression)! })),
    exclusions: wanted.exclusions.map((one) => ({
      ...one,
      expression: texts.get(keyFor({ text: one.expression, isExclusion: true })) ?? one.expression,
    })),
    indexes: wanted.indexes.map((index): Index => ({ ...index, where: same(index.where) })),
  };
}

/** The wanted expressions that mean what another text in the database means, with that text. */
async function equalTexts(normalizer: Normalizer, wanted: Table, actual: Table): Promise<Map<string, string>> {
  const ours = expressionsOf(wanted, wanted);
  const theirs = expressionsOf(actual, wanted);
  const known = new Set(theirs.map(keyFor));
  const open = ours.filter((one) => !known.has(keyFor(one)));
  const texts = new Map<string, string>();
  if (open.length === 0 || theirs.length === 0) return texts;
  const gone = actual.columns.filter(({ name }) => !wanted.columns.some((column) => column.name === name));
  const columns = [...wanted.columns, ...gone];
  const forms = await normalizer.expressions(wanted, columns, [...open, ...theirs]);
  for (const [at, one] of open.entries()) {
    const form = forms[at];
    const other = theirs.find(
      (their, place) =>
        form !== undefined &&
        forms[open.length + place] === form &&
        their.column?.name === one.column?.name &&
        their.isExclusion === one.isExclusion,
    );
    if (other) texts.set(keyFor(one), other.text);
  }
  return texts;
}

function keyFor({ text, column, isExclusion }: TableExpression): string {
  return `${isExclusion ? "exclusion" : ""}\0${column?.name ?? ""}\0${text}`;
}

/** @param typed the table whose columns say what type a value has */
function expressionsOf(table: Table, typed: Table): TableExpression[] {
  const values = table.columns.flatMap((column) => {
    const own = typed.columns.find(({ name }) => name === column.name);
    const texts = [column.default, column.onUpdate, column.generated?.expression];
    return own ? texts.flatMap((text) => (text === undefined ? [] : [{ text, column: own }])) : [];
  });
  const conditions = [...table.checks.map(({ expression }) => expression), ...table.indexes.map(({ where }) => where)];
  const exclusions = table.exclusions.map(({ expression }) => ({ text: expression, isExclusion: true }));
  return [...values, ...conditions.flatMap((text) => (text === undefined ? [] : [{ text }])), ...exclusions];
}
