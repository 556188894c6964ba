import type { Statements } from "../../../dialect/dialect";
import type { EntityModel, TreeModel } from "../../../metadata/model";
import type { Instance } from "../../state/instance";
import { PendingValue } from "../../state/pending-value";
import { currentValue, storedKeyValues } from "../../state/values";
import type { TemporaryValue } from "../temporary-values";
import { encodedKey, isSameKey, TreeStrategy, type Key, type Node, type StatementValues } from "./tree-strategy";

type PathTree = Extract<TreeModel, { kind: "path" }>;

/** Materialized paths: each row has the keys from the root down to itself, `1.4.7.`. */
export class MaterializedPath extends TreeStrategy {
  readonly #tree: PathTree;

  constructor(statements: Statements, model: EntityModel, tree: PathTree) {
    super(statements, model);
    this.#tree = tree;
  }

  async insert(nodes: readonly Node[]): Promise<void> {
    const { model } = this;
    const { quoted } = this.#tree.path;
    for (const group of [nodes.filter(({ parent }) => !parent), nodes.filter(({ parent }) => parent)])
      await this.write(
        group,
        (node, values) =>
          `UPDATE ${model.table} SET ${quoted} = ${this.#newPath(node, this.#name(node.instance), values)} WHERE ${values.hasKey(model, node.key)}`,
      );
  }

  move(node: Node): Promise<void> {
    return this.#move(node, this.#name(node.instance));
  }

  async isBelow(key: Key, ancestor: Key): Promise<boolean> {
    if (isSameKey(key, ancestor)) return true;
    const [lower, upper] = [await this.#readPath(key), await this.#readPath(ancestor)];
    return Boolean(upper && lower?.startsWith(upper));
  }

  /** A key that is given up must leave the paths, where another node would be taken for this one. */
  override async useTemporaryKeys(temporary: readonly TemporaryValue[]): Promise<readonly Instance[]> {
    const { joins } = this.#tree.parent;
    const instances = temporary
      .filter(({ column }) => joins.some(({ referenced }) => referenced.column === column.column))
      .map(({ instance }) => instance);
    for (const [place, instance] of instances.entries()) {
      const key = encodedKey(this.model, storedKeyValues(instance));
      await this.#move({ instance, key, parent: undefined }, `!${place}.`);
    }
    return instances;
  }

  /** @param name the last part of the new path */
  async #move(node: Node, name: string): Promise<void> {
    const { model } = this;
    const { dialect } = this.statements;
    const { quoted, property } = this.#tree.path;
    // Read first, because MariaDB cannot select it in the UPDATE. A plan does not read, and shows that it is to come.
    const before = (await this.#readPath(node.key)) ?? new PendingValue(node.instance.entity, property);
    await this.write([node], (_, values) => {
      const after = this.#newPath(node, name, values);
      const length = (): string => `${dialect.charLength}(${values.add(before)})`;
      const set = dialect.concat(after, `SUBSTR(COALESCE(${quoted}, ''), ${length()} + 1)`);
      const itself = values.hasKey(model, node.key);
      const below = `${values.add(before)} <> '' AND SUBSTR(${quoted}, 1, ${length()}) = ${values.add(before)}`;
      return `UPDATE ${model.table} SET ${quoted} = ${set} WHERE ${itself} OR (${below})`;
    });
  }

  #newPath({ parent }: Node, name: string, values: StatementValues): string {
    if (!parent) return values.add(name);
    const above = values.valueOf(this.model, this.#tree.path, parent, (value) => `COALESCE(${value}, '')`);
    return this.statements.dialect.concat(above, values.add(name));
  }

  async #readPath(key: Key): Promise<string | undefined> {
    const { model } = this;
    const [row] = await this.rows(
      (values) => `SELECT ${this.#tree.path.quoted} FROM ${model.table} WHERE ${values.hasKey(model, key)}`,
    );
    return row && (typeof row[0] === "string" ? row[0] : "");
  }

  /** The last part of a node's path. */
  #name(instance: Instance): string {
    return `${this.#tree.parent.joins.map(({ referenced }) => String(currentValue(instance, referenced))).join("_")}.`;
  }
}
