import type { QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { sqliteQuoting } from "../../dialect/schema/tokens";
import { effectsOf, type Part } from "./effects";

/** Rows that something is said about. */
export interface Evident {
  /** Undefined where the database does not understand the question: nothing is said then. */
  readonly rows: number | undefined;
  /** The statement that shows them. */
  readonly query: string;
}

/**
 * Looks for rows in the database as it is. A question that the database does not understand (a table that is not there
 * yet, a statement with parameters) has no answer.
 */
export class Evidence {
  readonly #runner: QueryRunner;
  readonly #dialect: Dialect;

  constructor(runner: QueryRunner, dialect: Dialect) {
    this.#runner = runner;
    this.#dialect = dialect;
  }

  rows(table: string, where?: string): Promise<Evident> {
    return this.#evident(`SELECT * FROM ${this.#path(table)}${where ? ` WHERE ${where}` : ""}`);
  }

  /** Values that are there more than once; NULL is no value. */
  doubles(table: string, values: readonly string[], where?: string): Promise<Evident> {
    const conditions = [...values.map((value) => `${operand(value)} IS NOT NULL`), ...(where ? [`(${where})`] : [])];
    const list = values.map(operand).join(", ");
    return this.#evident(
      `SELECT ${list}, count(*) AS ${this.#dialect.quote("times")} FROM ${this.#path(table)} WHERE ${conditions.join(" AND ")} GROUP BY ${list} HAVING count(*) > 1`,
    );
  }

  /**
   * Rows for which the expression is false; one that is NULL passes.
   * @param columns what the columns that the expression speaks of hold, where that is not what the table has in them now
   */
  failing(table: string, expression: string, columns?: string): Promise<Evident> {
    const from =
      columns === undefined ? this.#path(table) : `(SELECT ${columns} FROM ${this.#path(table)}) AS candidates`;
    return this.#evident(`SELECT * FROM ${from} WHERE NOT (${expression})`);
  }

  /** Rows of the child whose values are in no row of the parent; with a NULL among them they point nowhere. */
  dangling(
    child: string,
    values: readonly string[],
    parent: string,
    parentColumns: readonly string[],
  ): Promise<Evident> {
    const quote = (name: string) => this.#dialect.quote(name);
    const list = values.map((value, index) => `${operand(value)} AS ${quote(`key${index}`)}`).join(", ");
    const pairs = values.map((_, index) => `p.${quote(parentColumns[index]!)} = c.${quote(`key${index}`)}`);
    const filled = values.map((_, index) => `c.${quote(`key${index}`)} IS NOT NULL`);
    const isThere = `EXISTS (SELECT 1 FROM ${this.#path(parent)} AS p WHERE ${pairs.join(" AND ")})`;
    return this.#evident(
      `SELECT * FROM (SELECT ${list}, o.* FROM ${this.#path(child)} AS o) AS c WHERE ${filled.join(" AND ")} AND NOT ${isThere}`,
    );
  }

  /** The columns of a table, where tables are rebuilt by statements. */
  async columns(table: string): Promise<string[]> {
    if (this.#dialect.name !== "sqlite") return [];
    const rows = (await this.#runner.query(`PRAGMA table_info(${this.#dialect.quote(table)})`)) as { name: string }[];
    return rows.map(({ name }) => name);
  }

  /** What a table demands of its rows now, where that is kept as the statement that made it. */
  async definition(table: string): Promise<readonly Part[]> {
    if (this.#dialect.name !== "sqlite") return [];
    const sql = `SELECT "sql" FROM "sqlite_master" WHERE "type" = 'table' AND "name" = ? COLLATE NOCASE`;
    const [row] = (await this.#runner.query(sql, [table])) as { sql: string }[];
    const [effect] = row ? effectsOf(row.sql, sqliteQuoting) : [];
    return effect?.kind === "createTable" ? effect.definition : [];
  }

  async #evident(query: string): Promise<Evident> {
    try {
      const [row] = (await this.#runner.query(`SELECT count(*) AS n FROM (${query}) AS found`)) as { n: unknown }[];
      return { rows: Number(row?.n), query };
    } catch {
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
