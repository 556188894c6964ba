import type { Connection } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { BulkWrite } from "../../query/context";
import { and, Column, or } from "../../query/expression";
import { Query } from "../../query/query";
import { keyMaker } from "../state/identity-key";
import type { Instance } from "../state/instance";
import type { Workspace } from "../workspace";

/**
 * Makes the loaded objects follow an UPDATE or DELETE that a query sends past them. Which rows it reaches is asked before it
 * is sent: afterwards they may no longer be what the query asks for.
 */
export class BulkSync {
  readonly #workspace: Workspace;
  readonly #work: BulkWrite;
  /** Tables whose rows may be others now: the one that is written, and those that the database writes with it. */
  readonly reached: ReadonlySet<EntityModel>;
  /** The loaded objects whose rows may be others now. */
  readonly #touched = new Set<Instance>();

  constructor(workspace: Workspace, work: BulkWrite) {
    this.#workspace = workspace;
    this.#work = work;
    this.reached = work.kind === "delete" ? reachedByDelete(work.model.root) : new Set([work.model.root]);
  }

  /** Takes down which loaded objects the statement will reach. */
  async before(connection: Connection): Promise<void> {
    const { model } = this.#work;
    for (const other of this.reached) {
      const loaded = this.#loaded(other);
      if (loaded.size === 0) continue;
      const found = other === model.root ? await this.#found(connection, loaded) : loaded.values();
      for (const instance of found) this.#touched.add(instance);
    }
  }

  /** Reads those objects again; one whose row is gone is deleted. */
  async after(): Promise<void> {
    const { kind } = this.#work;
    const generations = new Map<EntityModel, Instance[]>();
    for (const instance of this.#touched) {
      const { root } = instance.model;
      const known = generations.get(root);
      if (known) known.push(instance);
      else generations.set(root, [instance]);
    }
    for (const [root, instances] of generations)
      await this.#workspace.withoutAutoflush(() => this.#read(root, instances));
    if (kind === "delete")
      for (const instance of this.#touched)
        if (instance.isExpired && instance.owner === this.#workspace) this.#workspace.lose(instance);
    this.#forgetRelations();
  }

  async #read(root: EntityModel, instances: readonly Instance[]): Promise<void> {
    const { primary } = root;
    const keys = instances.map(({ entity, model, snapshot }) =>
      primary.map((column) => storedKey(model, column, entity, snapshot)),
    );
    const [only, ...others] = primary.map((column) => new Column(column));
    const condition =
      others.length === 0
        ? only!.in(keys.map(([value]) => value))
        : or(...keys.map((values) => and(...primary.map((column, place) => new Column(column).eq(values[place])))));
    await Query.of<object>(() => this.#workspace, root)
      .withDeleted()
      .filter(condition)
      .all();
  }

  #loaded(root: EntityModel): Map<unknown, Instance> {
    return this.#workspace.identities.of(root);
  }

  /** The loaded objects among the rows that the query finds; all of them where there are more rows than those. */
  async #found(connection: Connection, loaded: Map<unknown, Instance>): Promise<Iterable<Instance>> {
    const { model, found } = this.#work;
    const { sql, parameters } = found(loaded.size + 1);
    const rows = await connection.rows(sql, parameters);
    if (rows.length > loaded.size) return loaded.values();
    const maker = keyMaker(model);
    const places = model.primary.map((_, place) => place);
    return rows.flatMap((row) => loaded.get(maker.ofRow(row, places)) ?? []);
  }

  /** Who is related to whom may have changed on the other side of loaded objects too. */
  #forgetRelations(): void {
    const { kind, columns } = this.#work;
    const comesOrGoes = kind === "delete" || columns.some(({ metadata }) => metadata.isDeleteDate);
    this.#workspace.forgetRelationsTo(
      this.reached,
      ({ joins }) =>
        comesOrGoes || joins.some(({ foreign, referenced }) => has(columns, foreign) || has(columns, referenced)),
    );
  }
}

/** Columns of a table's classes are the same where they have the same name. */
function has(columns: readonly ColumnModel[], wanted: ColumnModel): boolean {
  return columns.some(({ column, model }) => column === wanted.column && model.root === wanted.model.root);
}

/** The tables whose rows a DELETE may take along or change, by what their foreign keys say. */
function reachedByDelete(root: EntityModel): Set<EntityModel> {
  const reached = new Set([root]);
  for (const model of reached)
    for (const { metadata, model: referrer } of model.referrers())
      if (metadata.onDelete && FOLLOWS.has(metadata.onDelete)) reached.add(referrer.root);
  return reached;
}

const FOLLOWS: ReadonlySet<string> = new Set(["CASCADE", "SET NULL", "SET DEFAULT"]);

/** The key that the database knows an object by, whatever its property holds now. */
function storedKey(
  model: EntityModel,
  column: ColumnModel,
  entity: object,
  snapshot: readonly unknown[] | undefined,
): unknown {
  const own = model.column(column.property) ?? column;
  const remembered = snapshot?.[own.index];
  return remembered === undefined || typeof remembered === "symbol" ? own.read(entity) : own.codec.thaw(remembered);
}
