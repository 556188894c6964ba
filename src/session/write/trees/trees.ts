import type { Statements } from "../../../dialect/dialect";
import type { ColumnModel, EntityModel, TreeModel } from "../../../metadata/model";
import { referencesPrimaryKey } from "../../relations/relationships";
import { changesForNow, isAwaited } from "../../state/changes";
import { treeCycle } from "../../state/errors";
import { groupBy } from "../../../groups";
import { instanceOf, type Instance } from "../../state/instance";
import { currentValue, encodedValue, keyValues, storedKeyValues } from "../../state/values";
import type { Step } from "../step";
import { ClosureTable } from "./closure-table";
import { MaterializedPath } from "./materialized-path";
import { NestedSet } from "./nested-set";
import { encodedKey, StatementValues, type Key, type Node, type TreeStrategy } from "./tree-strategy";

/** Keeps what TypeORM's TreeRepository reads in step with the foreign keys of the parents. */
export class Trees {
  readonly #statements: Statements;
  /** One for each table. */
  readonly #strategies = new Map<EntityModel, TreeStrategy>();
  /** Nodes whose rows get another parent; they are moved when all of these rows are updated. */
  #moving: Instance[] = [];

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Called before each step of a flush. Returns the nodes that were written. */
  async before(step: Step): Promise<readonly Instance[]> {
    const moved = step.action === "update" ? EMPTY : await this.#move(false);
    if (!("model" in step) || !step.model.tree) return moved;
    if (step.action === "update") this.#moving = [...this.#moving, ...step.rows.filter(changesPlace)];
    if (step.action === "set-temporary-value")
      return [...moved, ...(await this.#strategy(step.model).useTemporaryKeys(step.rows))];
    if (step.action !== "delete") return moved;
    await this.#strategy(step.model).remove(step.rows.map(storedNode));
    return [...moved, ...step.rows];
  }

  /** Called after each step of a flush. Returns the nodes that were written. */
  async after(step: Step): Promise<readonly Instance[]> {
    if (step.action !== "insert" || !step.model.tree) return EMPTY;
    await this.#strategy(step.model).insert(await this.#currentNodes(step.rows));
    return step.rows;
  }

  /** Called after all steps. Returns the nodes that were written. */
  async finish(): Promise<readonly Instance[]> {
    const moved = await this.#move(true);
    for (const strategy of this.#strategies.values()) await strategy.finish();
    return moved;
  }

  #strategy(model: EntityModel): TreeStrategy {
    let strategy = this.#strategies.get(model.root);
    if (!strategy) this.#strategies.set(model.root, (strategy = strategyOf(this.#statements, model, model.tree!)));
    return strategy;
  }

  /** @param isLast whether no other rows are written after this */
  async #move(isLast: boolean): Promise<readonly Instance[]> {
    const moving = this.#moving;
    if (moving.length === 0) return EMPTY;
    this.#moving = [];
    for (const nodes of groupBy(await this.#currentNodes(moving), ({ instance }) => instance.model.root).values())
      await this.#moveAll(nodes, isLast);
    return moving;
  }

  async #currentNodes(instances: readonly Instance[]): Promise<Node[]> {
    const nodes: Node[] = [];
    for (const instance of instances) {
      const key = encodedKey(instance.model, keyValues(instance));
      nodes.push({ instance, key, parent: await this.#parentOf(instance) });
    }
    return nodes;
  }

  /** The parent's primary key, from the foreign key; undefined for a root, and where the parent is still to be written. */
  async #parentOf(instance: Instance): Promise<Key | undefined> {
    const { parent } = instance.model.tree!;
    if (isAwaited(instance, parent)) return undefined;
    const found = parent.joins.map(({ foreign, referenced }) => ({
      column: referenced,
      value: currentValue(instance, foreign) ?? null,
    }));
    if (found.some(({ value }) => value === null)) return undefined;
    const { primary } = parent.target;
    if (!referencesPrimaryKey(parent)) return this.#keyOf(instance, found);
    const values = primary.map(({ column }) => found.find((one) => one.column.column === column)!.value);
    return encodedKey(parent.target, values);
  }

  /** The primary key of a parent that the foreign key refers to by other columns. */
  async #keyOf(
    instance: Instance,
    referenced: readonly { readonly column: ColumnModel; readonly value: unknown }[],
  ): Promise<Key | undefined> {
    const { parent } = instance.model.tree!;
    const values = new StatementValues(this.#statements.dialect);
    const condition = values.equal(
      referenced.map(({ column }) => column.quoted),
      referenced.map(({ column, value }) => encodedValue(column, value)),
    );
    const columns = parent.target.primary.map(({ quoted }) => quoted).join(", ");
    const sql = `SELECT ${columns} FROM ${parent.target.table} WHERE ${condition}`;
    const [row] = await this.#statements.rows(sql, values.parameters);
    if (row) return row;
    // A plan does not read.
    const loaded = instanceOf(instance.reference(parent)?.entity);
    return loaded && encodedKey(parent.target, keyValues(loaded));
  }

  /** Moves nodes of one table, each when its parent is not below it any more. */
  async #moveAll(nodes: readonly Node[], isLast: boolean): Promise<void> {
    const strategy = this.#strategy(nodes[0]!.instance.model);
    let waiting = [...nodes];
    while (waiting.length > 0) {
      const blocked: Node[] = [];
      for (const node of waiting)
        if (node.parent && (await strategy.isBelow(node.parent, node.key))) blocked.push(node);
        else await strategy.move(node);
      if (blocked.length === waiting.length) {
        if (isLast) throw treeCycle(blocked[0]!.instance.entity);
        // The rows that block them may be written later. Until then the nodes are roots.
        for (const node of blocked) await strategy.move({ ...node, parent: undefined });
        this.#moving = [...this.#moving, ...blocked.map(({ instance }) => instance)];
        return;
      }
      waiting = blocked;
    }
  }
}

const EMPTY: readonly Instance[] = [];

function strategyOf(statements: Statements, model: EntityModel, tree: TreeModel): TreeStrategy {
  switch (tree.kind) {
    case "closure":
      return new ClosureTable(statements, model, tree);
    case "path":
      return new MaterializedPath(statements, model, tree);
    case "nested":
      return new NestedSet(statements, model, tree);
  }
}

/** Whether an UPDATE gives a node another parent, or changes the key that stands in the paths. */
function changesPlace(instance: Instance): boolean {
  const { kind, parent } = instance.model.tree!;
  return changesForNow(instance).some(({ column }) =>
    parent.joins.some(({ foreign, referenced }) => column === foreign || (kind === "path" && column === referenced)),
  );
}

function storedNode(instance: Instance): Node {
  return { instance, key: encodedKey(instance.model, storedKeyValues(instance)), parent: undefined };
}
