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
  const same = (place: Place, text: string | undefined) => texts.get(keyFor(place)) ?? text;
  return {
    ...wanted,
    columns: wanted.columns.map((column) => ({
      ...column,
      default: same({ of: "default", name: column.name }, column.default),
      onUpdate: same({ of: "onUpdate", name: column.name }, column.onUpdate),
      generated: column.generated && {
        ...column.generated,
        expression: same({ of: "generated", name: column.name }, column.generated.expression)!,
      },
    })),
    checks: wanted.checks.map((one) => ({
      ...one,
      expression: same({ of: "check", name: one.name }, one.expression)!,
    })),
    exclusions: wanted.exclusions.map((one) => ({
      ...one,
      expression: same({ of: "exclusion", name: one.name }, one.expression)!,
    })),
    indexes: wanted.indexes.map((index): Index => ({
      ...index,
      where: same({ of: "index", name: index.name }, index.where),
    })),
  };
}

/** What of a table has an expression. */
interface Place {
  readonly of: "default" | "onUpdate" | "generated" | "check" | "exclusion" | "index";
  readonly name: string | undefined;
}

type PlacedExpression = TableExpression & Place;

function keyFor({ of, name = "" }: Place): string {
  return `${of}\0${name}`;
}

/**
 * The wanted expressions that mean what another text in the database means, with that text. Several of a table may mean the
 * same (a database makes `true` of every condition that always holds), so that each is another one's: first that of the
 * same name.
 */
async function equalTexts(normalizer: Normalizer, wanted: Table, actual: Table): Promise<Map<string, string>> {
  const ours = expressionsOf(wanted, wanted);
  const theirs = expressionsOf(actual, wanted);
  const texts = new Map<string, string>();
  const isVerbatim = (one: PlacedExpression) =>
    theirs.some((other) => keyFor(other) === keyFor(one) && other.text === one.text);
  const open = ours.filter((one) => !isVerbatim(one));
  if (open.length === 0 || theirs.length === 0) return texts;
  const gone = actual.columns.filter(({ name }) => !wanted.columns.some((column) => column.name === name));
  const columns = [...wanted.columns, ...gone];
  const forms = await normalizer.expressions(wanted, columns, [...open, ...theirs]);
  const left = new Map(theirs.map((their, at) => [their, forms[open.length + at]]));
  const take = (one: PlacedExpression, isOther: (their: PlacedExpression) => boolean) => {
    const form = forms[open.indexOf(one)];
    for (const [their, other] of left)
      if (form !== undefined && form === other && their.of === one.of && isOther(their)) {
        texts.set(keyFor(one), their.text);
        left.delete(their);
        return;
      }
  };
  for (const one of open) take(one, ({ name }) => name === one.name);
  const isConstraint = ({ of }: Place) => of === "check" || of === "exclusion" || of === "index";
  // Under another name; a column's expression is its own.
  for (const one of open)
    if (isConstraint(one) && !texts.has(keyFor(one)))
      take(one, (their) => !ours.some((it) => keyFor(it) === keyFor(their)));
  return texts;
}

/** @param typed the table whose columns say what type a value has */
function expressionsOf(table: Table, typed: Table): PlacedExpression[] {
  const values = table.columns.flatMap(({ name, default: value, onUpdate, generated }) => {
    const column = typed.columns.find((one) => one.name === name);
    return column
      ? [
          { of: "default" as const, name, column, text: value },
          { of: "onUpdate" as const, name, column, text: onUpdate },
          { of: "generated" as const, name, column, text: generated?.expression },
        ]
      : [];
  });
  return [
    ...values,
    ...table.checks.map(({ name, expression }) => ({ of: "check" as const, name, text: expression })),
    ...table.indexes.map(({ name, where }) => ({ of: "index" as const, name, text: where })),
    ...table.exclusions.map(({ name, expression }) => ({
      of: "exclusion" as const,
      name,
      text: expression,
      isExclusion: true,
    })),
  ].flatMap((one) => (one.text === undefined ? [] : [{ ...one, text: one.text }]));
}
