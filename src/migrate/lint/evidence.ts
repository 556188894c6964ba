import type { QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { sqliteQuoting } from "../../dialect/schema/tokens";
import { effectsOf, type Part } from "./effects";

/**
 * Counts rows in the database as it is. A question that the database does not understand (a table that is not there
 * yet, a statement with parameters) has the answer undefined: nothing is said then.
 */
export class Evidence {
  readonly #runner: QueryRunner;
  readonly #dialect: Dialect;

  constructor(runner: QueryRunner, dialect: Dialect) {
    this.#runner = runner;
    this.#dialect = dialect;
  }

  count(table: string, where?: string): Promise<number | undefined> {
    return this.#number(`SELECT count(*) AS n FROM ${this.#path(table)}${where ? ` WHERE ${where}` : ""}`);
  }

  /** Values that are there more than once; NULL is no value. */
  doubles(table: string, values: readonly string[], where?: string): Promise<number | undefined> {
    const conditions = [...values.map((value) => `(${value}) IS NOT NULL`), ...(where ? [`(${where})`] : [])];
    const list = values.map((value) => `(${value})`).join(", ");
    return this.#number(
      `SELECT count(*) AS n FROM (SELECT 1 AS one FROM ${this.#path(table)} WHERE ${conditions.join(" AND ")} GROUP BY ${list} HAVING count(*) > 1) AS doubles`,
    );
  }

  /** Rows for which the expression is false; one that is NULL passes. */
  failing(table: string, expression: string, columns: string): Promise<number | undefined> {
    return this.#number(
      `SELECT count(*) AS n FROM (SELECT ${columns} FROM ${this.#path(table)}) AS candidates WHERE NOT (${expression})`,
    );
  }

  /** Rows of the child whose values are in no row of the parent; with a NULL among them they point nowhere. */
  dangling(
    child: string,
    values: readonly string[],
    parent: string,
    parentColumns: readonly string[],
  ): Promise<number | undefined> {
    const quote = (name: string) => this.#dialect.quote(name);
    const list = values.map((value, index) => `(${value}) AS ${quote(`key${index}`)}`).join(", ");
    const pairs = values.map((_, index) => `p.${quote(parentColumns[index]!)} = c.${quote(`key${index}`)}`);
    const filled = values.map((_, index) => `c.${quote(`key${index}`)} IS NOT NULL`);
    const isThere = `EXISTS (SELECT 1 FROM ${this.#path(parent)} AS p WHERE ${pairs.join(" AND ")})`;
    return this.#number(
      `SELECT count(*) AS n FROM (SELECT ${list} FROM ${this.#path(child)}) AS c WHERE ${filled.join(" AND ")} AND NOT ${isThere}`,
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

  async #number(sql: string): Promise<number | undefined> {
    try {
      const [row] = (await this.#runner.query(sql)) as { n: unknown }[];
      return Number(row?.n);
    } catch {
      return undefined;
    }
  }

  #path(table: string): string {
    return table
      .split(".")
      .map((part) => this.#dialect.quote(part))
      .join(".");
  }
}
