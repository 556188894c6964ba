import type { Connection } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { BulkWrite } from "../../query/context";
import { Query } from "../../query/query";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";
import { groupBy } from "../../groups";
import { among, batches } from "../state/batches";
import { keyMaker } from "../state/identity-key";
import type { Instance } from "../state/instance";
import { storedValue } from "../state/values";

/**
 * Synchronises loaded objects with an UPDATE or DELETE of a query. The rows that the statement affects are selected before
 * it is sent: after it they may not meet its conditions any more.
 *
 * @see SQLAlchemy's `synchronize_session="fetch"`
 */
export class BulkSync {
  readonly #state: SessionState;
  readonly #withoutAutoflush: WithoutAutoflush;
  readonly #write: BulkWrite;
  /** The tables whose rows may change: the one that is written, and those that its foreign keys write with it. */
  readonly tables: ReadonlySet<EntityModel>;
  /** The loaded objects whose rows may change. */
  readonly #affected = new Set<Instance>();

  constructor(state: SessionState, withoutAutoflush: WithoutAutoflush, write: BulkWrite) {
    this.#state = state;
    this.#withoutAutoflush = withoutAutoflush;
    this.#write = write;
    this.tables = write.kind === "delete" ? tablesOfDelete(write.model.root) : new Set([write.model.root]);
  }

  /** Finds the loaded objects that the statement will affect. */
  async before(connection: Connection): Promise<void> {
    const { model, kind } = this.#write;
    if (kind === "insert") return;
    for (const table of this.tables) {
      const loaded = this.#state.identities.of(table);
      if (loaded.size === 0) continue;
      const affected = table === model.root ? await this.#affectedBy(connection, loaded) : loaded.values();
      for (const instance of affected) this.#affected.add(instance);
    }
  }

  /** Reads these objects again; one whose row is not found is deleted. */
  async after(): Promise<void> {
    const { kind } = this.#write;
    for (const [root, instances] of groupBy(this.#affected, ({ model }) => model.root))
      await this.#read(root, instances);
    if (kind === "delete")
      for (const instance of this.#affected)
        if (instance.isExpired && instance.owner === this.#state) this.#state.markRowDeleted(instance);
    this.#expireRelations();
  }

  async #read(root: EntityModel, instances: readonly Instance[]): Promise<void> {
    const { primary } = root;
    const keys = instances.map((instance) => primary.map((column) => storedValue(instance, column)));
    await this.#withoutAutoflush(async (context) => {
      const query = Query.of<object>(() => context, root).withDeleted();
      for (const batch of batches(keys, primary.length, context)) await query.filter(among(primary, batch)).all();
    });
  }

  /** The loaded objects among the rows of the statement; all of them where it has more rows than there are objects. */
  async #affectedBy(connection: Connection, loaded: Map<unknown, Instance>): Promise<Iterable<Instance>> {
    const { model, keyQuery } = this.#write;
    const { sql, parameters } = keyQuery(loaded.size + 1);
    const rows = await connection.rows(sql, parameters);
    if (rows.length > loaded.size) return loaded.values();
    const maker = keyMaker(model);
    const places = model.primary.map((_, place) => place);
    return rows.flatMap((row) => loaded.get(maker.ofRow(row, places)) ?? []);
  }

  /** Expires relations whose members may have changed, of unaffected objects too. */
  #expireRelations(): void {
    const { kind, columns } = this.#write;
    const changesAll = kind === "delete" || columns.some(({ metadata }) => metadata.isDeleteDate);
    this.#state.expireRelationsTo(
      this.tables,
      ({ joins }) =>
        changesAll || joins.some(({ foreign, referenced }) => has(columns, foreign) || has(columns, referenced)),
    );
  }
}

/** In the classes of one table, columns of the same name are the same column. */
function has(columns: readonly ColumnModel[], wanted: ColumnModel): boolean {
  return columns.some(({ column, model }) => column === wanted.column && model.root === wanted.model.root);
}

/** The tables whose rows a DELETE may delete or change, by the `ON DELETE` of their foreign keys. */
function tablesOfDelete(root: EntityModel): Set<EntityModel> {
  const tables = new Set([root]);
  for (const table of tables)
    for (const { metadata, model } of table.referencingRelations())
      if (metadata.onDelete && CHANGES_ROWS.has(metadata.onDelete)) tables.add(model.root);
  return tables;
}

const CHANGES_ROWS: ReadonlySet<string> = new Set(["CASCADE", "SET NULL", "SET DEFAULT"]);
