import type { Dialect, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel, JoinTableSide } from "../../metadata/model";
import type { Link, Update } from "../flush/change-set";
import type { Change } from "../state/changes";
import { staleRow } from "../state/errors";
import { groupBy } from "../../groups";
import { referencingUpdates, selfReferences, type ReferencingRow, type ReferencingUpdate } from "./key-change";
import type { Placeholders } from "./step";
import { Inserter } from "./inserter";
import type { Instance } from "../state/instance";
import type { UndoLog } from "../state/undo-log";
import { writeTemporaryValue, type TemporaryValue } from "./temporary-values";
import { lengthOfValues, rowBatches } from "./row-batches";
import { lockVersions } from "./row-checks";
import { batchesOf, keysAmong } from "./row-keys";
import { currentValue, encodedValue, keyParameters, storedValue } from "../state/values";
import { Updater } from "./updater";

/** Rows of a join table that one statement writes on a server. */
const LINKS_A_STATEMENT = 500;

/** Writes rows: turns objects into statements, and sets generated values in the objects. */
export class Persister {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #undoLog: UndoLog;
  readonly #updater: Updater;
  /** Whether constraints are deferred to the end of the transaction already. */
  #isDeferring = false;

  constructor(connection: Statements, undoLog: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#undoLog = undoLog;
    this.#updater = new Updater(connection, undoLog);
  }

  /** Inserts rows of one table that do not depend on each other, or have placeholders for each other's keys. */
  insert(model: EntityModel, instances: readonly Instance[], placeholders?: Placeholders): Promise<void> {
    const inserter = new Inserter(this.#connection, this.#undoLog);
    if (!placeholders) return inserter.insert(model, instances);
    return this.#deferringConstraints(() => inserter.insert(model, instances, placeholders));
  }

  update(model: EntityModel, updates: readonly Update[]): Promise<void> {
    return this.#updater.update(model, updates);
  }

  /** Updates a row whose key changes, and the rows that refer to it. */
  updateKey(model: EntityModel, update: Update, referencing: readonly ReferencingRow[]): Promise<void> {
    return this.#changeKey(update, referencing, false, (updates, own) =>
      this.#updater.updateGroup(model, [{ ...update, changes: [...update.changes, ...own] }], updates),
    );
  }

  /** Writes a temporary value to a key, and to the rows that refer to it. */
  writeTemporaryKey(value: TemporaryValue, referencing: readonly ReferencingRow[]): Promise<void> {
    const { instance, isDangling } = value;
    return this.#changeKey({ instance, changes: [value] }, referencing, isDangling, (updates, own) =>
      writeTemporaryValue(this.#connection, this.#undoLog, value, updates, own),
    );
  }

  /**
   * @param isDangling whether the key is a foreign key that refers to no row meanwhile
   * @param write writes the row itself, with these UPDATEs in the same statement and these foreign keys to itself
   */
  async #changeKey(
    update: Update,
    referencing: readonly ReferencingRow[],
    isDangling: boolean,
    write: (updates: readonly ReferencingUpdate[], own: readonly Change[]) => Promise<void>,
  ): Promise<void> {
    const own = selfReferences(update, referencing);
    const { onlyDeferrable } = this.#dialect.deferredConstraints;
    const isByDatabase = referencing.every((one) => one.isByDatabase);
    const updates = isByDatabase
      ? []
      : referencingUpdates(this.#connection, referencing, update.instance, onlyDeferrable);
    // In one statement: foreign keys that are not deferrable are checked at its end.
    const together = onlyDeferrable ? updates : [];
    // MySQL and MariaDB check each row at once, so that a row that refers to itself would be refused.
    const isUnchecked = isDangling || (!onlyDeferrable && own.length > 0);
    const before = onlyDeferrable ? [] : updates;
    if (before.length > 0 || isUnchecked)
      await this.#deferringConstraints(async () => {
        for (const { sql, parameters } of before) await this.#connection.run(sql, parameters);
        if (isUnchecked) await write(together, own);
      });
    if (!isUnchecked) await write(together, own);
  }

  /** @param joinTables join tables that may have rows which refer to these */
  async delete(
    model: EntityModel,
    instances: readonly Instance[],
    joinTables: readonly JoinTableSide[] = [],
  ): Promise<void> {
    for (const side of joinTables) await this.#clearJoinTable(side, model, instances);
    if (model.version) await this.#deleteVersions(model, model.version, instances);
    else await this.#deleteRows(model, instances);
    for (const instance of instances) {
      this.#undoLog.record(instance);
      instance.deletion = "sent";
    }
  }

  async #clearJoinTable(
    { table, columns }: JoinTableSide,
    model: EntityModel,
    instances: readonly Instance[],
  ): Promise<void> {
    const referenced = columns.map((column) => model.ownColumn(column.referenced)!);
    for (const batch of batchesOf(instances, columns, this.#dialect)) {
      const keys = batch.map((instance) => referenced.map((one) => encodedValue(one, storedValue(instance, one))));
      const { sql, parameters } = keysAmong(this.#dialect, columns, keys);
      await this.#connection.run(`DELETE FROM ${table} WHERE ${sql}`, parameters);
    }
  }

  /** A row that is deleted already is no error. */
  async #deleteRows(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    for (const batch of batchesOf(instances, model.primary, this.#dialect)) {
      const { sql, parameters } = keysAmong(this.#dialect, model.primary, batch.map(keyParameters));
      const ran = this.#connection.run(`DELETE FROM ${model.table} WHERE ${sql}`, parameters);
      if (ran instanceof Promise) await ran;
    }
  }

  async #deleteVersions(model: EntityModel, version: ColumnModel, instances: readonly Instance[]): Promise<void> {
    if (this.#dialect.updateRows && instances.length > 1) {
      for (const batch of batchesOf(instances, [...model.primary, version], this.#dialect))
        await lockVersions(this.#connection, model, version, batch);
      return this.#deleteRows(model, instances);
    }
    let position = 0;
    const where = [...model.primary, version].map(
      ({ quoted }) => `${quoted} = ${this.#dialect.placeholder(++position)}`,
    );
    const sql = `DELETE FROM ${model.table} WHERE ${where.join(" AND ")}`;
    const batches = instances.map((instance) => [...keyParameters(instance), instance.snapshot![version.index]]);
    const ran = this.#connection.runMany(sql, batches);
    const changes = ran instanceof Promise ? await ran : ran;
    const stale = changes.indexOf(0);
    if (stale >= 0) throw staleRow(instances[stale]!.entity);
  }

  async writeTemporaryValues(values: readonly TemporaryValue[]): Promise<void> {
    const write = async (): Promise<void> => {
      for (const value of values) await writeTemporaryValue(this.#connection, this.#undoLog, value);
    };
    return values.some(({ isDangling }) => isDangling) ? this.#deferringConstraints(write) : write();
  }

  /** Writes foreign keys that refer to no row meanwhile. */
  async #deferringConstraints(write: () => Promise<void>): Promise<void> {
    const { begin, end } = this.#dialect.deferredConstraints;
    if (!this.#isDeferring) await this.#connection.run(begin);
    this.#isDeferring = end === undefined;
    try {
      await write();
    } finally {
      if (end !== undefined) await this.#connection.run(end);
    }
  }

  async link(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget].map(({ quoted }) => quoted);
      // Where the relation was not loaded, the pair may be stored already.
      const unlessPresent = this.#dialect.onConflictDoNothing(columns[0]!);
      const insert = (rows: number): string => {
        let position = 0;
        const tuple = (): string => `(${columns.map(() => this.#dialect.placeholder(++position)).join(", ")})`;
        const tuples = Array.from({ length: rows }, tuple).join(", ");
        return `INSERT INTO ${junction.table} (${columns.join(", ")}) VALUES ${tuples}${unlessPresent}`;
      };
      const pairs = group.map((link) => linkParameters(link, currentValue));
      if (!this.#dialect.updateRows) await this.#connection.runMany(insert(1), pairs);
      else
        for (const batch of rowBatches(pairs, LINKS_A_STATEMENT, this.#dialect.statementLength, lengthOfValues))
          await this.#connection.run(insert(batch.length), batch.flat());
    }
  }

  async unlink(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget];
      const pairs = group.map((link) => linkParameters(link, storedValue));
      if (!this.#dialect.updateRows || pairs.length === 1) {
        const where = columns.map(({ quoted }, index) => `${quoted} = ${this.#dialect.placeholder(index + 1)}`);
        await this.#connection.runMany(`DELETE FROM ${junction.table} WHERE ${where.join(" AND ")}`, pairs);
      } else
        for (const batch of rowBatches(pairs, LINKS_A_STATEMENT, this.#dialect.statementLength, lengthOfValues)) {
          const { sql, parameters } = keysAmong(this.#dialect, columns, batch);
          await this.#connection.run(`DELETE FROM ${junction.table} WHERE ${sql}`, parameters);
        }
    }
  }
}

function linkParameters(
  { junction, owner, target }: Link,
  valueOf: (instance: Instance, column: ColumnModel) => unknown,
): unknown[] {
  const value = (instance: Instance, column: ColumnModel): unknown => encodedValue(column, valueOf(instance, column));
  return [
    ...junction.toOwner.map(({ referenced }) => value(owner, referenced)),
    ...junction.toTarget.map(({ referenced }) => value(target, referenced)),
  ];
}
