import type { Dialect } from "../dialect/dialect";
import type { ColumnModel } from "../metadata/model";
import { withoutColumn, withPlaceholders } from "./clauses";
import { notInRawStatement } from "./errors";
import { checkParameter, type Expression, type Path, type Renderer } from "./expression";
import type { Statement } from "./selection";
import type { Sql } from "./sql";

/** Renders a whole statement of ``sql`…` ``: values become parameters, columns are named by their tables. */
class RawRenderer implements Renderer {
  readonly dialect: Dialect;
  readonly values: unknown[] = [];

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  parameter(value: unknown): string {
    return `\0${this.values.push(value) - 1}\0`;
  }

  expression(expression: Expression): string {
    return expression.render(this);
  }

  ofEachRow(render: () => string): string {
    return render();
  }

  among(left: string, values: readonly unknown[]): string {
    return `${left} IN (${values.map((value) => this.parameter(value)).join(", ")})`;
  }

  column(column: ColumnModel, { relations, alias }: Path): string {
    if (relations.length > 0) throw notInRawStatement(`${column.label} of a related entity`);
    return column.of(alias ? this.dialect.quote(alias.name) : column.model.table);
  }

  exists(): string {
    throw notInRawStatement("a condition on a relation");
  }

  subquery(): string {
    throw notInRawStatement("a query");
  }
}

/** The statement of ``sql`…` `` that is sent by itself, and its parameters. */
export function rawStatement(sql: Sql, dialect: Dialect): Statement {
  const renderer = new RawRenderer(dialect);
  return withPlaceholders(sql.render(renderer), renderer.values, dialect);
}

/**
 * Parameters of a statement that is given as text.
 *
 * @throws ValueError for undefined and NaN, and for an object: MySQL's driver would write it into the statement
 */
export function checkedParameters(parameters: readonly unknown[], dialect: Dialect): unknown[] {
  parameters.forEach((value, place) => checkParameter(value, `parameter ${place + 1} of execute()`));
  return rawParameters(parameters, dialect);
}

/** Parameters without a column; SQLite has no booleans and no dates. */
export function rawParameters(parameters: readonly unknown[], dialect: Dialect): unknown[] {
  return parameters.map((value) => withoutColumn(value, dialect));
}
