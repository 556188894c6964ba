import type { DataSource } from "typeorm";
import type { Connection } from "../../dialect/dialect";
import type { EntityModel, JoinTableSide, RelationModel } from "../../metadata/model";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";

/**
 * What the database itself does with rows that refer to a deleted one. It need not be what the entities' `onDelete` says: TypeORM 0.3
 * creates a join table's key to the inverse side with NO ACTION, and constraints may be missing altogether.
 */
export class DeleteActions {
  /** `"table"("column",…)` → action. Of two constraints with different actions for the same columns, neither can be relied on. */
  readonly #actions = new Map<string, string | undefined>();

  /** @param rows what `Dialect.deleteActions` reads */
  constructor(rows: readonly (readonly unknown[])[], quote: (name: string) => string) {
    const constraints = new Map<string, { tables: string[]; columns: string[]; action: string }>();
    for (const [schema, table, isCurrent, name, column, action] of rows as readonly DeleteActionRow[]) {
      const qualified = `${quote(schema)}.${quote(table)}`;
      const key = `${qualified} ${name}`;
      const tables = Number(isCurrent) === 1 ? [qualified, quote(table)] : [qualified];
      if (!constraints.has(key)) constraints.set(key, { tables, columns: [], action });
      constraints.get(key)!.columns.push(quote(column));
    }
    for (const { tables, columns, action } of constraints.values())
      for (const table of tables) {
        const key = keyOf(table, columns);
        this.#actions.set(key, this.#actions.has(key) && this.#actions.get(key) !== action ? undefined : action);
      }
  }

  /** Whether the database does what a relation's `onDelete` says. */
  follow({ model, joins, metadata: { onDelete } }: RelationModel): boolean {
    const columns = joins.map(({ foreign }) => foreign.quoted);
    return onDelete !== undefined && this.#actions.get(keyOf(model.table, columns)) === onDelete;
  }

  /** The sides of join tables and closure tables whose rows the database does not delete with those of an entity. */
  joinTablesToClear(model: EntityModel): JoinTableSide[] {
    return model.joinTableSides().filter(({ table, columns }) => {
      const key = keyOf(
        table,
        columns.map(({ quoted }) => quoted),
      );
      return this.#actions.get(key) !== "CASCADE";
    });
  }
}

type DeleteActionRow = readonly [
  schema: string,
  table: string,
  isCurrentSchema: unknown,
  constraint: string | number,
  column: string,
  action: string,
];

/** Case does not matter to SQLite, nor to MySQL on some systems. */
function keyOf(table: string, columns: readonly string[]): string {
  return `${table}(${[...columns].sort().join()})`.toLowerCase();
}

const known = new WeakMap<DataSource, DeleteActions>();

/** Reads the actions from the database, once for all sessions of a DataSource. */
export async function deleteActionsOf(state: SessionState, withoutAutoflush: WithoutAutoflush): Promise<DeleteActions> {
  const { dataSource, dialect } = state;
  let actions = known.get(dataSource);
  if (!actions) {
    const connection: Connection = await withoutAutoflush(async (context) => context.ready("flush"));
    actions = new DeleteActions(await connection.rows(dialect.deleteActions), (name) => dialect.quote(name));
    known.set(dataSource, actions);
  }
  return actions;
}

/** Has the actions read again: a constraint refused a deletion, so they may have been changed. */
export function forgetDeleteActions(dataSource: DataSource): void {
  known.delete(dataSource);
}
