import type { Statements } from "../../../dialect/dialect";
import type { EntityModel, TreeModel } from "../../../metadata/model";
import { isSameKey, TreeStrategy, type Key, type Node } from "./tree-strategy";

type ClosureTree = Extract<TreeModel, { kind: "closure" }>;

/** A closure table: a row for each pair of a node and an ancestor, and of each node with itself. */
export class ClosureTable extends TreeStrategy {
  readonly #tree: ClosureTree;

  constructor(statements: Statements, model: EntityModel, tree: ClosureTree) {
    super(statements, model);
    this.#tree = tree;
  }

  async insert(nodes: readonly Node[]): Promise<void> {
    const { table, ancestor, descendant } = this.#tree;
    const into = `INSERT INTO ${table} (${[...ancestor, ...descendant].join(", ")})`;
    await this.write(nodes, ({ key }, values) => `${into} VALUES (${values.list([...key, ...key])})`);
    await this.write(
      nodes.filter(({ parent }) => parent),
      ({ key, parent }, values) =>
        `${into} SELECT ${ancestor.join(", ")}, ${values.list(key)} FROM ${table} WHERE ${values.equal(descendant, parent!)}`,
    );
  }

  async move(node: Node): Promise<void> {
    const { table, ancestor, descendant } = this.#tree;
    // MySQL and MariaDB only read the table that they write where the subquery is materialized.
    const own = (columns: readonly string[], where: string): string =>
      `(SELECT * FROM (SELECT DISTINCT ${columns.join(", ")} FROM ${table} WHERE ${where}) AS own)`;
    await this.write([node], ({ key }, values) => {
      const below = own(descendant, values.equal(ancestor, key));
      const above = own(ancestor, `${values.equal(descendant, key)} AND NOT (${values.equal(ancestor, key)})`);
      return `DELETE FROM ${table} WHERE (${descendant.join(", ")}) IN ${below} AND (${ancestor.join(", ")}) IN ${above}`;
    });
    if (!node.parent) return;
    await this.write([node], ({ key, parent }, values) => {
      const upper = ancestor.map((column) => `above.${column}`);
      const lower = descendant.map((column) => `below.${column}`);
      const joined = values.equal(
        ancestor.map((column) => `below.${column}`),
        key,
      );
      const under = values.equal(
        descendant.map((column) => `above.${column}`),
        parent!,
      );
      return (
        `INSERT INTO ${table} (${[...ancestor, ...descendant].join(", ")}) SELECT ${[...upper, ...lower].join(", ")} ` +
        `FROM ${table} below JOIN ${table} above ON ${joined} WHERE ${under}`
      );
    });
  }

  async isBelow(key: Key, ancestor: Key): Promise<boolean> {
    if (isSameKey(key, ancestor)) return true;
    const { table, ancestor: above, descendant } = this.#tree;
    const found = await this.rows(
      (values) => `SELECT 1 FROM ${table} WHERE ${values.equal([...above, ...descendant], [...ancestor, ...key])}`,
    );
    return found.length > 0;
  }

  // Rows of deleted nodes are deleted by the foreign keys of the closure table.
}
