import type { Connection, Row } from "../dialect/dialect";
import type { EntityModel } from "../metadata/model";
import type { TreeModel } from "../metadata/tree";
import { secondRoot, treeCycle } from "./errors";
import { changesOf } from "./change-set";
import type { Step } from "./flush-plan";
import type { Instance } from "./instance";
import { currentValue, keyValues, storedKeyValues } from "./values";

type Tree<Kind extends TreeModel["kind"]> = Extract<TreeModel, { kind: Kind }>;
type Key = readonly unknown[];

/** A node that goes to another parent; to none, it becomes a root. */
interface Move {
  readonly instance: Instance;
  readonly node: Key;
  readonly parent: Key | undefined;
}

/** Keeps what TypeORM's TreeRepository reads (closure tables, paths, nested sets) in step with the parents of the rows. */
export class Trees {
  readonly #connection: Connection;
  /** Nodes whose rows have, or will have, another parent; the books follow when all of them are updated. */
  #moving: Instance[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Called before each step of a flush. */
  async before(step: Step): Promise<void> {
    if (step.action !== "update") await this.finish();
    if (!("model" in step) || !step.model.tree) return;
    if (step.action === "update") this.#moving.push(...step.rows.filter(changesPlace));
    else if (step.action === "delete") await this.#deleting(step.model, step.rows);
  }

  /** Called after each step of a flush. */
  async after(step: Step): Promise<void> {
    if (step.action === "insert" && step.model.tree) await this.#inserted(step.model, step.model.tree, step.rows);
  }

  /** Called when all steps are done. */
  async finish(): Promise<void> {
    if (this.#moving.length === 0) return;
    const moving = this.#moving;
    this.#moving = [];
    await this.#moved(moving);
  }

  /** New rows, whose parents are there already. */
  async #inserted(model: EntityModel, tree: TreeModel, instances: readonly Instance[]): Promise<void> {
    const nodes = instances.map((instance) => ({
      instance,
      node: encodedKey(instance),
      parent: parentOf(tree, instance),
    }));
    switch (tree.kind) {
      case "closure":
        return this.#insertIntoClosure(tree, nodes);
      case "path":
        return this.#insertIntoPaths(model, tree, nodes);
      case "nested":
        for (const node of nodes) await this.#insertIntoNest(model, tree, node);
        return this.#checkRoots(model, tree);
    }
  }

  /** Rows whose parents were changed, each with its children. */
  async #moved(instances: readonly Instance[]): Promise<void> {
    const byModel = new Map<EntityModel, Move[]>();
    for (const instance of instances) {
      const { tree, root } = instance.model;
      const move = { instance, node: encodedKey(instance), parent: parentOf(tree!, instance) };
      const moves = byModel.get(root);
      if (moves) moves.push(move);
      else byModel.set(root, [move]);
    }
    for (const moves of byModel.values()) await this.#moveAll(moves);
  }

  /** Rows that are about to go, none of them below another one. */
  async #deleting(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    // A closure table's rows go with the nodes, by its foreign keys; a path belongs to its row.
    const { tree } = model;
    if (tree?.kind !== "nested") return;
    for (const instance of instances) {
      const place = await this.#placeOf(model, tree, encoded(model, storedKeyValues(instance)));
      if (place) await this.#closeGap(model, tree, place);
    }
  }

  /** A node goes where it does not stand below itself; others may have to leave from there first. */
  async #moveAll(moves: readonly Move[]): Promise<void> {
    let waiting = [...moves];
    while (waiting.length > 0) {
      const blocked: Move[] = [];
      for (const move of waiting) {
        const { model } = move.instance;
        const { tree } = model;
        if (move.parent && (await this.#isBelow(model, tree!, move.parent, move.node))) blocked.push(move);
        else await this.#move(model, tree!, move);
      }
      if (blocked.length === waiting.length) throw treeCycle(blocked[0]!.instance.entity);
      waiting = blocked;
    }
    const { model } = moves[0]!.instance;
    if (model.tree!.kind === "nested") await this.#checkRoots(model, model.tree as Tree<"nested">);
  }

  async #isBelow(model: EntityModel, tree: TreeModel, node: Key, above: Key): Promise<boolean> {
    if (same(node, above)) return true;
    switch (tree.kind) {
      case "closure": {
        const where = this.#where([...tree.ancestor, ...tree.descendant]);
        const found = await this.#rows(`SELECT 1 FROM ${tree.table} WHERE ${where}`, [...above, ...node]);
        return found.length > 0;
      }
      case "path": {
        const [lower, upper] = [await this.#pathOf(model, tree, node), await this.#pathOf(model, tree, above)];
        return upper !== "" && lower.startsWith(upper);
      }
      case "nested": {
        const [lower, upper] = [await this.#placeOf(model, tree, node), await this.#placeOf(model, tree, above)];
        return lower !== undefined && upper !== undefined && lower.left > upper.left && lower.right < upper.right;
      }
    }
  }

  #move(model: EntityModel, tree: TreeModel, move: Move): Promise<void> {
    switch (tree.kind) {
      case "closure":
        return this.#moveInClosure(tree, move);
      case "path":
        return this.#movePaths(model, tree, move);
      case "nested":
        return this.#moveInNest(model, tree, move);
    }
  }

  // A closure table: a row for every pair of a node and one above it.

  async #insertIntoClosure({ table, ancestor, descendant }: Tree<"closure">, nodes: readonly Move[]): Promise<void> {
    const columns = [...ancestor, ...descendant];
    const into = `INSERT INTO ${table} (${columns.join(", ")})`;
    await this.#connection.runMany(
      `${into} VALUES (${columns.map((_, index) => this.#placeholder(index)).join(", ")})`,
      nodes.map(({ node }) => [...node, ...node]),
    );
    const child = descendant.map((_, index) => this.#placeholder(index)).join(", ");
    const below = nodes.filter(({ parent }) => parent);
    await this.#connection.runMany(
      `${into} SELECT ${ancestor.join(", ")}, ${child} FROM ${table} WHERE ${this.#where(descendant, descendant.length)}`,
      below.map(({ node, parent }) => [...node, ...parent!]),
    );
  }

  async #moveInClosure({ table, ancestor, descendant }: Tree<"closure">, { node, parent }: Move): Promise<void> {
    const subtree = await this.#rows(
      `SELECT ${descendant.join(", ")} FROM ${table} WHERE ${this.#where(ancestor)}`,
      node,
    );
    const above = await this.#rows(
      `SELECT ${ancestor.join(", ")} FROM ${table} WHERE ${this.#where(descendant)}`,
      node,
    );
    const pairs = (over: readonly Row[]): unknown[][] =>
      over.flatMap((upper) => subtree.map((lower) => [...upper, ...lower]));
    const columns = [...ancestor, ...descendant];
    await this.#connection.runMany(
      `DELETE FROM ${table} WHERE ${this.#where(columns)}`,
      pairs(above.filter((upper) => !same(upper, node))),
    );
    if (!parent) return;
    const over = await this.#rows(
      `SELECT ${ancestor.join(", ")} FROM ${table} WHERE ${this.#where(descendant)}`,
      parent,
    );
    await this.#connection.runMany(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((_, index) => this.#placeholder(index)).join(", ")})`,
      pairs(over),
    );
  }

  // Materialised paths: `1.4.7.`, the keys from the root down to the row itself.

  async #insertIntoPaths(model: EntityModel, tree: Tree<"path">, nodes: readonly Move[]): Promise<void> {
    const known = new Map<string, string>();
    for (const { parent } of nodes) {
      const name = parent?.join("\0");
      if (name !== undefined && !known.has(name)) known.set(name, await this.#pathOf(model, tree, parent!));
    }
    await this.#setPaths(
      model,
      tree,
      nodes.map(({ instance, node, parent }) => {
        const path = (parent ? known.get(parent.join("\0"))! : "") + step(tree, instance);
        return [path, ...node];
      }),
    );
  }

  async #movePaths(model: EntityModel, tree: Tree<"path">, { instance, node, parent }: Move): Promise<void> {
    const before = await this.#pathOf(model, tree, node);
    const after = (parent ? await this.#pathOf(model, tree, parent) : "") + step(tree, instance);
    if (before === "") return this.#setPaths(model, tree, [[after, ...node]]);
    const keys = model.primary.map(({ quoted }) => quoted);
    const rows = await this.#rows(
      `SELECT ${[tree.path.quoted, ...keys].join(", ")} FROM ${model.table} WHERE ${tree.path.quoted} LIKE ${this.#placeholder(0)}`,
      [`${before}%`],
    );
    // LIKE does not mind case everywhere, and takes % and _ of a key for anything.
    const below = rows.filter(([path]) => String(path).startsWith(before));
    await this.#setPaths(
      model,
      tree,
      below.map(([path, ...key]) => [after + String(path).slice(before.length), ...key]),
    );
  }

  async #setPaths(model: EntityModel, { path }: Tree<"path">, batches: readonly unknown[][]): Promise<void> {
    const where = this.#whereKey(model, 1);
    await this.#connection.runMany(
      `UPDATE ${model.table} SET ${path.quoted} = ${this.#placeholder(0)} WHERE ${where}`,
      batches,
    );
  }

  async #pathOf(model: EntityModel, { path }: Tree<"path">, key: Key): Promise<string> {
    const [row] = await this.#rows(`SELECT ${path.quoted} FROM ${model.table} WHERE ${this.#whereKey(model)}`, key);
    return typeof row?.[0] === "string" ? row[0] : "";
  }

  // Nested sets: each row has the numbers before and behind everything below it.

  async #insertIntoNest(model: EntityModel, tree: Tree<"nested">, { node, parent }: Move): Promise<void> {
    const above = parent && (await this.#placeOf(model, tree, parent));
    const left = above ? above.right : 1;
    if (above) await this.#openGap(model, tree, left, 2);
    await this.#connection.run(
      `UPDATE ${model.table} SET ${tree.left.quoted} = ${left}, ${tree.right.quoted} = ${left + 1} WHERE ${this.#whereKey(model)}`,
      node,
    );
  }

  async #moveInNest(model: EntityModel, tree: Tree<"nested">, { node, parent }: Move): Promise<void> {
    const place = await this.#placeOf(model, tree, node);
    if (!place) return;
    const [left, right] = [tree.left.quoted, tree.right.quoted];
    // What moves stands below zero while the others close up and make room.
    await this.#connection.run(
      `UPDATE ${model.table} SET ${left} = -${left}, ${right} = -${right} WHERE ${left} >= ${place.left} AND ${right} <= ${place.right}`,
    );
    await this.#closeGap(model, tree, place);
    const above = parent && (await this.#placeOf(model, tree, parent));
    const to = above ? above.right : await this.#end(model, tree);
    await this.#openGap(model, tree, to, place.right - place.left + 1);
    const distance = to - place.left;
    await this.#connection.run(
      `UPDATE ${model.table} SET ${left} = -${left} + ${distance}, ${right} = -${right} + ${distance} WHERE ${left} < 0`,
    );
  }

  async #closeGap(model: EntityModel, tree: Tree<"nested">, { left, right }: Place): Promise<void> {
    await this.#shift(model, tree, right + 1, left - right - 1);
  }

  async #openGap(model: EntityModel, tree: Tree<"nested">, from: number, width: number): Promise<void> {
    await this.#shift(model, tree, from, width);
  }

  /** Adds to every number from `from` on. */
  async #shift(model: EntityModel, tree: Tree<"nested">, from: number, by: number): Promise<void> {
    const [left, right] = [tree.left.quoted, tree.right.quoted];
    await this.#connection.run(
      `UPDATE ${model.table} SET ${left} = CASE WHEN ${left} >= ${from} THEN ${left} + (${by}) ELSE ${left} END, ` +
        `${right} = ${right} + (${by}) WHERE ${right} >= ${from}`,
    );
  }

  async #placeOf(model: EntityModel, { left, right }: Tree<"nested">, key: Key): Promise<Place | undefined> {
    const [row] = await this.#rows(
      `SELECT ${left.quoted}, ${right.quoted} FROM ${model.table} WHERE ${this.#whereKey(model)}`,
      key,
    );
    return row && { left: Number(row[0]), right: Number(row[1]) };
  }

  async #end(model: EntityModel, { right }: Tree<"nested">): Promise<number> {
    const [row] = await this.#rows(`SELECT MAX(${right.quoted}) FROM ${model.table}`, []);
    return Math.max(0, Number(row?.[0] ?? 0)) + 1;
  }

  /** TypeORM's nested sets are one tree. */
  async #checkRoots(model: EntityModel, { parent }: Tree<"nested">): Promise<void> {
    const alone = parent.joins.map(({ foreign }) => `${foreign.quoted} IS NULL`).join(" AND ");
    const [row] = await this.#rows(`SELECT COUNT(*) FROM ${model.table} WHERE ${alone}`, []);
    if (Number(row![0]) > 1) throw secondRoot(model.name);
  }

  // How it is sent.

  async #rows(sql: string, parameters: Key): Promise<Row[]> {
    return this.#connection.rows(sql, parameters);
  }

  #placeholder(index: number): string {
    return this.#connection.dialect.placeholder(index + 1);
  }

  #where(columns: readonly string[], from = 0): string {
    return columns.map((column, index) => `${column} = ${this.#placeholder(from + index)}`).join(" AND ");
  }

  #whereKey(model: EntityModel, from = 0): string {
    return this.#where(
      model.primary.map(({ quoted }) => quoted),
      from,
    );
  }
}

interface Place {
  readonly left: number;
  readonly right: number;
}

/** The last part of a row's path. */
function step({ parent }: TreeModel, instance: Instance): string {
  return `${parent.joins.map(({ referenced }) => String(currentValue(instance, referenced))).join("_")}.`;
}

/** Whether a node gets another parent, or another name in the paths. */
function changesPlace(instance: Instance): boolean {
  const { kind, parent } = instance.model.tree!;
  return changesOf(instance).some(({ column }) =>
    parent.joins.some(({ foreign, referenced }) => column === foreign || (kind === "path" && column === referenced)),
  );
}

function encodedKey(instance: Instance): Key {
  return encoded(instance.model, keyValues(instance));
}

function encoded(model: EntityModel, values: Key): Key {
  return model.primary.map(({ codec }, place) => (codec.encode ? codec.encode(values[place]) : values[place]));
}

/** The primary key of the parent's row, as the foreign key has it; undefined for a root. */
function parentOf({ parent }: TreeModel, instance: Instance): Key | undefined {
  const values = new Map(
    parent.joins.map(({ foreign, referenced }) => [referenced.column, currentValue(instance, foreign)]),
  );
  const key = parent.target.primary.map(({ column }) => values.get(column) ?? null);
  return key.includes(null) ? undefined : encoded(parent.target, key);
}

/** Drivers may give a number as a text (bigint). */
function same(one: Key, other: Key): boolean {
  return one.every((part, index) => String(part) === String(other[index]));
}
