import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel, TreeModel } from "../../metadata/model";
import { secondRoot, treeCycle } from "../state/errors";
import { changesForNow, isAwaited } from "../flush/change-set";
import type { Step } from "../flush/flush-plan";
import { groupBy } from "../../groups";
import type { Instance } from "../state/instance";
import type { TemporaryValues } from "./temporary-values";
import { ValueToCome } from "../preview/plan";
import { currentValue, encodedValue, keyValues, storedKeyValues } from "../state/values";

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
  readonly #statements: Statements;
  /** Nodes whose rows have, or will have, another parent; the books follow when all of them are updated. */
  #moving: Instance[] = [];
  /** Nested sets that were written, of which each has to have one root in the end. */
  readonly #nests = new Set<EntityModel>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Called before each step of a flush. Gives the nodes whose places were written. */
  async before(step: Step): Promise<readonly Instance[]> {
    const moved = step.action === "update" ? NOBODY : await this.#settle(false);
    if (!("model" in step) || !step.model.tree) return moved;
    if (step.action === "update") this.#moving = [...this.#moving, ...step.rows.filter(changesPlace)];
    if (step.action === "park") return [...moved, ...(await this.#parking(step.model, step.rows))];
    if (step.action !== "delete") return moved;
    await this.#deleting(step.model, step.rows);
    return [...moved, ...step.rows];
  }

  /** Called after each step of a flush. Gives the nodes whose places were written. */
  async after(step: Step): Promise<readonly Instance[]> {
    if (step.action !== "insert" || !step.model.tree) return NOBODY;
    await this.#inserted(step.model, step.model.tree, step.rows);
    return step.rows;
  }

  /** Called when all steps are done. Gives the nodes whose places were written. */
  async finish(): Promise<readonly Instance[]> {
    const moved = await this.#settle(true);
    for (const model of this.#nests) await this.#checkRoots(model, model.tree as Tree<"nested">);
    return moved;
  }

  async #settle(isLast: boolean): Promise<readonly Instance[]> {
    const moving = this.#moving;
    if (moving.length === 0) return NOBODY;
    this.#moving = [];
    await this.#moved(moving, isLast);
    return moving;
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
        this.#nests.add(model.root);
    }
  }

  /** Rows whose parents were changed, each with its children. */
  async #moved(instances: readonly Instance[], isLast: boolean): Promise<void> {
    const moves = instances.map((instance) => ({
      instance,
      node: encodedKey(instance),
      parent: parentOf(instance.model.tree!, instance),
    }));
    for (const ofTable of groupBy(moves, ({ instance }) => instance.model.root).values())
      await this.#moveAll(ofTable, isLast);
  }

  /** Keys that are given up for a moment leave the paths, where another node would be taken for this one. */
  async #parking(model: EntityModel, parkings: readonly TemporaryValues[]): Promise<readonly Instance[]> {
    const { tree } = model;
    if (tree?.kind !== "path") return NOBODY;
    const nodes = parkings
      .filter(({ column }) => tree.parent.joins.some(({ referenced }) => referenced === column))
      .map(({ instance }) => instance);
    for (const [place, instance] of nodes.entries()) {
      const node = encoded(model, storedKeyValues(instance));
      await this.#movePaths(model, tree, { instance, node, parent: undefined }, `!${place}.`);
    }
    return nodes;
  }

  /** Rows that are about to go, none of them below another one. */
  async #deleting(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    // A closure table's rows go with the nodes, by its foreign keys; a path belongs to its row.
    const { tree } = model;
    if (tree?.kind !== "nested") return;
    for (const instance of instances)
      await this.#closeGap(model, tree, {
        instance,
        node: encoded(model, storedKeyValues(instance)),
        parent: undefined,
      });
  }

  /** A node goes where it does not stand below itself; others may have to leave from there first. */
  async #moveAll(moves: readonly Move[], isLast: boolean): Promise<void> {
    const { model } = moves[0]!.instance;
    const tree = model.tree!;
    if (tree.kind === "nested") this.#nests.add(model.root);
    let waiting = [...moves];
    while (waiting.length > 0) {
      const blocked: Move[] = [];
      for (const move of waiting)
        if (move.parent && (await this.#isBelow(model, tree, move.parent, move.node))) blocked.push(move);
        else await this.#move(model, tree, move);
      if (blocked.length === waiting.length) {
        if (isLast) throw treeCycle(blocked[0]!.instance.entity);
        // Those who are in the way may be written later. Until then the nodes stand for themselves.
        for (const move of blocked) await this.#move(model, tree, { ...move, parent: undefined });
        this.#moving = [...this.#moving, ...blocked.map(({ instance }) => instance)];
        return;
      }
      waiting = blocked;
    }
  }

  async #isBelow(model: EntityModel, tree: TreeModel, node: Key, above: Key): Promise<boolean> {
    if (same(node, above)) return true;
    switch (tree.kind) {
      case "closure": {
        const draft = new Draft(this.#statements.dialect);
        const where = draft.equal([...tree.ancestor, ...tree.descendant], [...above, ...node]);
        const found = await this.#rows(`SELECT 1 FROM ${tree.table} WHERE ${where}`, draft);
        return found.length > 0;
      }
      case "path": {
        const [lower, upper] = [await this.#readPath(model, tree, node), await this.#readPath(model, tree, above)];
        return Boolean(upper && lower?.startsWith(upper));
      }
      case "nested": {
        const [lower, upper] = [await this.#readPlace(model, tree, node), await this.#readPlace(model, tree, above)];
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
    const into = `INSERT INTO ${table} (${[...ancestor, ...descendant].join(", ")})`;
    await this.#write(nodes, ({ node }, draft) => `${into} VALUES (${draft.list([...node, ...node])})`);
    await this.#write(
      nodes.filter(({ parent }) => parent),
      ({ node, parent }, draft) =>
        `${into} SELECT ${ancestor.join(", ")}, ${draft.list(node)} FROM ${table} WHERE ${draft.equal(descendant, parent!)}`,
    );
  }

  async #moveInClosure({ table, ancestor, descendant }: Tree<"closure">, move: Move): Promise<void> {
    // MySQL and MariaDB read the table that they write where it is a table of its own for the moment.
    const own = (columns: readonly string[], where: string): string =>
      `(SELECT * FROM (SELECT DISTINCT ${columns.join(", ")} FROM ${table} WHERE ${where}) AS own)`;
    await this.#write([move], ({ node }, draft) => {
      const below = own(descendant, draft.equal(ancestor, node));
      const above = own(ancestor, `${draft.equal(descendant, node)} AND NOT (${draft.equal(ancestor, node)})`);
      return `DELETE FROM ${table} WHERE (${descendant.join(", ")}) IN ${below} AND (${ancestor.join(", ")}) IN ${above}`;
    });
    if (!move.parent) return;
    await this.#write([move], ({ node, parent }, draft) => {
      const upper = ancestor.map((column) => `above.${column}`);
      const lower = descendant.map((column) => `below.${column}`);
      const joined = draft.equal(
        ancestor.map((column) => `below.${column}`),
        node,
      );
      const under = draft.equal(
        descendant.map((column) => `above.${column}`),
        parent!,
      );
      return (
        `INSERT INTO ${table} (${[...ancestor, ...descendant].join(", ")}) SELECT ${[...upper, ...lower].join(", ")} ` +
        `FROM ${table} below JOIN ${table} above ON ${joined} WHERE ${under}`
      );
    });
  }

  // Materialised paths: `1.4.7.`, the keys from the root down to the row itself.

  async #insertIntoPaths(model: EntityModel, tree: Tree<"path">, nodes: readonly Move[]): Promise<void> {
    for (const group of [nodes.filter(({ parent }) => !parent), nodes.filter(({ parent }) => parent)])
      await this.#write(
        group,
        (move, draft) =>
          `UPDATE ${model.table} SET ${tree.path.quoted} = ${this.#newPath(model, tree, move, step(tree, move.instance), draft)} WHERE ${draft.is(model, move.node)}`,
      );
  }

  async #movePaths(
    model: EntityModel,
    tree: Tree<"path">,
    move: Move,
    last: string = step(tree, move.instance),
  ): Promise<void> {
    const { dialect } = this.#statements;
    const { quoted, property } = tree.path;
    // MariaDB cannot look for it in the UPDATE; where nothing is asked, in a plan, nobody knows it.
    const before = (await this.#readPath(model, tree, move.node)) ?? new ValueToCome(move.instance.entity, property);
    await this.#write([move], (_, draft) => {
      const after = this.#newPath(model, tree, move, last, draft);
      const length = (): string => `${dialect.charLength}(${draft.put(before)})`;
      const set = dialect.concat(after, `SUBSTR(COALESCE(${quoted}, ''), ${length()} + 1)`);
      const itself = draft.is(model, move.node);
      const below = `${draft.put(before)} <> '' AND SUBSTR(${quoted}, 1, ${length()}) = ${draft.put(before)}`;
      return `UPDATE ${model.table} SET ${quoted} = ${set} WHERE ${itself} OR (${below})`;
    });
  }

  #newPath(model: EntityModel, tree: Tree<"path">, { parent }: Move, last: string, draft: Draft): string {
    if (!parent) return draft.put(last);
    return this.#statements.dialect.concat(this.#pathOf(model, tree, parent, draft), draft.put(last));
  }

  #pathOf(model: EntityModel, { path }: Tree<"path">, key: Key, draft: Draft): string {
    return draft.valueOf(model, path, key, (value) => `COALESCE(${value}, '')`);
  }

  async #readPath(model: EntityModel, { path }: Tree<"path">, key: Key): Promise<string | undefined> {
    const draft = new Draft(this.#statements.dialect);
    const [row] = await this.#rows(`SELECT ${path.quoted} FROM ${model.table} WHERE ${draft.is(model, key)}`, draft);
    return row && (typeof row[0] === "string" ? row[0] : "");
  }

  // Nested sets: each row has the numbers before and behind everything below it.

  async #insertIntoNest(model: EntityModel, tree: Tree<"nested">, move: Move): Promise<void> {
    const [left, right] = [tree.left.quoted, tree.right.quoted];
    if (move.parent) await this.#openGap(model, tree, move, () => "2");
    await this.#write([move], ({ node, parent }, draft) => {
      const behind = (): string => (parent ? draft.valueOf(model, tree.right, parent) : "3");
      return `UPDATE ${model.table} SET ${left} = ${behind()} - 2, ${right} = ${behind()} - 1 WHERE ${draft.is(model, node)}`;
    });
  }

  async #moveInNest(model: EntityModel, tree: Tree<"nested">, move: Move): Promise<void> {
    const [left, right] = [tree.left.quoted, tree.right.quoted];
    const at = (column: ColumnModel, draft: Draft): string => draft.valueOf(model, column, move.node);
    // What moves stands below zero while the others close up and make room.
    await this.#write(
      [move],
      (_, draft) =>
        `UPDATE ${model.table} SET ${left} = -${left}, ${right} = -${right} ` +
        `WHERE ${left} >= ${at(tree.left, draft)} AND ${right} <= ${at(tree.right, draft)}`,
    );
    const width = (draft: Draft): string => `(${at(tree.left, draft)} - ${at(tree.right, draft)} + 1)`;
    await this.#shift(model, tree, move, {
      behind: (draft) => `-${at(tree.right, draft)}`,
      by: (draft) => `-${width(draft)}`,
    });
    if (move.parent) await this.#openGap(model, tree, move, width);
    await this.#write([move], ({ parent }, draft) => {
      const to = (): string =>
        parent
          ? `${draft.valueOf(model, tree.right, parent)} - ${width(draft)}`
          : `(SELECT found FROM (SELECT MAX(CASE WHEN ${right} > 0 THEN ${right} ELSE 0 END) + 1 AS found FROM ${model.table}) AS own)`;
      const distance = (): string => `${to()} + ${at(tree.left, draft)}`;
      return `UPDATE ${model.table} SET ${left} = -${left} + ${distance()}, ${right} = -${right} + ${distance()} WHERE ${left} < 0`;
    });
  }

  async #closeGap(model: EntityModel, tree: Tree<"nested">, move: Move): Promise<void> {
    const at = (column: ColumnModel, draft: Draft): string => draft.valueOf(model, column, move.node);
    await this.#shift(model, tree, move, {
      behind: (draft) => at(tree.right, draft),
      by: (draft) => `${at(tree.left, draft)} - ${at(tree.right, draft)} - 1`,
    });
  }

  /** Makes room at the end of what stands below the parent. */
  async #openGap(model: EntityModel, tree: Tree<"nested">, move: Move, width: (draft: Draft) => string): Promise<void> {
    await this.#shift(model, tree, move, {
      behind: (draft) => `${draft.valueOf(model, tree.right, move.parent!)} - 1`,
      by: width,
    });
  }

  /** Adds to every number that is behind another one. */
  async #shift(
    model: EntityModel,
    tree: Tree<"nested">,
    move: Move,
    { behind, by }: Record<"behind" | "by", (draft: Draft) => string>,
  ): Promise<void> {
    const [left, right] = [tree.left.quoted, tree.right.quoted];
    await this.#write(
      [move],
      (_, draft) =>
        `UPDATE ${model.table} SET ${left} = CASE WHEN ${left} > ${behind(draft)} THEN ${left} + (${by(draft)}) ELSE ${left} END, ` +
        `${right} = ${right} + (${by(draft)}) WHERE ${right} > ${behind(draft)}`,
    );
  }

  async #readPlace(model: EntityModel, { left, right }: Tree<"nested">, key: Key): Promise<Place | undefined> {
    const draft = new Draft(this.#statements.dialect);
    const [row] = await this.#rows(
      `SELECT ${left.quoted}, ${right.quoted} FROM ${model.table} WHERE ${draft.is(model, key)}`,
      draft,
    );
    return row && { left: Number(row[0]), right: Number(row[1]) };
  }

  /** TypeORM's nested sets are one tree. */
  async #checkRoots(model: EntityModel, { parent }: Tree<"nested">): Promise<void> {
    const alone = parent.joins.map(({ foreign }) => `${foreign.quoted} IS NULL`).join(" AND ");
    const draft = new Draft(this.#statements.dialect);
    const [row] = await this.#rows(`SELECT COUNT(*) FROM ${model.table} WHERE ${alone}`, draft);
    if (Number(row?.[0] ?? 0) > 1) throw secondRoot(model.name);
  }

  // How it is sent.

  /** One statement for all, with other values for each. */
  async #write(moves: readonly Move[], sqlOf: (move: Move, draft: Draft) => string): Promise<void> {
    if (moves.length === 0) return;
    const { dialect } = this.#statements;
    const drafts = moves.map((move) => {
      const draft = new Draft(dialect);
      return { sql: sqlOf(move, draft), draft };
    });
    await this.#statements.runMany(
      drafts[0]!.sql,
      drafts.map(({ draft }) => draft.parameters),
    );
  }

  async #rows(sql: string, { parameters }: Draft): Promise<Row[]> {
    return this.#statements.rows(sql, parameters);
  }
}

/** The values of a statement in the making, in the order in which it is written. */
class Draft {
  readonly parameters: unknown[] = [];
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  put(value: unknown): string {
    return this.#dialect.placeholder(this.parameters.push(value));
  }

  list(values: Key): string {
    return values.map((value) => this.put(value)).join(", ");
  }

  equal(columns: readonly string[], key: Key): string {
    return columns.map((column, place) => `${column} = ${this.put(key[place])}`).join(" AND ");
  }

  is({ primary }: EntityModel, key: Key): string {
    return this.equal(
      primary.map(({ quoted }) => quoted),
      key,
    );
  }

  /** What a row has in a column, also where its table is being written: MySQL and MariaDB take an aggregate for another table. */
  valueOf(model: EntityModel, { quoted }: ColumnModel, key: Key, as = (value: string): string => value): string {
    const found = `SELECT ${as(`MAX(${quoted})`)} AS found FROM ${model.table} WHERE ${this.is(model, key)}`;
    return `(SELECT found FROM (${found}) AS own)`;
  }
}

const NOBODY: readonly Instance[] = [];

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
  return changesForNow(instance).some(({ column }) =>
    parent.joins.some(({ foreign, referenced }) => column === foreign || (kind === "path" && column === referenced)),
  );
}

function encodedKey(instance: Instance): Key {
  return encoded(instance.model, keyValues(instance));
}

function encoded(model: EntityModel, values: Key): Key {
  return model.primary.map((column, place) => encodedValue(column, values[place]));
}

/** The primary key of the parent's row, as the foreign key has it; undefined for a root, and where that row is still to be written. */
function parentOf({ parent }: TreeModel, instance: Instance): Key | undefined {
  if (isAwaited(instance, parent)) return undefined;
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
