import { randomUUID } from "node:crypto";
import type { Connection, Dialect, Row } from "../dialect/dialect";
import type { ColumnModel, EntityModel, JunctionModel } from "../metadata/model";
import { connected } from "../query/expression";
import type { Change } from "./change-set";
import { missingKey, rowGone, staleRow } from "./errors";
import type { Instance } from "./instance";
import type { Journal } from "./journal";
import { park, type Parking } from "./parking";
import { currentValue, encodedValue, storedKeyValues } from "./values";

/** A row to be written anew over one that is there. */
export interface Update {
  readonly instance: Instance;
  readonly changes: readonly Change[];
}

/** What is needed of a connection to write rows. */
export type Statements = Pick<Connection, "dialect" | "rows" | "run" | "runMany">;

/** A pair of rows of a join table. */
export interface Link {
  readonly junction: JunctionModel;
  readonly owner: Instance;
  readonly target: Instance;
}

/** Rows that one INSERT carries; with more, the statement costs more to prepare than it saves. */
const ROWS_A_STATEMENT = 500;
/** Rows whose made columns are read in one statement. */
const READ_BACK = 5_000;

/** Writes rows: turns objects into statements, and what the database made of them back into objects. */
export class Persister {
  readonly #connection: Statements;
  readonly #dialect: Dialect;
  readonly #journal: Journal;

  constructor(connection: Statements, journal: Journal) {
    this.#connection = connection;
    this.#dialect = connection.dialect;
    this.#journal = journal;
  }

  /** Inserts rows of one table that do not need each other. */
  async insert(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    for (const group of groupByColumns(model, instances)) await this.#insertGroup(model, group);
  }

  async update(model: EntityModel, updates: readonly Update[]): Promise<void> {
    for (const group of groupByChanges(updates)) await this.#updateGroup(model, group);
  }

  async delete(model: EntityModel, instances: readonly Instance[]): Promise<void> {
    const { version } = model;
    const where = this.#keyCondition(model, version);
    const sql = `DELETE FROM ${model.table} WHERE ${where}`;
    const batches = instances.map((instance) => this.#keyParameters(instance, version));
    const ran = this.#connection.runMany(sql, batches);
    const { changes } = ran instanceof Promise ? await ran : ran;
    if (version) changes.forEach((count, index) => count === 0 && this.#refused(instances[index]!, true));
    for (const instance of instances) {
      this.#journal.record(instance);
      instance.deletion = "sent";
    }
  }

  /** Gives rows another value for a moment. */
  park(parkings: readonly Parking[]): Promise<void> {
    return park(this.#connection, this.#journal, parkings);
  }

  async link(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget].map(({ quoted }) => quoted);
      const tuple = columns.map((_, index) => this.#dialect.placeholder(index + 1)).join(", ");
      // A side that was not loaded does not know whether the pair is there already.
      const unlessPresent = this.#dialect.unlessPresent(columns[0]!);
      const sql = `INSERT INTO ${junction.table} (${columns.join(", ")}) VALUES (${tuple})${unlessPresent}`;
      await this.#connection.runMany(sql, group.map(linkParameters));
    }
  }

  async unlink(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget].map(({ quoted }) => quoted);
      const where = columns.map((column, index) => `${column} = ${this.#dialect.placeholder(index + 1)}`).join(" AND ");
      await this.#connection.runMany(`DELETE FROM ${junction.table} WHERE ${where}`, group.map(linkParameters));
    }
  }

  // INSERT

  async #insertGroup(model: EntityModel, group: InsertGroup): Promise<void> {
    switch (this.#dialect.generatedKeys) {
      case "last-id":
        return this.#insertOneByOne(model, group);
      case "returning":
        return this.#insertChunks(group, (rows) => this.#insertReturning(model, group, rows));
      case "consecutive":
        return this.#insertChunks(group, (rows) => this.#insertConsecutive(model, group, rows));
    }
  }

  /** SQLite: one prepared statement a row is as fast as it gets, and the driver tells each key. */
  async #insertOneByOne(model: EntityModel, { columns, made, rows }: InsertGroup): Promise<void> {
    const key = rowidAmong(made);
    const asTheyAre = columns.every(({ codec }) => !codec.encode);
    const ran = this.#connection.runMany(
      this.#insertSql(model, columns, 1, []),
      rows.map(({ values }) => (asTheyAre ? values : encoded(columns, values))),
    );
    const { lastIds } = ran instanceof Promise ? await ran : ran;
    const known = key ? [key] : [];
    for (let index = 0; index < rows.length; index++) this.#inserted(rows[index]!, columns, known, lastIds, index);
    await this.#readMade(model, made, key, rows);
  }

  async #insertChunks(
    { columns, rows }: InsertGroup,
    insert: (rows: readonly InsertRow[]) => Promise<void>,
  ): Promise<void> {
    const most = Math.floor(this.#dialect.parameterLimit / Math.max(1, columns.length));
    const size = columns.length === 0 ? 1 : Math.min(ROWS_A_STATEMENT, most);
    for (let from = 0; from < rows.length; from += size) await insert(rows.slice(from, from + size));
  }

  async #insertReturning(
    model: EntityModel,
    { columns, made }: InsertGroup,
    rows: readonly InsertRow[],
  ): Promise<void> {
    const parameters = rows.flatMap(({ values }) => encoded(columns, values));
    const returned = await this.#connection.rows(this.#insertSql(model, columns, rows.length, made), parameters);
    rows.forEach((row, index) => this.#inserted(row, columns, made, returned[index] ?? []));
  }

  /** MySQL: the rows of one INSERT get consecutive keys. */
  async #insertConsecutive(
    model: EntityModel,
    { columns, made }: InsertGroup,
    rows: readonly InsertRow[],
  ): Promise<void> {
    const key = rowidAmong(made);
    const parameters = rows.flatMap(({ values }) => encoded(columns, values));
    const { lastId } = await this.#connection.run(this.#insertSql(model, columns, rows.length, []), parameters);
    rows.forEach((row, index) => this.#inserted(row, columns, key ? [key] : [], key ? [Number(lastId) + index] : []));
    await this.#readMade(model, made, key, rows);
  }

  /** What the database made besides the key is read by the keys, in one statement for many rows. */
  async #readMade(
    model: EntityModel,
    made: readonly ColumnModel[],
    key: ColumnModel | undefined,
    rows: readonly InsertRow[],
  ): Promise<void> {
    const others = made.filter((column) => column !== key);
    if (others.length === 0) return;
    await this.#readBack(
      model,
      others,
      rows.map(({ instance }) => instance),
    );
  }

  #insertSql(
    model: EntityModel,
    columns: readonly ColumnModel[],
    rows: number,
    returning: readonly ColumnModel[],
  ): string {
    const tail = returning.length === 0 ? "" : ` RETURNING ${returning.map(({ quoted }) => quoted).join(", ")}`;
    if (columns.length === 0) return `INSERT INTO ${model.table} ${this.#dialect.insertDefaults}${tail}`;
    let position = 0;
    const tuple = (): string => `(${columns.map(() => this.#dialect.placeholder(++position)).join(", ")})`;
    const tuples = Array.from({ length: rows }, tuple).join(", ");
    return `INSERT INTO ${model.table} (${columns.map(({ quoted }) => quoted).join(", ")}) VALUES ${tuples}${tail}`;
  }

  /** The row is there: the object learns what the database made (from place `from` on), and what it holds is remembered. */
  #inserted(
    { instance, values }: InsertRow,
    columns: readonly ColumnModel[],
    made: readonly ColumnModel[],
    returned: readonly unknown[],
    from = 0,
  ): void {
    const { model, entity } = instance;
    const all = model.columns;
    const snapshot = new Array<unknown>(all.length);
    for (let index = 0; index < all.length; index++) snapshot[index] = null;
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place]!;
      const value = values[place];
      snapshot[column.index] = column.codec.plain ? value : column.codec.freezeValue(value);
      if (!column.isVirtual && column.read(entity) !== value) this.#fill(instance, column, value);
    }
    for (let place = 0; place < made.length; place++) {
      const column = made[place]!;
      const raw = normalKey(returned[from + place]);
      snapshot[column.index] = column.codec.freeze(raw);
      this.#fill(instance, column, column.codec.decode ? column.codec.decode(raw) : raw);
    }
    for (const column of nullableColumns(model))
      if (snapshot[column.index] === null && column.read(entity) === undefined) this.#fill(instance, column, null);
    instance.snapshot = snapshot;
  }

  #fill(instance: Instance, column: ColumnModel, value: unknown): void {
    this.#journal.filling(instance, column);
    column.write(instance.entity, value);
  }

  // UPDATE

  async #updateGroup(model: EntityModel, updates: readonly Update[]): Promise<void> {
    const columns = updates[0]!.changes.map(({ column }) => column);
    const { version } = model;
    const touched = columns.some((column) => column.metadata.isUpdateDate)
      ? undefined
      : model.columns.find(({ metadata }) => metadata.isUpdateDate);
    const made = model.columns.filter((column) => column === touched || column.metadata.asExpression !== undefined);
    let position = 0;
    const sets = columns.map((column) => `${column.quoted} = ${this.#dialect.placeholder(++position)}`);
    if (version) sets.push(`${version.quoted} = ${version.quoted} + 1`);
    if (touched) sets.push(`${touched.quoted} = ${this.#now(touched)}`);
    const where = this.#keyCondition(model, version, position);
    const sql = `UPDATE ${model.table} SET ${sets.join(", ")} WHERE ${where}`;
    const batches = updates.map(({ instance, changes }) => [
      ...encoded(
        columns,
        changes.map(({ value }) => value),
      ),
      ...this.#keyParameters(instance, version),
    ]);
    const returned = await this.#runUpdates(sql, batches, updates, made, version !== undefined);
    updates.forEach(({ instance, changes }, index) =>
      this.#updated(instance, changes, version, made, returned?.[index]),
    );
    if (made.length > 0 && !returned)
      await this.#readBack(
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
    if (made.length === 0 || !this.#dialect.returning) {
      const ran = this.#connection.runMany(sql, batches);
      const { changes } = ran instanceof Promise ? await ran : ran;
      for (let index = 0; index < changes.length; index++)
        if (changes[index] === 0) this.#refused(updates[index]!.instance, versioned);
      return undefined;
    }
    const rows: Row[] = [];
    const returning = `${sql} RETURNING ${made.map(({ quoted }) => quoted).join(", ")}`;
    for (let index = 0; index < batches.length; index++) {
      const [row] = await this.#connection.rows(returning, batches[index]);
      if (!row) this.#refused(updates[index]!.instance, versioned);
      rows.push(row!);
    }
    return rows;
  }

  #updated(
    instance: Instance,
    changes: readonly Change[],
    version: ColumnModel | undefined,
    made: readonly ColumnModel[],
    returned: Row | undefined,
  ): void {
    this.#journal.record(instance);
    const snapshot = [...instance.snapshot!];
    for (const { column, value } of changes) {
      snapshot[column.index] = column.codec.freezeValue(value);
      if (!column.isVirtual) column.write(instance.entity, value);
    }
    if (version) {
      const next = Number(snapshot[version.index]) + 1;
      snapshot[version.index] = next;
      version.write(instance.entity, next);
    }
    if (returned)
      made.forEach((column, place) => {
        snapshot[column.index] = column.codec.freeze(returned[place]);
        column.write(instance.entity, column.codec.thaw(snapshot[column.index]));
      });
    instance.snapshot = snapshot;
  }

  #refused(instance: Instance, versioned: boolean): never {
    throw versioned ? staleRow(instance.entity) : rowGone(instance.entity);
  }

  #now({ metadata }: ColumnModel): string {
    const precision = this.#dialect.name === "mysql" ? (metadata.precision ?? 6) : undefined;
    return precision === undefined ? "CURRENT_TIMESTAMP" : `CURRENT_TIMESTAMP(${precision})`;
  }

  // Shared

  /** Reads columns that the database made of rows it holds, in one statement a portion. */
  async #readBack(model: EntityModel, columns: readonly ColumnModel[], instances: readonly Instance[]): Promise<void> {
    const selected = [...model.primary, ...columns].map((column) => column.selected(column.quoted)).join(", ");
    for (let from = 0; from < instances.length; from += READ_BACK) {
      const portion = instances.slice(from, from + READ_BACK);
      const keys = portion.map((instance) => this.#keyParameters(instance, undefined));
      const { sql, parameters } = this.#amongKeys(model, keys);
      const sent = this.#connection.rows(`SELECT ${selected} FROM ${model.table} WHERE ${sql}`, parameters);
      const rows = sent instanceof Promise ? await sent : sent;
      const width = model.primary.length;
      const byKey = new Map<unknown, Row>();
      for (const row of rows) byKey.set(joinedKey(row, width), row);
      portion.forEach((instance, index) => {
        const row = byKey.get(joinedKey(keys[index]!, width));
        if (row) this.#learn(instance, columns, row, width);
      });
    }
  }

  #learn(instance: Instance, columns: readonly ColumnModel[], row: Row, from: number): void {
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place]!;
      const raw = row[from + place];
      const value = column.codec.decode ? column.codec.decode(raw) : raw;
      instance.snapshot![column.index] = column.codec.freezesValues
        ? column.codec.freezeValue(value)
        : column.codec.freeze(raw);
      this.#fill(instance, column, value);
    }
  }

  #amongKeys(model: EntityModel, keys: readonly unknown[][]): { sql: string; parameters: unknown[] } {
    const { arrayParameter } = this.#dialect;
    const [only] = model.primary;
    if (
      model.primary.length === 1 &&
      arrayParameter &&
      keys.every(([key]) => typeof key === "number" || typeof key === "string")
    )
      return {
        sql: arrayParameter.render(only!.quoted, this.#dialect.placeholder(1)),
        parameters: [arrayParameter.encode(keys.map(([key]) => key))],
      };
    let position = 0;
    const one = (): string =>
      `(${model.primary.map(({ quoted }) => `${quoted} = ${this.#dialect.placeholder(++position)}`).join(" AND ")})`;
    return { sql: connected(keys.map(one), "OR"), parameters: keys.flat() };
  }

  #keyCondition(model: EntityModel, version: ColumnModel | undefined, after = 0): string {
    let position = after;
    const columns = version ? [...model.primary, version] : model.primary;
    return columns.map(({ quoted }) => `${quoted} = ${this.#dialect.placeholder(++position)}`).join(" AND ");
  }

  #keyParameters(instance: Instance, version: ColumnModel | undefined): unknown[] {
    const key = encoded(instance.model.primary, storedKeyValues(instance));
    return version ? [...key, instance.snapshot![version.index]] : key;
  }
}

interface InsertRow {
  readonly instance: Instance;
  readonly values: unknown[];
}

interface InsertGroup {
  /** Columns that the INSERT names. */
  readonly columns: readonly ColumnModel[];
  /** Columns that the database makes and the object has to learn. */
  readonly made: readonly ColumnModel[];
  readonly rows: InsertRow[];
}

/** Rows that name the same columns go into one statement. */
function groupByColumns(model: EntityModel, instances: readonly Instance[]): InsertGroup[] {
  const groups = new Map<string, InsertGroup>();
  const insertable = insertableColumns(model);
  let last: { mask: string; group: InsertGroup } | undefined;
  for (const instance of instances) {
    const values: unknown[] = [];
    let mask = "";
    for (const column of insertable) {
      const value = insertValue(instance, column);
      if (value === undefined) mask += "0";
      else {
        mask += "1";
        values.push(value);
      }
    }
    if (last?.mask !== mask) {
      let group = groups.get(mask);
      if (!group) {
        const columns = insertable.filter((_, place) => mask[place] === "1");
        const made = model.columns.filter((column) => !columns.includes(column) && isMade(column));
        groups.set(mask, (group = { columns, made, rows: [] }));
      }
      last = { mask, group };
    }
    last.group.rows.push({ instance, values });
  }
  return [...groups.values()];
}

const insertables = new WeakMap<EntityModel, readonly ColumnModel[]>();

function insertableColumns(model: EntityModel): readonly ColumnModel[] {
  let columns = insertables.get(model);
  if (!columns)
    insertables.set(
      model,
      (columns = model.columns.filter(
        ({ metadata }) => metadata.isInsert !== false && metadata.asExpression === undefined,
      )),
    );
  return columns;
}

const nullables = new WeakMap<EntityModel, readonly ColumnModel[]>();

/** Columns that are NULL where an INSERT does not name them, and whose property should say so. */
function nullableColumns(model: EntityModel): readonly ColumnModel[] {
  let columns = nullables.get(model);
  if (!columns)
    nullables.set(
      model,
      (columns = model.columns.filter(
        ({ isVirtual, metadata }) => !isVirtual && metadata.isNullable && metadata.isSelect,
      )),
    );
  return columns;
}

function insertValue(instance: Instance, column: ColumnModel): unknown {
  const { metadata } = column;
  if (metadata.isDiscriminator) return instance.model.metadata.discriminatorValue;
  if (metadata.isVersion) return 1;
  const value = currentValue(instance, column);
  if (value !== undefined && !(value === null && metadata.isGenerated)) return value;
  if (metadata.generationStrategy === "uuid") return randomUUID();
  if (column.isPrimary && !column.hasDefault) throw missingKey(instance.entity, column);
  return undefined;
}

function isMade(column: ColumnModel): boolean {
  // Nobody sees what a tree's bookkeeping begins with.
  return (column.hasDefault && !column.isVirtual) || (column.isPrimary && column.metadata.isGenerated);
}

/** The key that the driver tells after an INSERT, where the database makes it. */
function rowidAmong(made: readonly ColumnModel[]): ColumnModel | undefined {
  return made.find(({ isPrimary, metadata }) => isPrimary && metadata.generationStrategy === "increment");
}

/** A key as something that a Map finds again. */
function joinedKey(values: readonly unknown[], width: number): unknown {
  return width === 1 ? String(values[0]) : values.slice(0, width).map(String).join("\u0000");
}

function groupByChanges(updates: readonly Update[]): Update[][] {
  return [...groupBy(updates, ({ changes }) => changes.map(({ column }) => column.index).join(",")).values()];
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function encoded(columns: readonly ColumnModel[], values: readonly unknown[]): unknown[] {
  const raws = new Array<unknown>(columns.length);
  for (let place = 0; place < columns.length; place++) {
    raws[place] = encodedValue(columns[place]!, values[place]);
  }
  return raws;
}

function linkParameters({ junction, owner, target }: Link): unknown[] {
  const value = (instance: Instance, column: ColumnModel): unknown => {
    const current = currentValue(instance, column);
    return encoded([column], [current])[0];
  };
  return [
    ...junction.toOwner.map(({ referenced }) => value(owner, referenced)),
    ...junction.toTarget.map(({ referenced }) => value(target, referenced)),
  ];
}

/** better-sqlite3 gives a rowid as a bigint where the DataSource asked for safe integers. */
function normalKey(raw: unknown): unknown {
  return typeof raw === "bigint" && Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
}
