import type { Statements } from "../../../dialect/dialect";
import type { ColumnModel, EntityModel, TreeModel } from "../../../metadata/model";
import { dataSourceOf } from "../../../typeorm/data-source";
import { asTypeorms } from "../../../typeorm/error-classes";
import { secondRoot } from "../../state/errors";
import { isSameKey, TreeStrategy, type Key, type Node, type StatementValues } from "./tree-strategy";

type NestedTree = Extract<TreeModel, { kind: "nested" }>;
type Term = (values: StatementValues) => string;

/** A nested set: the numbers `left` and `right` of a row enclose those of all rows below it. */
export class NestedSet extends TreeStrategy {
  readonly #tree: NestedTree;
  #isWritten = false;

  constructor(statements: Statements, model: EntityModel, tree: NestedTree) {
    super(statements, model);
    this.#tree = tree;
  }

  async insert(nodes: readonly Node[]): Promise<void> {
    this.#isWritten = true;
    const { table } = this.model;
    const { left, right } = this.#quoted;
    for (const node of nodes) {
      if (node.parent) await this.#openGap(node, () => "2");
      await this.write([node], ({ key, parent }, values) => {
        const end = (): string => (parent ? values.valueOf(this.model, this.#tree.right, parent) : "3");
        return `UPDATE ${table} SET ${left} = ${end()} - 2, ${right} = ${end()} - 1 WHERE ${values.hasKey(this.model, key)}`;
      });
    }
  }

  async move(node: Node): Promise<void> {
    this.#isWritten = true;
    const { table } = this.model;
    const { left, right } = this.#quoted;
    const start = this.#valueOf(this.#tree.left, node);
    const end = this.#valueOf(this.#tree.right, node);
    // The numbers of what moves are negative while the others close the gap and open another one.
    await this.write(
      [node],
      (_, values) =>
        `UPDATE ${table} SET ${left} = -${left}, ${right} = -${right} ` +
        `WHERE ${left} >= ${start(values)} AND ${right} <= ${end(values)}`,
    );
    const width: Term = (values) => `(${start(values)} - ${end(values)} + 1)`;
    await this.#shift(node, { behind: (values) => `-${end(values)}`, by: (values) => `-${width(values)}` });
    if (node.parent) await this.#openGap(node, width);
    await this.write([node], ({ parent }, values) => {
      const to = (): string =>
        parent
          ? `${values.valueOf(this.model, this.#tree.right, parent)} - ${width(values)}`
          : `(SELECT found FROM (SELECT MAX(CASE WHEN ${right} > 0 THEN ${right} ELSE 0 END) + 1 AS found FROM ${table}) AS own)`;
      const distance = (): string => `${to()} + ${start(values)}`;
      return `UPDATE ${table} SET ${left} = -${left} + ${distance()}, ${right} = -${right} + ${distance()} WHERE ${left} < 0`;
    });
  }

  async isBelow(key: Key, ancestor: Key): Promise<boolean> {
    if (isSameKey(key, ancestor)) return true;
    const [lower, upper] = [await this.#readNumbers(key), await this.#readNumbers(ancestor)];
    return lower !== undefined && upper !== undefined && lower.left > upper.left && lower.right < upper.right;
  }

  override async remove(nodes: readonly Node[]): Promise<void> {
    for (const node of nodes) {
      const start = this.#valueOf(this.#tree.left, node);
      const end = this.#valueOf(this.#tree.right, node);
      await this.#shift(node, { behind: end, by: (values) => `${start(values)} - ${end(values)} - 1` });
    }
  }

  /** @throws RetortError `session/second-root`: TypeORM's nested sets have one root */
  override async finish(): Promise<void> {
    if (!this.#isWritten) return;
    const isRoot = this.#tree.parent.joins.map(({ foreign }) => `${foreign.quoted} IS NULL`).join(" AND ");
    const [row] = await this.rows(() => `SELECT COUNT(*) FROM ${this.model.table} WHERE ${isRoot}`);
    if (Number(row?.[0] ?? 0) > 1) {
      const error = secondRoot(this.model.root.name);
      throw asTypeorms(error, "NestedSetMultipleRootError", dataSourceOf(this.model.metadata));
    }
  }

  /** Opens a gap of this width behind the last node below the parent. */
  async #openGap(node: Node, width: Term): Promise<void> {
    await this.#shift(node, {
      behind: (values) => `${values.valueOf(this.model, this.#tree.right, node.parent!)} - 1`,
      by: width,
    });
  }

  /** Adds to all numbers greater than another one. */
  async #shift(node: Node, { behind, by }: Record<"behind" | "by", Term>): Promise<void> {
    const { left, right } = this.#quoted;
    await this.write(
      [node],
      (_, values) =>
        `UPDATE ${this.model.table} SET ${left} = CASE WHEN ${left} > ${behind(values)} THEN ${left} + (${by(values)}) ELSE ${left} END, ` +
        `${right} = ${right} + (${by(values)}) WHERE ${right} > ${behind(values)}`,
    );
  }

  async #readNumbers(key: Key): Promise<{ left: number; right: number } | undefined> {
    const { left, right } = this.#quoted;
    const { model } = this;
    const [row] = await this.rows(
      (values) => `SELECT ${left}, ${right} FROM ${model.table} WHERE ${values.hasKey(model, key)}`,
    );
    return row && { left: Number(row[0]), right: Number(row[1]) };
  }

  #valueOf(column: ColumnModel, { key }: Node): Term {
    return (values) => values.valueOf(this.model, column, key);
  }

  get #quoted(): { left: string; right: string } {
    return { left: this.#tree.left.quoted, right: this.#tree.right.quoted };
  }
}
