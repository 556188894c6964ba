import type { QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import type { SchemaDialect } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/dialects";
import type { ChangeCost, TableChange, TableSize } from "../../dialect/schema/change-cost";
import { tokenize } from "../../dialect/schema/tokens";
import { effectsOf, type RowConstraint } from "./effects";
import { dataSourceOf } from "../../typeorm/data-source";

/** The number of rows that a query finds. */
export interface RowCount {
  /** Undefined where the database cannot run the query: then nothing is reported. */
  readonly rows: number | undefined;
  /** The statement that shows the rows. */
  readonly query: string;
}

/**
 * Looks for rows in the database as it is now. A query about objects that do not exist yet, or with expressions of the
 * migration that cannot run yet (a parameter, a new function), has no result.
 */
export class RowQueries {
  readonly #runner: QueryRunner;
  readonly #dialect: Dialect;
  readonly #schema: SchemaDialect;

  constructor(runner: QueryRunner, dialect: Dialect) {
    this.#runner = runner;
    this.#dialect = dialect;
    this.#schema = schemaDialectOf(dataSourceOf(runner));
  }

  rows(table: string, where?: string): Promise<RowCount> {
    return this.#evident("*", `FROM ${this.#path(table)}${where ? ` WHERE ${where}` : ""}`, where === undefined);
  }

  /** The table's size and what a change of it costs; undefined where it is empty, or the change is done in a moment. */
  async cost(table: string, change: TableChange): Promise<(ChangeCost & { readonly size: TableSize }) | undefined> {
    const { costs } = this.#schema;
    const cost = await costs?.costOf(this.#runner, this.#path(table), change);
    const size = cost && (await costs?.size(this.#runner, this.#path(table)));
    return size && size.rows > 0 ? { ...cost, size } : undefined;
  }

  /** Duplicate values, without NULL. */
  duplicates(table: string, values: readonly string[], where?: string): Promise<RowCount> {
    const conditions = [...values.map((value) => `${operand(value)} IS NOT NULL`), ...(where ? [`(${where})`] : [])];
    // A number in GROUP BY would be the position of a column, and a constant makes no groups.
    const groups = values.filter((value) => !isConstant(value)).map(operand);
    const grouping = groups.length === 0 ? "" : ` GROUP BY ${groups.join(", ")}`;
    return this.#evident(
      `${values.map(operand).join(", ")}, count(*)`,
      `FROM ${this.#path(table)} WHERE ${conditions.join(" AND ")}${grouping} HAVING count(*) > 1`,
      where === undefined && values.every(isOurs),
      "count(*)",
    );
  }

  /**
   * Rows for which the expression is false; NULL passes.
   * @param columns the values of the columns in the expression, where they differ from the present ones
   */
  failing(table: string, expression: string, columns?: string): Promise<RowCount> {
    const from =
      columns === undefined ? this.#path(table) : `(SELECT ${columns} FROM ${this.#path(table)}) AS candidates`;
    return this.#evident("*", `FROM ${from} WHERE NOT (${expression})`, false);
  }

  /** Rows of the child without a row of the parent; a NULL in the key references nothing. */
  dangling(
    child: string,
    values: readonly string[],
    parent: string,
    parentColumns: readonly string[],
  ): Promise<RowCount> {
    // The aliases of the parent's keys must not be names that the values mention.
    const alias = nameBeside("key", values);
    const quote = (name: string) => this.#dialect.quote(name);
    const keys = values.map((_, index) => `${quote(parentColumns[index]!)} AS ${quote(`${alias}${index}`)}`);
    const pairs = values.map((value, index) => `p.${quote(`${alias}${index}`)} = ${operand(value)}`);
    const filled = values.map((value) => `${operand(value)} IS NOT NULL`);
    const isThere = `EXISTS (SELECT 1 FROM (SELECT ${keys.join(", ")} FROM ${this.#path(parent)}) AS p WHERE ${pairs.join(" AND ")})`;
    return this.#evident(
      "*",
      `FROM ${this.#path(child)} WHERE ${filled.join(" AND ")} AND NOT ${isThere}`,
      values.every(isOurs),
    );
  }

  /** The columns of a table, where statements rebuild tables. */
  async columns(table: string): Promise<readonly string[]> {
    return (await this.#schema.storedTable?.(this.#runner, table))?.columns ?? [];
  }

  /** The constraints of a table, where the database stores the statement that created it. */
  async definition(table: string): Promise<readonly RowConstraint[]> {
    const stored = await this.#schema.storedTable?.(this.#runner, table);
    const [effect] = stored ? effectsOf(stored.statement, this.#dialect.quoting) : [];
    return effect?.kind === "createTable" ? effect.definition : [];
  }

  /**
   * @param isOurs whether the query has no expression of the migration, so that an error in it is a defect of this class
   * @param counted what is selected to count the rows, where two columns of `shown` may have the same name
   */
  async #evident(shown: string, from: string, isOurs: boolean, counted = "1"): Promise<RowCount> {
    const query = `SELECT ${shown} ${from}`;
    try {
      const sql = `SELECT count(*) AS n FROM (SELECT ${counted} ${from}) AS found`;
      const [row] = (await this.#runner.query(sql)) as { n: unknown }[];
      return { rows: Number(row?.n), query };
    } catch (error) {
      if (isOurs && !this.#schema.isMissingObjectError(error)) throw error;
      return { rows: undefined, query };
    }
  }

  #path(table: string): string {
    return table
      .split(".")
      .map((part) => this.#dialect.quote(part))
      .join(".");
  }
}

/** The expression as an operand of others. */
export function operand(expression: string): string {
  return /^("[^"]+"|`[^`]+`|\w+)$/.test(expression) ? expression : `(${expression})`;
}

/** A quoted name or a constant, which cannot be a syntax error. */
function isOurs(value: string): boolean {
  const [first, ...others] = tokenize(value);
  return (first?.kind === "identifier" && others.length === 0) || isConstant(value);
}

/** Whether it is the same for every row: numbers and strings, and no name. */
function isConstant(expression: string): boolean {
  return tokenize(expression).every(
    ({ kind, text }) => ["number", "string", "space"].includes(kind) || "+-*/|()".includes(text),
  );
}

/** A prefix of names that none of the expressions mentions. */
function nameBeside(name: string, expressions: readonly string[]): string {
  const isMentioned = expressions.some((expression) => expression.toLowerCase().includes(name));
  return isMentioned ? nameBeside(`${name}_`, expressions) : name;
}
