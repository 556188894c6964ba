import { inspect, types } from "node:util";
import { dialectOf } from "../../dialect/dialects";
import { Column, Expression, Labelled, Order, type Condition, type Renderer } from "../../query/expression";
import { RelationExpression } from "../../query/relation";
import { Query } from "../../query/query";
import type { ShellDatabase, ShellModel } from "../world";
import type { Entities } from "./entities";
import type { Theme } from "./theme";

/** What is looked at to describe something. */
export interface DescribedContext {
  readonly db: ShellDatabase;
  readonly entities: Entities;
  readonly theme: Theme;
}

/**
 * What Retort's own things say at the prompt, in one line: their fields are the library's affair. Undefined for anything
 * else.
 */
export function described(value: unknown, context: DescribedContext): string | undefined {
  const { db, entities, theme } = context;
  if (typeof value === "function") {
    const model = entities.ofTarget(value);
    return model && `${theme.strong(`[class ${model.name}]`)}  ${theme.quiet(membersOf(model))}`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (value === db) return `Database ${theme.quiet(entities.models.map(({ name }) => name).join(", "))}`;
  if (value === db.session) return `Session ${theme.quiet(held(db))}`;
  if (value === db.dataSource) return `DataSource ${theme.quiet(`${db.dataSource.options.type}; .entities, .schema`)}`;
  // The columns of an entity (`User.c`) and its relations stand behind proxies, which are looked through by instanceof.
  if (value instanceof RelationExpression) return `${value.model.label}  ${theme.quiet("relation")}`;
  if (types.isProxy(value)) return columnsText(value, db, entities);
  if (value instanceof Query) return queryText(value as Query, entities);
  if (value instanceof Column && value.way.relations.length === 0)
    return `${value.model.label}  ${theme.quiet("column")}`;
  if (value instanceof Expression) return wordsOf(value, db);
  if (value instanceof Order) return value.render(wordsOf(value.scalar, db));
  if (value instanceof Labelled) return `${wordsOf(value.scalar, db)} AS ${value.name}`;
  return undefined;
}

function queryText(query: Query, entities: Entities): string {
  const model = entities.ofTarget(query.entity);
  return `Query of ${model?.name ?? "rows"}; .all(), .first() or .count() asks`;
}

function membersOf({ metadata, columns, relations }: ShellModel): string {
  const names = columns.filter(({ isVirtual }) => !isVirtual).map(({ property }) => property);
  return `table ${metadata.tableName}: ${[...names, ...relations.map(({ property }) => property)].join(", ")}`;
}

function held({ session }: ShellDatabase): string {
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

function columnsText(value: object, db: ShellDatabase, entities: Entities): string | undefined {
  const model = entities.models.find(({ target }) => db.columns(target as never) === value);
  return model && `Columns of ${membersOf(model).replace(/^table \S+: /, `${model.name}: `)}`;
}

/** An expression as SQL, with the values in their places. */
function wordsOf(expression: Expression, { dataSource }: ShellDatabase): string {
  const renderer: Renderer = {
    dialect: dialectOf(dataSource),
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
