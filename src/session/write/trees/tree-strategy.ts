import type { Dialect, Row, Statements } from "../../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../../metadata/model";
import type { Instance } from "../../state/instance";
import { encodedValue } from "../../state/values";
import type { TemporaryValue } from "../temporary-values";

/** The values of a primary key, as they are sent. */
export type Key = readonly unknown[];

/** A node with its parent in the tree; without one it is a root. */
export interface Node {
  readonly instance: Instance;
  readonly key: Key;
  readonly parent: Key | undefined;
}

/** How a tree is stored besides the parents' foreign keys: as a closure table, materialized paths, or a nested set. */
export abstract class TreeStrategy {
  protected readonly statements: Statements;
  protected readonly model: EntityModel;

  constructor(statements: Statements, model: EntityModel) {
    this.statements = statements;
    this.model = model;
  }

  /** Adds new nodes, whose parents are stored already. */
  abstract insert(nodes: readonly Node[]): Promise<void>;

  /** Moves a node, with all nodes below it, to another parent, which is not below it. */
  abstract move(node: Node): Promise<void>;

  /** Whether a node is below another one. */
  abstract isBelow(key: Key, ancestor: Key): Promise<boolean>;

  /** Called before the rows of nodes are deleted, none of them below another one. */
  async remove(_nodes: readonly Node[]): Promise<void> {
    // The database keeps it in step.
  }

  /** Called before keys of nodes get temporary values. Returns the nodes that were written. */
  async useTemporaryKeys(_values: readonly TemporaryValue[]): Promise<readonly Instance[]> {
    return [];
  }

  /** Called when all rows are written. */
  async finish(): Promise<void> {
    // Nothing to check.
  }

  /** Sends the same statement for each of the nodes. */
  protected async write(nodes: readonly Node[], sqlOf: (node: Node, values: StatementValues) => string): Promise<void> {
    if (nodes.length === 0) return;
    const all = nodes.map((node) => {
      const values = new StatementValues(this.statements.dialect);
      return { sql: sqlOf(node, values), parameters: values.parameters };
    });
    await this.statements.runMany(
      all[0]!.sql,
      all.map(({ parameters }) => parameters),
    );
  }

  protected async rows(sqlOf: (values: StatementValues) => string): Promise<Row[]> {
    const values = new StatementValues(this.statements.dialect);
    const sql = sqlOf(values);
    return this.statements.rows(sql, values.parameters);
  }
}

/** Collects the parameters of a statement in the order in which its text is built. */
export class StatementValues {
  readonly parameters: unknown[] = [];
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Adds a parameter; returns its placeholder. */
  add(value: unknown): string {
    return this.#dialect.placeholder(this.parameters.push(value));
  }

  list(values: Key): string {
    return values.map((value) => this.add(value)).join(", ");
  }

  equal(columns: readonly string[], key: Key): string {
    return columns.map((column, place) => `${column} = ${this.add(key[place])}`).join(" AND ");
  }

  hasKey({ primary }: EntityModel, key: Key): string {
    return this.equal(
      primary.map(({ quoted }) => quoted),
      key,
    );
  }

  /**
   * A subquery of the value that a row has in a column. MySQL and MariaDB do not allow it on the table that is written,
   * unless it is materialized, as an aggregate is.
   */
  valueOf(model: EntityModel, { quoted }: ColumnModel, key: Key, as = (value: string): string => value): string {
    const found = `SELECT ${as(`MAX(${quoted})`)} AS found FROM ${model.table} WHERE ${this.hasKey(model, key)}`;
    return `(SELECT found FROM (${found}) AS own)`;
  }
}

export function encodedKey(model: EntityModel, values: readonly unknown[]): Key {
  return model.primary.map((column, place) => encodedValue(column, values[place]));
}

/** Compares keys as text: a driver may return a bigint as a string. */
export function isSameKey(one: Key, other: Key): boolean {
  return one.every((part, index) => String(part) === String(other[index]));
}
