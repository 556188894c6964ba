import type { Dialect } from "../dialect/dialect";
import type { ColumnModel, EntityModel, JunctionModel, RelationModel } from "../metadata/model";
import { Column, type Order, type Path } from "./expression";
import type { Scope } from "./scope";
import type { Statement } from "./selection";

/** Replaces the marks of values by placeholders, numbered in the order of the text. */
export function withPlaceholders(marked: string, values: readonly unknown[], dialect: Dialect): Statement {
  if (values.length === 0) return { sql: marked, parameters: [] };
  const parameters: unknown[] = [];
  const placeholders = new Map<string, string>();
  const sql = marked.replace(MARK, (_, index: string) => {
    const known = placeholders.get(index);
    if (known !== undefined) return known;
    const value = values[Number(index)];
    // Beyond the parameter limit, values become literals.
    if (parameters.length >= dialect.parameterLimit) {
      const literal = dialect.exactLiteral(value);
      if (literal !== undefined) return literal;
    }
    parameters.push(value);
    const placeholder = dialect.placeholder(parameters.length);
    // An expression that is repeated has one parameter, where parameters have numbers.
    if (dialect.numbersPlaceholders) placeholders.set(index, placeholder);
    return placeholder;
  });
  return { sql, parameters };
}

/**
 * A value as the driver takes it where no column has encoded it: SQLite has no booleans and no dates.
 */
export function withoutColumn(value: unknown, { columnTypes }: Dialect): unknown {
  if (typeof value === "boolean") return columnTypes.bind(value, "boolean");
  if (value instanceof Date && columnTypes.datesAreTexts) return value.toISOString().replace("T", " ").replace("Z", "");
  return value;
}

/** The mark of a value in a text that is not complete. */
export const MARK = /\0(\d+)\0/g;

export function selectedColumns(model: EntityModel, alias: string): string[] {
  return model.selected.map((column) => column.selected(column.of(alias)));
}

export function tableAs(model: EntityModel, alias: string): string {
  return model.table === alias ? alias : `${model.table} ${alias}`;
}

export function onClause(relation: RelationModel, owner: Scope, target: Scope): string {
  const [foreignAlias, referencedAlias] = relation.holdsKey ? [owner.alias, target.alias] : [target.alias, owner.alias];
  return relation.joins
    .map(({ foreign, referenced }) => `${foreignAlias}.${foreign.quoted} = ${referencedAlias}.${referenced.quoted}`)
    .join(" AND ");
}

export function linkedBy(link: string, side: JunctionModel["toOwner"], { alias }: Scope): string {
  return side.map(({ quoted, referenced }) => `${link}.${quoted} = ${alias}.${referenced.quoted}`).join(" AND ");
}

export function orderBy(orders: readonly string[]): string {
  return orders.length === 0 ? "" : ` ORDER BY ${orders.join(", ")}`;
}

/** The foreign key column that holds the value of a related key: `Post.c.author.id` needs no join. */
export function foreignKeyFor(column: ColumnModel, { relations }: Path): ColumnModel | undefined {
  const relation = relations.at(-1);
  if (!relation?.holdsKey || relation.target.metadata.deleteDateColumn) return undefined;
  return relation.joins.find(({ referenced }) => referenced === column)?.foreign;
}

/** The sort expression of a root with several rows: the first of its values in the requested order. */
export function oneOfGroup({ scalar, direction }: Order, text: string, root: Scope): string {
  const isRoots =
    scalar instanceof Column &&
    scalar.path.relations.length === 0 &&
    scalar.path.alias === root.as &&
    scalar.model.model.root === root.model.root;
  if (isRoots) return text;
  return direction === "ASC" ? `MIN(${text})` : `MAX(${text})`;
}
