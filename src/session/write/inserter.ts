import { randomUUID } from "node:crypto";
import type { Dialect, Row, Statements } from "../../dialect/dialect";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { Placeholders } from "../flush/flush-plan";
import { missingKey } from "../state/errors";
import type { Instance, Reference } from "../state/instance";
import type { Filled, UndoLog } from "../rollback/undo-log";
import { readBack } from "./read-back";
import { currentValue, encodedValue, foreignKeysOf, propertiesOf } from "../state/values";

/** Rows that one INSERT carries; with more, the statement costs more to prepare than it saves. */
const ROWS_A_STATEMENT = 500;

/** Writes new rows: many in one statement, and what the database made of them back into their objects. */
export class Inserter {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #journal: UndoLog;

  constructor(connection: Statements, journal: UndoLog) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#journal = journal;
  }

  /**
   * Inserts rows of one table that do not need each other.
   *
   * @param standIns what foreign keys hold until the rows are there that they are to point at
   */
  async insert(model: EntityModel, instances: readonly Instance[], standIns?: Placeholders): Promise<void> {
    for (const group of grouped(model, instances, standIns)) await this.#insertGroup(group);
  }

  async #insertGroup(group: InsertGroup): Promise<void> {
    const statements = new Map<number, string>();
    const { length } = group.rows;
    for (let from = 0, size = 0; from < length; from += size) {
      size = this.#rowsOfNext(group, length - from);
      let sql = statements.get(size);
      if (sql === undefined) statements.set(size, (sql = this.#sql(group, size)));
      const parameters = parametersOf(group, from, size);
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
    const { made, key } = group;
    if (made.length === 0) {
      const sent = this.#connection.run(sql, parameters);
      if (sent instanceof Promise) await sent;
    }
    const sent = made.length === 0 ? NO_ROWS : this.#connection.rows(sql, parameters);
    const rows = sent instanceof Promise ? await sent : sent;
    // Rows are given back as they went in, though no database promises it; keys are made in that order.
    if (key && size > 1) inOrderOf(made.indexOf(key), rows);
    for (let place = 0; place < size; place++) this.#inserted(group, from + place, made, rows[place] ?? NO_ROW);
  }

  /** MySQL: the rows of one INSERT get consecutive keys; what else was made is read, in one statement for many rows. */
  async #insertConsecutive(
    sql: string,
    parameters: readonly unknown[],
    group: InsertGroup,
    from: number,
    size: number,
  ): Promise<void> {
    const { lastId } = await this.#connection.run(sql, parameters);
    const { key, made, instances } = group;
    const keys = key ? [key] : [];
    for (let place = 0; place < size; place++)
      this.#inserted(group, from + place, keys, key ? [Number(lastId) + place] : NO_ROW);
    const others = made.filter((column) => column !== key);
    if (others.length > 0) await readBack(this.#connection, group.model, others, instances.slice(from, from + size));
  }

  #sql({ model, columns, made }: InsertGroup, size: number): string {
    const returns = made.length > 0 && this.#dialect.supportsInsertReturning;
    const tail = returns ? ` RETURNING ${made.map((column) => column.selected(column.quoted)).join(", ")}` : "";
    if (columns.length === 0) return `INSERT INTO ${model.table} ${this.#dialect.defaultValues}${tail}`;
    let position = 0;
    const tuple = (): string => `(${columns.map(() => this.#dialect.placeholder(++position)).join(", ")})`;
    const tuples = Array.from({ length: size }, tuple).join(", ");
    return `INSERT INTO ${model.table} (${columns.map(({ quoted }) => quoted).join(", ")}) VALUES ${tuples}${tail}`;
  }

  /** The row is there: the object learns what the database made, and what it holds is remembered. */
  #inserted(group: InsertGroup, place: number, made: readonly ColumnModel[], returned: Row): void {
    const instance = group.instances[place]!;
    const before = group.held[place]!;
    const row = group.rows[place]!;
    const { entity } = instance;
    this.#journal.filling(instance, before === NOTHING_HELD ? group.filled : { ...group.filled, held: before });
    for (const column of group.settled)
      if (before[column.index] !== row[column.index] && !isToCome(group, instance, column, row[column.index]))
        column.write(entity, row[column.index]);
    for (const { index, codec } of group.frozen) row[index] = codec.freezeValue(row[index]);
    for (const index of group.unnamed) row[index] = null;
    for (const column of group.nulls) if (before[column.index] === undefined) column.write(entity, null);
    for (let position = 0; position < made.length; position++) {
      const column = made[position]!;
      const raw = normalKey(returned[position]);
      const { codec } = column;
      const value = codec.decode ? codec.decode(raw) : raw;
      row[column.index] = codec.plain ? value : codec.freezesValues ? codec.freezeValue(value) : codec.freeze(raw);
      column.write(entity, value);
    }
    instance.snapshot = row;
  }
}

const NOTHING: ReadonlyMap<ColumnModel, unknown> = new Map();
const NO_ROWS: Row[] = [];
/** What an object holds of which nothing that is filled in has a value. */
const NOTHING_HELD: unknown[] = [];
const NO_ROW: Row = [];

/** Rows that name the same columns, and so go into one statement. */
interface InsertGroup {
  readonly model: EntityModel;
  /** For each column of the entity, whether the INSERT names it. */
  readonly named: readonly boolean[];
  /** Columns that the INSERT names. */
  readonly columns: readonly ColumnModel[];
  /** Columns that the database makes and the object has to learn. */
  readonly made: readonly ColumnModel[];
  /** The one of them that counts up. */
  readonly key: ColumnModel | undefined;
  /** Named columns whose value is not simply what the property holds. */
  readonly settled: readonly ColumnModel[];
  /** Named columns that are remembered in another form than the value's own. */
  readonly frozen: readonly ColumnModel[];
  /** The places of the columns that the INSERT does not name. */
  readonly unnamed: readonly number[];
  /** Columns that are NULL because the INSERT does not name them, and whose property should say so. */
  readonly nulls: readonly ColumnModel[];
  /** Columns whose properties the INSERT may fill in. */
  readonly filled: Filled;
  readonly standIns: Placeholders | undefined;
  readonly instances: Instance[];
  /** What the properties held, column by column. */
  readonly held: (readonly unknown[])[];
  /** What is inserted, column by column; in the end what is remembered of the row. */
  readonly rows: unknown[][];
}

function grouped(model: EntityModel, instances: readonly Instance[], standIns?: Placeholders): InsertGroup[] {
  const read = propertiesOf(model);
  const special = specialColumns(model);
  const groups = new Map<string, InsertGroup>();
  let group: InsertGroup | undefined;
  for (let place = 0; place < instances.length; place++) {
    const instance = instances[place]!;
    const row = read(instance.entity);
    // Whatever else is filled in was undefined, or the INSERT would have named it.
    const held = special.some(({ index }) => row[index] !== undefined) ? row.slice() : NOTHING_HELD;
    for (const column of special) row[column.index] = insertValue(instance, column, row[column.index]);
    for (const [{ index }, value] of standIns?.get(instance) ?? NOTHING)
      if (row[index] !== undefined) row[index] = value;
    if (!group || !names(group, row)) {
      const mask = row.map((value) => (value === undefined ? "0" : "1")).join("");
      group = groups.get(mask);
      if (!group) groups.set(mask, (group = groupOf(model, row, special, standIns)));
    }
    group.instances.push(instance);
    group.held.push(held);
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
  standIns: Placeholders | undefined,
): InsertGroup {
  const columns = model.columns.filter(({ index }) => row[index] !== undefined);
  const others = model.columns.filter(({ index }) => row[index] === undefined);
  const made = others.filter(isMade);
  const settled = special.filter((column) => columns.includes(column) && !column.isVirtual);
  const nulls = others.filter(
    (column) =>
      !made.includes(column) &&
      !column.isVirtual &&
      !column.isOfChild &&
      column.metadata.isNullable &&
      column.metadata.isSelect,
  );
  return {
    model,
    named: row.map((value) => value !== undefined),
    columns,
    made,
    key: made.find(({ isPrimary, metadata }) => isPrimary && metadata.generationStrategy === "increment"),
    settled,
    frozen: columns.filter(({ codec }) => !codec.plain),
    unnamed: others.map(({ index }) => index),
    nulls,
    filled: { columns: [...settled, ...nulls, ...made.filter(({ isVirtual }) => !isVirtual)], held: NOTHING_HELD },
    standIns,
    instances: [],
    held: [],
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

/** Columns of which an INSERT has to know more than what the property holds. */
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
        column.metadata.isGenerated ||
        !isInsertable(column),
    );
    specials.set(model, columns);
  }
  return columns;
}

/** What an INSERT names for a column; undefined where it does not name it. */
function insertValue(instance: Instance, column: ColumnModel, held: unknown): unknown {
  const { metadata } = column;
  if (!isInsertable(column)) return undefined;
  if (metadata.isDiscriminator) return instance.model.metadata.discriminatorValue;
  if (metadata.isVersion) return 1;
  const value = instance.related === undefined && !column.isVirtual ? held : currentValue(instance, column);
  if (value !== undefined && !(value === null && metadata.isGenerated)) return value;
  if (metadata.generationStrategy === "uuid") return randomUUID();
  if (column.isPrimary && !column.hasDefault) throw missingKey(instance.entity, column);
  return undefined;
}

function isInsertable({ isOfChild, metadata }: ColumnModel): boolean {
  return !isOfChild && metadata.isInsert !== false && metadata.asExpression === undefined;
}

function isMade(column: ColumnModel): boolean {
  // Nobody sees what a tree's bookkeeping begins with.
  return (
    (column.hasDefault && !column.isVirtual && !column.isOfChild) || (column.isPrimary && column.metadata.isGenerated)
  );
}

/** Whether NULL, or something else, stands for the key of a row that is still to be inserted: the property waits for the UPDATE that says it. */
function isToCome({ standIns }: InsertGroup, instance: Instance, column: ColumnModel, value: unknown): boolean {
  if (standIns?.get(instance)?.has(column)) return true;
  const key = value === null ? foreignKeysOf(instance.model)[column.index] : undefined;
  const reference = key && (instance.relatedBy(key.relation) as Reference | undefined);
  return Boolean(reference?.assigned && reference.entity);
}

/** Sorts rows by a key that counts up, where they are not sorted by it already. */
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

/** better-sqlite3 gives a rowid as a bigint where the DataSource asked for safe integers. */
function normalKey(raw: unknown): unknown {
  return typeof raw === "bigint" && Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
}
