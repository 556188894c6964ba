import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { RowUpdate } from "../../dialect/row-updates";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Update } from "../flush/change-set";
import type { Change } from "../state/changes";
import { rowGone, staleRow } from "../state/errors";
import { groupBy } from "../../groups";
import type { UndoLog } from "../state/undo-log";
import { encodedValue, foreignKeysOf, keyParameters } from "../state/values";
import { withClause, type ReferencingUpdate } from "./key-change";
import { readBack } from "./read-back";
import { lengthOfValues, rowBatches } from "./row-batches";
import { lockVersions, refuseMissing } from "./row-checks";

/** Fewer rows are as fast one by one, and easier to read in a log. */
const FEWEST_TOGETHER = 5;
/** Rows of one statement. MySQL compares the key of each row with those of the others. */
const MOST_TOGETHER = 400;

/** Updates rows, and sets versions and generated values in their objects. */
export class Updater {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #undoLog: UndoLog;

  constructor(connection: Statements, undoLog: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#undoLog = undoLog;
  }

  /** Updates rows of one table that do not depend on each other. */
  async update(model: EntityModel, updates: readonly Update[]): Promise<void> {
    for (const group of groupByChanges(updates)) await this.updateGroup(model, group);
  }

  /**
   * @param updates updates of the same columns
   * @param referencing UPDATEs of referencing rows, to be part of the statement
   */
  async updateGroup(
    model: EntityModel,
    updates: readonly Update[],
    referencing: readonly ReferencingUpdate[] = [],
  ): Promise<void> {
    const group = this.#groupOf(model, updates);
    // Taken before it is sent, so that a change in the meantime is left to the next flush.
    const sent = snapshotValues(updates);
    const areTogether = referencing.length === 0 && (await this.#updateTogether(group));
    const returned = areTogether ? undefined : await this.#updateEach(group, referencing);
    const width = updates[0]!.changes.length;
    for (let place = 0; place < updates.length; place++)
      this.#updated(updates[place]!, sent, place * width, group.counted, group.generated, returned?.[place]);
    if (group.generated.length > 0 && !returned)
      await readBack(
        this.#connection,
        model,
        group.generated,
        updates.map(({ instance }) => instance),
      );
  }

  #groupOf(model: EntityModel, updates: readonly Update[]): UpdateGroup {
    const { changes } = updates[0]!;
    const columns = changes.map(({ column }) => column);
    const { version } = model;
    const touched = columns.some((column) => column.metadata.isUpdateDate)
      ? undefined
      : model.columns.find(({ metadata }) => metadata.isUpdateDate);
    const defaults = new Set(changes.filter(isDefault).map(({ column }) => column));
    const assignments = changes.flatMap(({ column, defaultSQL: sql }) =>
      sql === undefined ? [] : `${column.quoted} = ${sql}`,
    );
    // A version that was assigned is written as it is.
    const counted = version && !columns.includes(version) ? version : undefined;
    if (counted) assignments.push(`${counted.quoted} = ${counted.quoted} + 1`);
    if (touched) assignments.push(`${touched.quoted} = ${this.#dialect.now(touched.metadata.precision)}`);
    return {
      model,
      updates,
      columns: columns.filter((column) => !defaults.has(column)),
      assignments,
      counted,
      generated: model.columns.filter(
        (column) =>
          column === touched ||
          column.metadata.asExpression !== undefined ||
          defaults.has(column) ||
          (column.metadata.onUpdate !== undefined && !columns.includes(column)),
      ),
      rows: updates.map(rowUpdateOf),
    };
  }

  /** Updates many rows with one statement. Returns whether it did. Throws for a row that was not updated. */
  async #updateTogether({ model, updates, columns, assignments, rows }: UpdateGroup): Promise<boolean> {
    const { updateRows, parameterLimit, statementLength } = this.#dialect;
    if (!updateRows || rows.length < FEWEST_TOGETHER || columns.length === 0) return false;
    const { table, primary, version } = model;
    const key = primary.map(({ quoted, databaseType }) => ({ quoted, type: databaseType }));
    // MySQL needs the key once for each column, and once more.
    const width = columns.length * (key.length + 1) + key.length;
    const most = Math.min(MOST_TOGETHER, Math.floor(parameterLimit / width));
    let from = 0;
    for (const batch of rowBatches(rows, most, statementLength, ({ values }) => lengthOfValues(values))) {
      const statement = updateRows({
        ...{ table, key, columns: columns.map(({ quoted }) => quoted), assignments },
        rows: batch,
      });
      if (!statement) return false;
      const instances = updates.slice(from, (from += batch.length)).map(({ instance }) => instance);
      if (version) await lockVersions(this.#connection, model, version, instances);
      const { changes } = await this.#connection.run(statement.sql, statement.parameters);
      if (changes < batch.length) await refuseMissing(this.#connection, model, instances, changes);
    }
    return true;
  }

  /**
   * Updates rows one by one; returns the rows of RETURNING, where the database has it and there is something to return. Throws for a
   * row that was not updated.
   */
  async #updateEach(
    { model, updates, columns, assignments, generated, rows }: UpdateGroup,
    referencing: readonly ReferencingUpdate[],
  ): Promise<Row[] | undefined> {
    const { version } = model;
    const { lead, parameters: before } = withClause(referencing);
    let position = before.length;
    const put = ({ quoted }: ColumnModel): string => `${quoted} = ${this.#dialect.placeholder(++position)}`;
    const sets = [...columns.map(put), ...assignments].join(", ");
    const where = (version ? [...model.primary, version] : model.primary).map(put).join(" AND ");
    const sql = `${lead}UPDATE ${model.table} SET ${sets} WHERE ${where}`;
    const batches = rows.map(({ values, key }, place) => {
      const parameters = [...before, ...values, ...key];
      if (version) parameters.push(updates[place]!.instance.snapshot![version.index]);
      return parameters;
    });
    const refuse = (place: number): never => {
      const { entity } = updates[place]!.instance;
      throw version ? staleRow(entity) : rowGone(entity);
    };
    if (generated.length === 0 || !this.#dialect.supportsUpdateReturning) {
      const ran = this.#connection.runMany(sql, batches);
      const changes = ran instanceof Promise ? await ran : ran;
      const missed = changes.indexOf(0);
      return missed >= 0 ? refuse(missed) : undefined;
    }
    const returned: Row[] = [];
    const returning = `${sql} RETURNING ${generated.map((column) => column.selected(column.quoted)).join(", ")}`;
    for (let place = 0; place < batches.length; place++) {
      const sent = this.#connection.rows(returning, batches[place]);
      const [row] = sent instanceof Promise ? await sent : sent;
      returned.push(row ?? refuse(place));
    }
    return returned;
  }

  /**
   * @param from where the values of this update begin in `sent`
   * @param counted the version column, where the statement counts it
   */
  #updated(
    { instance, changes }: Update,
    sent: readonly unknown[],
    from: number,
    counted: ColumnModel | undefined,
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
    if (counted) {
      const next = Number(snapshot[counted.index]) + 1;
      snapshot[counted.index] = next;
      counted.write(entity, next);
    }
    if (returned)
      generated.forEach((column, place) => {
        snapshot[column.index] = column.codec.freeze(returned[place]);
        column.write(entity, column.codec.thaw(snapshot[column.index]));
      });
    instance.snapshot = snapshot;
  }
}

/** Updates that write the same columns. */
interface UpdateGroup {
  readonly model: EntityModel;
  readonly updates: readonly Update[];
  /** The columns to which each row gets a value of its own. */
  readonly columns: readonly ColumnModel[];
  /** What is assigned to every row: defaults, the next version, the time. */
  readonly assignments: readonly string[];
  /** The version column, where the statement counts it. */
  readonly counted: ColumnModel | undefined;
  /** The columns whose values the database makes. */
  readonly generated: readonly ColumnModel[];
  /** Keys and values as they are sent. */
  readonly rows: readonly RowUpdate[];
}

function rowUpdateOf({ instance, changes }: Update): RowUpdate {
  const values: unknown[] = [];
  for (let place = 0; place < changes.length; place++) {
    const { column, value, defaultSQL } = changes[place]!;
    if (defaultSQL === undefined) values.push(encodedValue(column, value));
  }
  return { key: keyParameters(instance), values };
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
