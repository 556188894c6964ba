import { inspect, types } from "node:util";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";
import { dialectOf } from "../../dialect/dialects";
import { Batches } from "../../query/batches";
import { Column, Expression, Labelled, Order, type Condition, type Renderer } from "../../query/expression";
import { RelationExpression, relationOf } from "../../query/relation";
import { Query } from "../../query/query";
import type { EntityModel } from "../../metadata/model";
import type { Database } from "../../session/database";
import type { Entities } from "./entities";

export interface DescribeContext {
  readonly db: Database;
  readonly entities: Entities;
  readonly style: Style;
}

/**
 * One line for an object of Retort's own (a query, an expression, the session, …), whose fields are internal. Undefined for
 * anything else.
 */
export function describe(value: unknown, context: DescribeContext): EscapedText | undefined {
  const { db, entities, style } = context;
  if (typeof value === "function") {
    const model = entities.ofTarget(value);
    return (
      model && ansi`${style.bold(escapeLine(`[class ${model.name}]`))}  ${style.dim(escapeLine(membersOf(model)))}`
    );
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (value === db) return ansi`Database ${style.dim(escapeLine(entities.models.map(({ name }) => name).join(", ")))}`;
  if (value === db.session) return ansi`Session ${style.dim(escapeLine(sessionText(db)))}`;
  if (value === db.dataSource)
    return ansi`DataSource ${style.dim(escapeLine(`${db.dataSource.options.type}; .entities, .schema`))}`;
  // `User.c` and its relations are proxies; instanceof sees through them.
  if (value instanceof RelationExpression)
    return ansi`${escapeLine(relationOf(value).relation.label)}  ${style.dim(ansi`relation`)}`;
  if (types.isProxy(value)) return columnsText(value, db, entities);
  if (value instanceof Query) return queryText(value as Query, entities);
  if (value instanceof Batches)
    return escapeLine(
      `Batches of ${value.entity.name}, ${value.size} rows each; .update({ … }) or .delete() writes them, for (const rows of …) reads them`,
    );
  if (value instanceof Column && value.path.relations.length === 0)
    return ansi`${escapeLine(value.model.label)}  ${style.dim(ansi`column`)}`;
  if (value instanceof Expression) return escapeLine(sqlOf(value, db));
  if (value instanceof Order) return escapeLine(value.render(sqlOf(value.scalar, db), dialectOf(db.dataSource)));
  if (value instanceof Labelled) return escapeLine(`${sqlOf(value.scalar, db)} AS ${value.name}`);
  return undefined;
}

function queryText(query: Query, entities: Entities): EscapedText {
  const model = entities.ofTarget(query.entity);
  return escapeLine(`Query of ${model?.name ?? "rows"}; .all(), .first() or .count() runs it`);
}

function membersOf(model: EntityModel): string {
  return `table ${model.metadata.tableName}: ${propertiesOf(model)}`;
}

function propertiesOf({ columns, relations }: EntityModel): string {
  const names = columns.filter(({ isVirtual }) => !isVirtual).map(({ property }) => property);
  return [...names, ...relations.map(({ property }) => property)].join(", ");
}

function sessionText({ session }: Database): string {
  const counts = [
    [session.new.length, "new"],
    [session.dirty.length, "changed"],
    [session.deleted.length, "to be deleted"],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  if (session.inTransaction) parts.push("a transaction is open");
  if (session.failure) parts.push("needs rollback()");
  return parts.join(", ") || "nothing unsaved";
}

function columnsText(value: object, db: Database, entities: Entities): EscapedText | undefined {
  const model = entities.models.find(({ target }) => db.columns(target as never) === value);
  return model && escapeLine(`Columns of ${model.name}: ${propertiesOf(model)}`);
}

/** An expression as SQL, with its values inline. */
function sqlOf(expression: Expression, { dataSource }: Database): string {
  const renderer: Renderer = {
    dialect: dialectOf(dataSource),
    expression: (part) => part.render(renderer),
    ofEachRow: (render) => render(),
    parameter: (value) => inspect(value, { compact: true, breakLength: Infinity, maxStringLength: 100 }),
    among: (left, values) => `${left} IN (${values.map((value) => inspect(value)).join(", ")})`,
    column: (column, { relations }) =>
      relations.length === 0 ? column.label : [...relations.map(({ property }) => property), column.property].join("."),
    exists: (relation, _path, condition: Condition | undefined) =>
      `EXISTS ${relation.label}${condition ? ` (${condition.render(renderer)})` : ""}`,
    subquery: () => "(SELECT …)",
  };
  return expression.render(renderer);
}
