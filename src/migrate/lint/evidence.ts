import type { QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import type { SchemaDialect } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/dialects";
import { tokenize } from "../../dialect/schema/tokens";
import { effectsOf, type Part } from "./effects";
import { dataSourceOf } from "../../typeorm/data-source";

/** Rows that something is said about. */
export interface RowCount {
  /** Undefined where the database does not understand the question: nothing is said then. */
  readonly rows: number | undefined;
  /** The statement that shows them. */
  readonly query: string;
}

/**
 * Looks for rows in the database as it is. A question about what the database does not have (yet), or in words of the
 * migration that it does not understand (a parameter, a function that is made on the way), has no answer.
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

  /** Values that are there more than once; NULL is no value. */
  duplicates(table: string, values: readonly string[], where?: string): Promise<RowCount> {
    const conditions = [...values.map((value) => `${operand(value)} IS NOT NULL`), ...(where ? [`(${where})`] : [])];
    // A number in GROUP BY would be the position of a column, and a constant divides no rows anyway.
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
   * Rows for which the expression is false; one that is NULL passes.
   * @param columns what the columns that the expression speaks of hold, where that is not what the table has in them now
   */
  failing(table: string, expression: string, columns?: string): Promise<RowCount> {
    const from =
      columns === undefined ? this.#path(table) : `(SELECT ${columns} FROM ${this.#path(table)}) AS candidates`;
    return this.#evident("*", `FROM ${from} WHERE NOT (${expression})`, false);
  }

  /** Rows of the child whose values are in no row of the parent; with a NULL among them they point nowhere. */
  dangling(
    child: string,
    values: readonly string[],
    parent: string,
    parentColumns: readonly string[],
  ): Promise<RowCount> {
    // Beside the parent's keys the values can be spoken of only when these are called nothing that the values mention.
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

  /** What a table demands of its rows now, where the database stores the statement that created it. */
  async definition(table: string): Promise<readonly Part[]> {
    const stored = await this.#schema.storedTable?.(this.#runner, table);
    const [effect] = stored ? effectsOf(stored.statement, this.#dialect.quoting) : [];
    return effect?.kind === "createTable" ? effect.definition : [];
  }

  /**
   * @param isOurs whether no words of the migration are in it, so that a database which cannot read it found a fault of ours
   * @param counted what is selected to count the rows instead of what is shown, where two columns may have the same name
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

/** An expression as a part of others. */
export function operand(expression: string): string {
  return /^("[^"]+"|`[^`]+`|\w+)$/.test(expression) ? expression : `(${expression})`;
}

/** A quoted name or a constant: what every database can read. */
function isOurs(value: string): boolean {
  const [first, ...others] = tokenize(value);
  return (first?.kind === "identifier" && others.length === 0) || isConstant(value);
}

/** Whether it is the same for every row: numbers and texts, and no name. */
function isConstant(expression: string): boolean {
  return tokenize(expression).every(
    ({ kind, text }) => ["number", "string", "space"].includes(kind) || "+-*/|()".includes(text),
  );
}

/** The beginning of names that none of the expressions mentions. */
function nameBeside(name: string, expressions: readonly string[]): string {
  const isMentioned = expressions.some((expression) => expression.toLowerCase().includes(name));
  return isMentioned ? nameBeside(`${name}_`, expressions) : name;
}
