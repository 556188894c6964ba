import { randomUUID } from "node:crypto";
import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import { LONG_INTEGER_TYPES } from "../../metadata/type-groups";
import type { Placeholders } from "./step";
import { missingKey } from "../state/errors";
import type { FilledProperties, Instance } from "../state/instance";
import type { UndoLog } from "../state/undo-log";
import { readBack } from "./read-back";
import { isTooLong } from "./row-batches";
import { currentValue, encodedValue, foreignKeysOf, propertiesOf } from "../state/values";

/** Rows of one INSERT. With more, the statement takes longer to prepare than it saves. */
const ROWS_A_STATEMENT = 500;

/** Inserts new rows, many in one statement, and sets generated values in their objects. */
export class Inserter {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #undoLog: UndoLog;
  #increment: number | undefined;

  constructor(connection: Statements, undoLog: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#undoLog = undoLog;
  }

  /**
   * Inserts rows of one table that do not depend on each other.
   *
   * @param placeholders values of foreign keys whose rows are inserted later
   */
  async insert(model: EntityModel, instances: readonly Instance[], placeholders?: Placeholders): Promise<void> {
    for (const group of grouped(model, instances, placeholders)) await this.#insertGroup(group);
  }

  async #insertGroup(group: InsertGroup): Promise<void> {
    const statements = new Map<number, string>();
    const { length } = group.rows;
    for (let from = 0, size = 0; from < length; from += size) {
      size = this.#rowsOfNext(group, length - from);
      let parameters = parametersOf(group, from, size);
      while (size > 1 && isTooLong(parameters, this.#dialect))
        parameters = parametersOf(group, from, (size = Math.ceil(size / 2)));
      let sql = statements.get(size);
      if (sql === undefined) statements.set(size, (sql = this.#sql(group, size)));
      if (this.#dialect.supportsInsertReturning) await this.#insertReturning(sql, parameters, group, from, size);
      else await this.#insertConsecutive(sql, parameters, group, from, size);
    }
  }

  #rowsOfNext({ columns }: InsertGroup, left: number): number {
    if (columns.length === 0) return 1;
    const most = Math.max(1, Math.floor(this.#dialect.parameterLimit / columns.length));
    return Math.min(left, most, ROWS_A_STATEMENT);
  }

  async #insertReturning(
    sql: string,
    parameters: readonly unknown[],
    group: InsertGroup,
    from: number,
    size: number,
  ): Promise<void> {
    const { generated, key } = group;
    if (generated.length === 0) {
      const sent = this.#connection.run(sql, parameters);
      if (sent instanceof Promise) await sent;
    }
    const sent = generated.length === 0 ? NO_ROWS : this.#connection.rows(sql, parameters);
    const rows = sent instanceof Promise ? await sent : sent;
    // Databases return the rows in the order of the INSERT, but none promises it. Keys are generated in that order.
    if (key && size > 1) inOrderOf(generated.indexOf(key), rows);
    for (let place = 0; place < size; place++) this.#inserted(group, from + place, generated, rows[place] ?? NO_ROW);
  }

  /** MySQL: the keys of one INSERT have a fixed distance, which a cluster sets to the number of its nodes. Other generated values are read, in one statement for many rows. */
  async #insertConsecutive(
    sql: string,
    parameters: readonly unknown[],
    group: InsertGroup,
    from: number,
    size: number,
  ): Promise<void> {
    const { lastId } = await this.#connection.run(sql, parameters);
    const { key, generated, instances } = group;
    const keys = key ? [key] : [];
    const increment = key && size > 1 ? await this.#keyIncrement() : 1;
    for (let place = 0; place < size; place++)
      this.#inserted(group, from + place, keys, key ? [consecutive(key, lastId, place * increment)] : NO_ROW);
    const others = generated.filter((column) => column !== key);
    if (others.length > 0) await readBack(this.#connection, group.model, others, instances.slice(from, from + size));
  }

  /** Read once in a flush: it is a variable of the connection. */
  async #keyIncrement(): Promise<number> {
    return (this.#increment ??= Number((await this.#connection.rows(this.#dialect.keyIncrement))[0]![0]));
  }

  #sql({ model, columns, generated }: InsertGroup, size: number): string {
    const returns = generated.length > 0 && this.#dialect.supportsInsertReturning;
    const tail = returns ? ` RETURNING ${generated.map((column) => column.selected(column.quoted)).join(", ")}` : "";
    if (columns.length === 0) return `INSERT INTO ${model.table} ${this.#dialect.defaultValues}${tail}`;
    let position = 0;
    const tuple = (): string => `(${columns.map(() => this.#dialect.placeholder(++position)).join(", ")})`;
    const tuples = Array.from({ length: size }, tuple).join(", ");
    return `INSERT INTO ${model.table} (${columns.map(({ quoted }) => quoted).join(", ")}) VALUES ${tuples}${tail}`;
  }

  /** Sets generated values in the object of an inserted row, and makes its snapshot. */
  #inserted(group: InsertGroup, place: number, generated: readonly ColumnModel[], returned: Row): void {
    const instance = group.instances[place]!;
    const before = group.before[place]!;
    const row = group.rows[place]!;
    const { entity } = instance;
    this.#undoLog.recordFilled(
      instance,
      before === NO_VALUES ? group.filled : { columns: group.filledOrNormalized, before },
    );
    if (before !== NO_VALUES)
      for (const column of group.normalized)
        if (before[column.index] !== row[column.index] && before[column.index] === column.read(entity))
          column.write(entity, row[column.index]);
    for (const column of group.settled)
      if (before[column.index] !== row[column.index] && !isTemporaryKey(group, instance, column, row[column.index]))
        column.write(entity, row[column.index]);
    for (const { index, codec } of group.frozen) row[index] = codec.freezeValue(row[index]);
    for (const index of group.unnamed) row[index] = null;
    for (const column of group.nulls) if (before[column.index] === undefined) column.write(entity, null);
    for (let position = 0; position < generated.length; position++) {
      const column = generated[position]!;
      const raw = normalKey(returned[position]);
      const { codec } = column;
      const value = codec.decode ? codec.decode(raw) : raw;
      row[column.index] = codec.plain ? value : codec.freezesValues ? codec.freezeValue(value) : codec.freeze(raw);
      column.write(entity, value);
    }
    instance.snapshot = row;
  }
}

const NO_PLACEHOLDERS: ReadonlyMap<ColumnModel, unknown> = new Map();
const NO_ROWS: Row[] = [];
/** The properties of an object in which none that is filled in had a value. */
const NO_VALUES: unknown[] = [];
const NO_ROW: Row = [];

/** Rows with values for the same columns, which one statement can insert. */
interface InsertGroup {
  readonly model: EntityModel;
  /** For each column of the entity, whether the INSERT has a value. */
  readonly named: readonly boolean[];
  /** The columns of the INSERT. */
  readonly columns: readonly ColumnModel[];
  /** Columns whose values the database generates. */
  readonly generated: readonly ColumnModel[];
  /** The auto-incremented one of them. */
  readonly key: ColumnModel | undefined;
  /** Columns of the INSERT whose value may differ from the property's. */
  readonly settled: readonly ColumnModel[];
  /** Columns of the INSERT whose value has another form in a snapshot. */
  readonly frozen: readonly ColumnModel[];
  /** Columns of the INSERT that may keep less of a value than was given. */
  readonly normalized: readonly ColumnModel[];
  /** The indexes of the columns without a value. */
  readonly unnamed: readonly number[];
  /** Columns without a value whose property becomes null. */
  readonly nulls: readonly ColumnModel[];
  /** The properties that the INSERT fills in. */
  readonly filled: FilledProperties;
  readonly filledOrNormalized: readonly ColumnModel[];
  readonly placeholders: Placeholders | undefined;
  readonly instances: Instance[];
  /** What the properties held before, column by column. */
  readonly before: (readonly unknown[])[];
  /** The values to insert, column by column; they become the snapshot. */
  readonly rows: unknown[][];
}

function grouped(model: EntityModel, instances: readonly Instance[], placeholders?: Placeholders): InsertGroup[] {
  const read = propertiesOf(model);
  const special = specialColumns(model);
  const normalizing = model.columns.filter(({ codec }) => codec.normalize !== undefined);
  const groups = new Map<string, InsertGroup>();
  let group: InsertGroup | undefined;
  for (let place = 0; place < instances.length; place++) {
    const instance = instances[place]!;
    const row = read(instance.entity);
    // Any other property that is filled in was undefined, or the INSERT would have its value.
    let before = special.some(({ index }) => row[index] !== undefined) ? row.slice() : NO_VALUES;
    for (const { index, codec } of normalizing) {
      const value = row[index];
      if (value === undefined || value === null) continue;
      const kept = codec.normalize!(value);
      if (kept === value) continue;
      if (before === NO_VALUES) before = row.slice();
      row[index] = kept;
    }
    for (const column of special) row[column.index] = insertValue(instance, column, row[column.index]);
    for (const [{ index }, value] of placeholders?.get(instance) ?? NO_PLACEHOLDERS)
      if (row[index] !== undefined) row[index] = value;
    if (!group || !names(group, row)) {
      const mask = row.map((value) => (value === undefined ? "0" : "1")).join("");
      group = groups.get(mask);
      if (!group) groups.set(mask, (group = groupOf(model, row, special, placeholders)));
    }
    group.instances.push(instance);
    group.before.push(before);
    group.rows.push(row);
  }
  return [...groups.values()];
}

function names({ named }: InsertGroup, row: readonly unknown[]): boolean {
  for (let index = 0; index < named.length; index++) if (named[index] !== (row[index] !== undefined)) return false;
  return true;
}

function groupOf(
  model: EntityModel,
  row: readonly unknown[],
  special: readonly ColumnModel[],
  placeholders: Placeholders | undefined,
): InsertGroup {
  const columns = model.columns.filter(({ index }) => row[index] !== undefined);
  const others = model.columns.filter(({ index }) => row[index] === undefined);
  const generated = others.filter(isGeneratedByDatabase);
  const settled = special.filter((column) => columns.includes(column) && !column.isVirtual);
  const nulls = others.filter(
    (column) =>
      !generated.includes(column) &&
      !column.isVirtual &&
      !column.isOfChild &&
      column.metadata.isNullable &&
      column.metadata.isSelect,
  );
  const normalized = columns.filter((column) => column.codec.normalize && !column.isVirtual);
  const filled = [...settled, ...nulls, ...generated.filter(({ isVirtual }) => !isVirtual)];
  return {
    model,
    named: row.map((value) => value !== undefined),
    columns,
    generated,
    key: generated.find(
      ({ isPrimary, isGenerated, metadata }) => isPrimary && isGenerated && metadata.generationStrategy !== "uuid",
    ),
    settled,
    frozen: columns.filter(({ codec }) => !codec.plain),
    unnamed: others.map(({ index }) => index),
    nulls,
    normalized,
    filled: { columns: filled, before: NO_VALUES },
    filledOrNormalized: [...filled, ...normalized.filter((column) => !filled.includes(column))],
    placeholders,
    instances: [],
    before: [],
    rows: [],
  };
}

function parametersOf({ columns, rows }: InsertGroup, from: number, size: number): unknown[] {
  const parameters = new Array<unknown>(columns.length * size);
  let position = 0;
  for (let place = from; place < from + size; place++) {
    const row = rows[place]!;
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at]!;
      parameters[position++] = encodedValue(column, row[column.index]);
    }
  }
  return parameters;
}

const specials = new WeakMap<EntityModel, readonly ColumnModel[]>();

/** Columns whose value in an INSERT may differ from the property's. */
function specialColumns(model: EntityModel): readonly ColumnModel[] {
  let columns = specials.get(model);
  if (!columns) {
    const keys = foreignKeysOf(model);
    columns = model.columns.filter(
      (column) =>
        keys[column.index] !== undefined ||
        column.isVirtual ||
        column.isPrimary ||
        column.metadata.isDiscriminator ||
        column.metadata.isVersion ||
        column.isGenerated ||
        !isInsertable(column),
    );
    specials.set(model, columns);
  }
  return columns;
}

/** The value of a column in an INSERT; undefined where the INSERT leaves it out. */
function insertValue(instance: Instance, column: ColumnModel, before: unknown): unknown {
  const { metadata } = column;
  if (!isInsertable(column)) return undefined;
  if (metadata.isDiscriminator) return instance.model.metadata.discriminatorValue;
  const value = instance.related === undefined && !column.isVirtual ? before : currentValue(instance, column);
  if (metadata.isVersion) return value ?? 1;
  if (value !== undefined && !(value === null && column.isGenerated && !metadata.isNullable)) return value;
  if (metadata.generationStrategy === "uuid") return randomUUID();
  if (column.isPrimary && !column.hasDefault) throw missingKey(instance.entity, column);
  return undefined;
}

function isInsertable({ isOfChild, metadata }: ColumnModel): boolean {
  return !isOfChild && metadata.isInsert !== false && metadata.asExpression === undefined;
}

function isGeneratedByDatabase(column: ColumnModel): boolean {
  // The columns of a tree have no property to set.
  return (column.hasDefault && !column.isVirtual && !column.isOfChild) || (column.isPrimary && column.isGenerated);
}

/** Whether NULL or a placeholder is inserted for the key of a row that is inserted later: the UPDATE sets the property. */
function isTemporaryKey(
  { placeholders }: InsertGroup,
  instance: Instance,
  column: ColumnModel,
  value: unknown,
): boolean {
  if (placeholders?.get(instance)?.has(column)) return true;
  const key = value === null ? foreignKeysOf(instance.model)[column.index] : undefined;
  const reference = key && instance.reference(key.relation);
  return Boolean(reference?.isChanged && reference.entity);
}

/** Sorts rows by an auto-incremented key, unless they are sorted already. */
function inOrderOf(place: number, rows: Row[]): void {
  const isBefore = (left: Row, right: Row): boolean => BigInt(left[place] as number) <= BigInt(right[place] as number);
  for (let index = 1; index < rows.length; index++)
    if (
      typeof rows[index]![place] === "number"
        ? (rows[index]![place] as number) < (rows[index - 1]![place] as number)
        : !isBefore(rows[index - 1]!, rows[index]!)
    ) {
      rows.sort((left, right) => (isBefore(left, right) ? -1 : 1));
      return;
    }
}

/** The key of a row of an INSERT, in the form in which a query returns it. */
function consecutive({ metadata: { type } }: ColumnModel, first: unknown, distance: number): unknown {
  const key = BigInt(first as number | string) + BigInt(distance);
  return LONG_INTEGER_TYPES.has(type) ? String(key) : Number(key);
}

/** better-sqlite3 returns a rowid as a bigint where the DataSource sets `safeIntegers`. */
function normalKey(raw: unknown): unknown {
  return typeof raw === "bigint" && Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
}
