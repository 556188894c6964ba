import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel, JoinTableSide } from "../../metadata/model";
import type { Link, Update } from "../flush/change-set";
import type { Change } from "../state/changes";
import { rowGone, staleRow } from "../state/errors";
import { groupBy } from "../../groups";
import {
  referencingUpdates,
  withClause,
  selfReferences,
  type ReferencingRow,
  type ReferencingUpdate,
} from "./key-change";
import type { Placeholders } from "./step";
import { Inserter } from "./inserter";
import type { Instance } from "../state/instance";
import type { UndoLog } from "../state/undo-log";
import { writeTemporaryValue, type TemporaryValue } from "./temporary-values";
import { keysAmong, batchesOf, readBack } from "./read-back";
import { currentValue, encodedValue, foreignKeysOf, keyParameters, storedValue } from "../state/values";

/** Writes rows: turns objects into statements, and sets generated values in the objects. */
export class Persister {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #undoLog: UndoLog;
  /** Whether constraints are deferred to the end of the transaction already. */
  #isDeferring = false;

  constructor(connection: Statements, undoLog: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#undoLog = undoLog;
  }

  /** Inserts rows of one table that do not depend on each other, or have placeholders for each other's keys. */
  insert(model: EntityModel, instances: readonly Instance[], placeholders?: Placeholders): Promise<void> {
    const inserter = new Inserter(this.#connection, this.#undoLog);
    if (!placeholders) return inserter.insert(model, instances);
    return this.#deferringConstraints(() => inserter.insert(model, instances, placeholders));
  }

  async update(model: EntityModel, updates: readonly Update[]): Promise<void> {
    for (const group of groupByChanges(updates)) await this.#updateGroup(model, group);
  }

  /** Updates a row whose key changes, and the rows that refer to it. */
  updateKey(model: EntityModel, update: Update, referencing: readonly ReferencingRow[]): Promise<void> {
    return this.#changeKey(update, referencing, false, (updates, own) =>
      this.#updateGroup(model, [{ ...update, changes: [...update.changes, ...own] }], updates),
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
    const sql = `DELETE FROM ${model.table} WHERE ${this.#keyCondition(model, version)}`;
    const batches = instances.map((instance) => [...keyParameters(instance), instance.snapshot![version.index]]);
    const ran = this.#connection.runMany(sql, batches);
    const changes = ran instanceof Promise ? await ran : ran;
    const stale = changes.indexOf(0);
    if (stale >= 0) this.#refused(instances[stale]!, true);
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
      const tuple = columns.map((_, index) => this.#dialect.placeholder(index + 1)).join(", ");
      // Where the relation was not loaded, the pair may be stored already.
      const unlessPresent = this.#dialect.onConflictDoNothing(columns[0]!);
      const sql = `INSERT INTO ${junction.table} (${columns.join(", ")}) VALUES (${tuple})${unlessPresent}`;
      await this.#connection.runMany(
        sql,
        group.map((link) => linkParameters(link, currentValue)),
      );
    }
  }

  async unlink(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget].map(({ quoted }) => quoted);
      const where = columns.map((column, index) => `${column} = ${this.#dialect.placeholder(index + 1)}`).join(" AND ");
      await this.#connection.runMany(
        `DELETE FROM ${junction.table} WHERE ${where}`,
        group.map((link) => linkParameters(link, storedValue)),
      );
    }
  }

  // UPDATE

  /** @param referencing UPDATEs of referencing rows, to be part of the statement */
  async #updateGroup(
    model: EntityModel,
    updates: readonly Update[],
    referencing: readonly ReferencingUpdate[] = [],
  ): Promise<void> {
    const columns = updates[0]!.changes.map(({ column }) => column);
    const { version } = model;
    const touched = columns.some((column) => column.metadata.isUpdateDate)
      ? undefined
      : model.columns.find(({ metadata }) => metadata.isUpdateDate);
    const defaults = new Set(updates[0]!.changes.filter(isDefault).map(({ column }) => column));
    const generated = model.columns.filter(
      (column) =>
        column === touched ||
        column.metadata.asExpression !== undefined ||
        defaults.has(column) ||
        (column.metadata.onUpdate !== undefined && !columns.includes(column)),
    );
    const { lead, parameters: before } = withClause(referencing);
    let position = before.length;
    const sets = updates[0]!.changes.map(
      ({ column, defaultSQL: sql }) => `${column.quoted} = ${sql ?? this.#dialect.placeholder(++position)}`,
    );
    if (version) sets.push(`${version.quoted} = ${version.quoted} + 1`);
    if (touched) sets.push(`${touched.quoted} = ${this.#dialect.now(touched.metadata.precision)}`);
    const where = this.#keyCondition(model, version, position);
    const sql = `${lead}UPDATE ${model.table} SET ${sets.join(", ")} WHERE ${where}`;
    const batches = updates.map((update) => updateParameters(before, update, version));
    // Taken before it is sent, so that a change in the meantime is left to the next flush.
    const sent = snapshotValues(updates);
    const returned = await this.#runUpdates(sql, batches, updates, generated, version !== undefined);
    for (let place = 0; place < updates.length; place++)
      this.#updated(updates[place]!, sent, place * columns.length, version, generated, returned?.[place]);
    if (generated.length > 0 && !returned)
      await readBack(
        this.#connection,
        model,
        generated,
        updates.map(({ instance }) => instance),
      );
  }

  /** Runs the UPDATEs; returns the rows of RETURNING, where the database has it. Throws for a row that was not updated. */
  async #runUpdates(
    sql: string,
    batches: readonly unknown[][],
    updates: readonly Update[],
    generated: readonly ColumnModel[],
    versioned: boolean,
  ): Promise<Row[] | undefined> {
    if (generated.length === 0 || !this.#dialect.supportsUpdateReturning) {
      const ran = this.#connection.runMany(sql, batches);
      const changes = ran instanceof Promise ? await ran : ran;
      const missed = changes.indexOf(0);
      if (missed >= 0) this.#refused(updates[missed]!.instance, versioned);
      return undefined;
    }
    const rows: Row[] = [];
    const returning = `${sql} RETURNING ${generated.map((column) => column.selected(column.quoted)).join(", ")}`;
    for (let index = 0; index < batches.length; index++) {
      const sent = this.#connection.rows(returning, batches[index]);
      const [row] = sent instanceof Promise ? await sent : sent;
      if (!row) this.#refused(updates[index]!.instance, versioned);
      rows.push(row!);
    }
    return rows;
  }

  /** @param from where the values of this update begin in `sent` */
  #updated(
    { instance, changes }: Update,
    sent: readonly unknown[],
    from: number,
    version: ColumnModel | undefined,
    generated: readonly ColumnModel[],
    returned: Row | undefined,
  ): void {
    this.#undoLog.record(instance);
    const { entity } = instance;
    const keys = foreignKeysOf(instance.model);
    const snapshot = instance.snapshot!.slice();
    for (let place = 0; place < changes.length; place++) {
      const { column, value, defaultSQL: sql, isTemporary: forNow } = changes[place]!;
      if (sql !== undefined) continue;
      snapshot[column.index] = sent[from + place];
      if (forNow) continue;
      // Any other property holds the value already.
      if ((keys[column.index] || instance.reusesRowOf) && column.read(entity) !== value) column.write(entity, value);
      else if (column.codec.normalize && column.codec.same(column.read(entity), snapshot[column.index]))
        column.write(entity, value);
    }
    if (version) {
      const next = Number(snapshot[version.index]) + 1;
      snapshot[version.index] = next;
      version.write(entity, next);
    }
    if (returned)
      generated.forEach((column, place) => {
        snapshot[column.index] = column.codec.freeze(returned[place]);
        column.write(entity, column.codec.thaw(snapshot[column.index]));
      });
    instance.snapshot = snapshot;
  }

  #refused(instance: Instance, versioned: boolean): never {
    throw versioned ? staleRow(instance.entity) : rowGone(instance.entity);
  }

  #keyCondition(model: EntityModel, version: ColumnModel | undefined, after = 0): string {
    let position = after;
    const columns = version ? [...model.primary, version] : model.primary;
    return columns.map(({ quoted }) => `${quoted} = ${this.#dialect.placeholder(++position)}`).join(" AND ");
  }
}

function isDefault({ defaultSQL }: Change): boolean {
  return defaultSQL !== undefined;
}

/** Groups updates of the same columns, which one statement writes. */
function groupByChanges(updates: readonly Update[]): Update[][] {
  let last: readonly Change[] = [];
  let key = "";
  return [
    ...groupBy(updates, ({ changes }) => {
      if (!areOfSameColumns(changes, last)) {
        last = changes;
        key = changes.map(({ column, defaultSQL }) => `${column.index}${defaultSQL ? "=" : ""}`).join(",");
      }
      return key;
    }).values(),
  ];
}

function areOfSameColumns(left: readonly Change[], right: readonly Change[]): boolean {
  if (left.length !== right.length) return false;
  for (let place = 0; place < left.length; place++)
    if (left[place]!.column !== right[place]!.column || isDefault(left[place]!) !== isDefault(right[place]!))
      return false;
  return true;
}

/** The values of updates as they will be in the snapshots, change by change. */
function snapshotValues(updates: readonly Update[]): unknown[] {
  const values: unknown[] = [];
  for (const { changes } of updates)
    for (let place = 0; place < changes.length; place++) {
      const { column, value, defaultSQL } = changes[place]!;
      values.push(defaultSQL === undefined ? column.codec.freezeValue(value) : undefined);
    }
  return values;
}

function updateParameters(
  before: readonly unknown[],
  { instance, changes }: Update,
  version: ColumnModel | undefined,
): unknown[] {
  const parameters = [...before];
  for (let place = 0; place < changes.length; place++) {
    const { column, value, defaultSQL } = changes[place]!;
    if (defaultSQL === undefined) parameters.push(encodedValue(column, value));
  }
  for (const part of keyParameters(instance)) parameters.push(part);
  if (version) parameters.push(instance.snapshot![version.index]);
  return parameters;
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
