import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel, JunctionModel } from "../../metadata/model";
import type { Change } from "../flush/change-set";
import { rowGone, staleRow } from "../state/errors";
import { groupBy } from "../../groups";
import { followingStatements, leading, ownFollowers, type ReferencingRow, type FollowingStatement } from "./key-change";
import type { Placeholders } from "../flush/flush-plan";
import { Inserter } from "./inserter";
import type { Instance } from "../state/instance";
import type { UndoLog } from "../rollback/undo-log";
import { park, type TemporaryValues } from "./temporary-values";
import { keysAmong, batchesOf, readBack } from "./read-back";
import { currentValue, encodedValue, foreignKeysOf, keyParameters, storedValue } from "../state/values";

/** A row to be written anew over one that is there. */
export interface Update {
  readonly instance: Instance;
  readonly changes: readonly Change[];
}

/** A pair of rows of a join table. */
export interface Link {
  readonly junction: JunctionModel;
  readonly owner: Instance;
  readonly target: Instance;
}

/** Writes rows: turns objects into statements, and what the database made of them back into objects. */
export class Persister {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #journal: UndoLog;
  /** Foreign keys are not looked at before the transaction ends. */
  #deferring = false;

  constructor(connection: Statements, journal: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#journal = journal;
  }

  /** Inserts rows of one table that do not need each other, or have something in the place of each other's keys. */
  insert(model: EntityModel, instances: readonly Instance[], standIns?: Placeholders): Promise<void> {
    const inserter = new Inserter(this.#connection, this.#journal);
    if (!standIns) return inserter.insert(model, instances);
    return this.#pointingNowhere(() => inserter.insert(model, instances, standIns));
  }

  async update(model: EntityModel, updates: readonly Update[]): Promise<void> {
    for (const group of groupByChanges(updates)) await this.#updateGroup(model, group);
  }

  /** Writes a row whose key changes; those that point at it follow. */
  updateKey(model: EntityModel, update: Update, followers: readonly ReferencingRow[]): Promise<void> {
    return this.#followed(update, followers, false, (following, own) =>
      this.#updateGroup(model, [{ ...update, changes: [...update.changes, ...own] }], following),
    );
  }

  /** Gives a row another key for a moment; those that point at it follow. */
  parkKey(parking: TemporaryValues, followers: readonly ReferencingRow[]): Promise<void> {
    const { instance, pointsNowhere } = parking;
    return this.#followed({ instance, changes: [parking] }, followers, pointsNowhere, (following, own) =>
      park(this.#connection, this.#journal, parking, following, own),
    );
  }

  /** @param pointsNowhere whether the key is a foreign key that for the moment points at no row */
  async #followed(
    update: Update,
    followers: readonly ReferencingRow[],
    pointsNowhere: boolean,
    write: (following: readonly FollowingStatement[], own: readonly Change[]) => Promise<void>,
  ): Promise<void> {
    const own = ownFollowers(update, followers);
    const { onlyDeferrable } = this.#dialect.deferredConstraints;
    const byDatabase = followers.every((one) => one.byDatabase);
    const following = byDatabase
      ? []
      : followingStatements(this.#connection, followers, update.instance, onlyDeferrable);
    // One statement, at whose end the foreign keys are looked at, whether they are deferrable or not.
    const together = onlyDeferrable ? following : [];
    // On MySQL and MariaDB a row that points at itself is in its own way.
    const isUnchecked = pointsNowhere || (!onlyDeferrable && own.length > 0);
    const before = onlyDeferrable ? [] : following;
    if (before.length > 0 || isUnchecked)
      await this.#pointingNowhere(async () => {
        for (const { sql, parameters } of before) await this.#connection.run(sql, parameters);
        if (isUnchecked) await write(together, own);
      });
    if (!isUnchecked) await write(together, own);
  }

  async delete(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    if (model.version) await this.#deleteVersions(model, model.version, instances);
    else await this.#deleteRows(model, instances);
    for (const instance of instances) {
      this.#journal.record(instance);
      instance.deletion = "sent";
    }
  }

  /** Rows that are gone already are no error: they were to go. */
  async #deleteRows(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    for (const portion of batchesOf(instances, model, this.#dialect)) {
      const { sql, parameters } = keysAmong(this.#dialect, model, portion.map(keyParameters));
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

  /** Gives rows another value for a moment. */
  async park(parkings: readonly TemporaryValues[]): Promise<void> {
    const write = async (): Promise<void> => {
      for (const parking of parkings) await park(this.#connection, this.#journal, parking);
    };
    return parkings.some(({ pointsNowhere }) => pointsNowhere) ? this.#pointingNowhere(write) : write();
  }

  /** Writes foreign keys that for the moment point at no row. */
  async #pointingNowhere(write: () => Promise<void>): Promise<void> {
    const { begin, end } = this.#dialect.deferredConstraints;
    if (!this.#deferring) await this.#connection.run(begin);
    this.#deferring = end === undefined;
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
      // A side that was not loaded does not know whether the pair is there already.
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

  /** @param following what is to be written in the same statement */
  async #updateGroup(
    model: EntityModel,
    updates: readonly Update[],
    following: readonly FollowingStatement[] = [],
  ): Promise<void> {
    const columns = updates[0]!.changes.map(({ column }) => column);
    const { version } = model;
    const touched = columns.some((column) => column.metadata.isUpdateDate)
      ? undefined
      : model.columns.find(({ metadata }) => metadata.isUpdateDate);
    const defaults = new Set(updates[0]!.changes.filter(isMade).map(({ column }) => column));
    const made = model.columns.filter(
      (column) => column === touched || column.metadata.asExpression !== undefined || defaults.has(column),
    );
    const { lead, parameters: before } = leading(following);
    let position = before.length;
    const sets = updates[0]!.changes.map(
      ({ column, made: sql }) => `${column.quoted} = ${sql ?? this.#dialect.placeholder(++position)}`,
    );
    if (version) sets.push(`${version.quoted} = ${version.quoted} + 1`);
    if (touched) sets.push(`${touched.quoted} = ${this.#dialect.now(touched.metadata.precision)}`);
    const where = this.#keyCondition(model, version, position);
    const sql = `${lead}UPDATE ${model.table} SET ${sets.join(", ")} WHERE ${where}`;
    const batches = updates.map((update) => updateParameters(before, update, version));
    // Remembered as it is sent: what is changed in the meantime is for the next flush to find.
    const sent = rememberedOf(updates);
    const returned = await this.#runUpdates(sql, batches, updates, made, version !== undefined);
    for (let place = 0; place < updates.length; place++)
      this.#updated(updates[place]!, sent, place * columns.length, version, made, returned?.[place]);
    if (made.length > 0 && !returned)
      await readBack(
        this.#connection,
        model,
        made,
        updates.map(({ instance }) => instance),
      );
  }

  /** The rows that RETURNING gave, where the database can; what it refuses is an error. */
  async #runUpdates(
    sql: string,
    batches: readonly unknown[][],
    updates: readonly Update[],
    made: readonly ColumnModel[],
    versioned: boolean,
  ): Promise<Row[] | undefined> {
    if (made.length === 0 || !this.#dialect.supportsUpdateReturning) {
      const ran = this.#connection.runMany(sql, batches);
      const changes = ran instanceof Promise ? await ran : ran;
      const missed = changes.indexOf(0);
      if (missed >= 0) this.#refused(updates[missed]!.instance, versioned);
      return undefined;
    }
    const rows: Row[] = [];
    const returning = `${sql} RETURNING ${made.map((column) => column.selected(column.quoted)).join(", ")}`;
    for (let index = 0; index < batches.length; index++) {
      const sent = this.#connection.rows(returning, batches[index]);
      const [row] = sent instanceof Promise ? await sent : sent;
      if (!row) this.#refused(updates[index]!.instance, versioned);
      rows.push(row!);
    }
    return rows;
  }

  /** @param from where what was sent of this one begins */
  #updated(
    { instance, changes }: Update,
    sent: readonly unknown[],
    from: number,
    version: ColumnModel | undefined,
    made: readonly ColumnModel[],
    returned: Row | undefined,
  ): void {
    this.#journal.record(instance);
    const { entity } = instance;
    const keys = foreignKeysOf(instance.model);
    const snapshot = instance.snapshot!.slice();
    for (let place = 0; place < changes.length; place++) {
      const { column, value, made: sql, forNow } = changes[place]!;
      if (sql !== undefined) continue;
      snapshot[column.index] = sent[from + place];
      if (forNow) continue;
      // Only the key of a relation is not what the property holds already.
      if ((keys[column.index] || instance.replaces) && column.read(entity) !== value) column.write(entity, value);
    }
    if (version) {
      const next = Number(snapshot[version.index]) + 1;
      snapshot[version.index] = next;
      version.write(entity, next);
    }
    if (returned)
      made.forEach((column, place) => {
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

function isMade({ made }: Change): boolean {
  return made !== undefined;
}

/** Updates of the same columns, which one statement writes. */
function groupByChanges(updates: readonly Update[]): Update[][] {
  let last: readonly Change[] = [];
  let key = "";
  return [
    ...groupBy(updates, ({ changes }) => {
      if (!areOfSameColumns(changes, last)) {
        last = changes;
        key = changes.map(({ column, made }) => `${column.index}${made ? "=" : ""}`).join(",");
      }
      return key;
    }).values(),
  ];
}

function areOfSameColumns(left: readonly Change[], right: readonly Change[]): boolean {
  if (left.length !== right.length) return false;
  for (let place = 0; place < left.length; place++)
    if (left[place]!.column !== right[place]!.column || isMade(left[place]!) !== isMade(right[place]!)) return false;
  return true;
}

/** What is remembered of what an update writes, change by change. */
function rememberedOf(updates: readonly Update[]): unknown[] {
  const remembered: unknown[] = [];
  for (const { changes } of updates)
    for (let place = 0; place < changes.length; place++) {
      const { column, value, made } = changes[place]!;
      remembered.push(made === undefined ? column.codec.freezeValue(value) : undefined);
    }
  return remembered;
}

function updateParameters(
  before: readonly unknown[],
  { instance, changes }: Update,
  version: ColumnModel | undefined,
): unknown[] {
  const parameters = [...before];
  for (let place = 0; place < changes.length; place++) {
    const { column, value, made } = changes[place]!;
    if (made === undefined) parameters.push(encodedValue(column, value));
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
