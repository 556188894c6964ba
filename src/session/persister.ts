import { randomUUID } from "node:crypto";
import type { Connection, Dialect, Row } from "../dialect/dialect";
import type { ColumnModel, EntityModel, JunctionModel } from "../metadata/model";
import type { Change } from "./change-set";
import { missingKey, rowGone, staleRow } from "./errors";
import type { Instance } from "./instance";
import type { Journal } from "./journal";
import { currentValue, storedKeyValues } from "./values";

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

/** Rows that one INSERT carries; with more, the statement costs more to prepare than it saves. */
const ROWS_A_STATEMENT = 500;

/** Writes rows: turns objects into statements, and what the database made of them back into objects. */
export class Persister {
  readonly #connection: Connection;
  readonly #dialect: Dialect;
  readonly #journal: Journal;

  constructor(connection: Connection, journal: Journal) {
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
    const version = model.columns.find(({ metadata }) => metadata.isVersion);
    const where = this.#keyCondition(model, version);
    const sql = `DELETE FROM ${model.table} WHERE ${where}`;
    const batches = instances.map((instance) => this.#keyParameters(instance, version));
    const ran = this.#connection.runMany(sql, batches);
    const results = ran instanceof Promise ? await ran : ran;
    if (version) results.forEach(({ changes }, index) => changes === 0 && this.#refused(instances[index]!, true));
    for (const instance of instances) {
      this.#journal.record(instance);
      instance.deletion = "sent";
    }
  }

  async link(links: readonly Link[]): Promise<void> {
    for (const [junction, group] of groupBy(links, ({ junction: one }) => one)) {
      const columns = [...junction.toOwner, ...junction.toTarget].map(({ quoted }) => quoted);
      const tuple = columns.map((_, index) => this.#dialect.placeholder(index + 1)).join(", ");
      const sql = `INSERT INTO ${junction.table} (${columns.join(", ")}) VALUES (${tuple})`;
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
    const { columns, made } = group;
    if (this.#dialect.generatedKeys === "last-id" && isOnlyRowid(made)) return this.#insertOneByOne(model, group);
    const width = Math.max(1, columns.length);
    const chunk = columns.length === 0 ? 1 : Math.max(1, Math.min(ROWS_A_STATEMENT, Math.floor(this.#dialect.parameterLimit / width)));
    for (let from = 0; from < group.rows.length; from += chunk) await this.#insertChunk(model, group, group.rows.slice(from, from + chunk));
  }

  /** SQLite: a prepared statement a row is as fast as it gets, and the driver tells each key. */
  async #insertOneByOne(model: EntityModel, { columns, made, rows }: InsertGroup): Promise<void> {
    const ran = this.#connection.runMany(
      this.#insertSql(model, columns, 1, []),
      rows.map((row) => encoded(columns, row.values)),
    );
    const results = ran instanceof Promise ? await ran : ran;
    const key = made[0];
    rows.forEach((row, index) => this.#inserted(row, columns, made, key ? [results[index]!.lastId] : []));
  }

  async #insertChunk(model: EntityModel, { columns, made }: InsertGroup, rows: readonly InsertRow[]): Promise<void> {
    const parameters = rows.flatMap((row) => encoded(columns, row.values));
    if (made.length === 0) {
      await this.#connection.run(this.#insertSql(model, columns, rows.length, []), parameters);
      for (const row of rows) this.#inserted(row, columns, made, []);
      return;
    }
    if (this.#dialect.returning) {
      // SQLite does not promise the order of what is returned: there a statement carries one row.
      if (this.#dialect.generatedKeys === "last-id" && rows.length > 1) {
        for (const row of rows) await this.#insertChunk(model, { columns, made, rows: [row] }, [row]);
        return;
      }
      const sent = this.#connection.rows(this.#insertSql(model, columns, rows.length, made), parameters);
      const returned = sent instanceof Promise ? await sent : sent;
      rows.forEach((row, index) => this.#inserted(row, columns, made, returned[index]!));
      return;
    }
    await this.#insertAndRead(model, columns, made, rows, parameters);
  }

  /** MySQL: the rows of one INSERT get consecutive keys; what else the database made is read by them in one SELECT. */
  async #insertAndRead(
    model: EntityModel,
    columns: readonly ColumnModel[],
    made: readonly ColumnModel[],
    rows: readonly InsertRow[],
    parameters: readonly unknown[],
  ): Promise<void> {
    const { lastId } = await this.#connection.run(this.#insertSql(model, columns, rows.length, []), parameters);
    const key = made.find(({ isPrimary }) => isPrimary);
    const others = made.filter((column) => column !== key);
    rows.forEach((row, index) => {
      if (key) this.#inserted(row, columns, [key], [Number(lastId) + index]);
      else this.#inserted(row, columns, [], []);
    });
    if (others.length > 0)
      await this.#readBack(
        model,
        others,
        rows.map(({ instance }) => instance),
      );
  }

  #insertSql(model: EntityModel, columns: readonly ColumnModel[], rows: number, returning: readonly ColumnModel[]): string {
    const tail = returning.length === 0 ? "" : ` RETURNING ${returning.map(({ quoted }) => quoted).join(", ")}`;
    if (columns.length === 0) return `INSERT INTO ${model.table} ${this.#dialect.insertDefaults}${tail}`;
    let position = 0;
    const tuple = (): string => `(${columns.map(() => this.#dialect.placeholder(++position)).join(", ")})`;
    const tuples = Array.from({ length: rows }, tuple).join(", ");
    return `INSERT INTO ${model.table} (${columns.map(({ quoted }) => quoted).join(", ")}) VALUES ${tuples}${tail}`;
  }

  /** The row is there: the object learns what the database made, and what it holds is remembered. */
  #inserted({ instance, values }: InsertRow, columns: readonly ColumnModel[], made: readonly ColumnModel[], returned: Row): void {
    const { model, entity } = instance;
    const snapshot = new Array<unknown>(model.columns.length).fill(null);
    columns.forEach((column, place) => {
      const value = values[place];
      snapshot[column.index] = column.codec.freezeValue(value);
      if (!column.isVirtual && column.read(entity) !== value) this.#fill(instance, column, value);
    });
    made.forEach((column, place) => {
      const raw = normalKey(returned[place]);
      const value = column.codec.decode ? column.codec.decode(raw) : raw;
      snapshot[column.index] = column.codec.freeze(raw);
      this.#fill(instance, column, value);
    });
    for (const column of model.columns)
      if (snapshot[column.index] === null && !column.isVirtual && column.metadata.isNullable && column.read(entity) === undefined)
        this.#fill(instance, column, null);
    instance.snapshot = snapshot;
  }

  #fill(instance: Instance, column: ColumnModel, value: unknown): void {
    this.#journal.filling(instance, column);
    column.write(instance.entity, value);
  }

  // UPDATE

  async #updateGroup(model: EntityModel, updates: readonly Update[]): Promise<void> {
    const columns = updates[0]!.changes.map(({ column }) => column);
    const version = model.columns.find(({ metadata }) => metadata.isVersion);
    const touched = columns.some((column) => column.metadata.isUpdateDate) ? undefined : model.columns.find(({ metadata }) => metadata.isUpdateDate);
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
    updates.forEach(({ instance, changes }, index) => this.#updated(instance, changes, version, made, returned?.[index]));
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
      const results = ran instanceof Promise ? await ran : ran;
      for (let index = 0; index < results.length; index++) if (results[index]!.changes === 0) this.#refused(updates[index]!.instance, versioned);
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
    const selected = [...model.primary, ...columns];
    for (let from = 0; from < instances.length; from += ROWS_A_STATEMENT) {
      const portion = instances.slice(from, from + ROWS_A_STATEMENT);
      let position = 0;
      const one = (): string => `(${model.primary.map(({ quoted }) => `${quoted} = ${this.#dialect.placeholder(++position)}`).join(" AND ")})`;
      const where = portion.map(one).join(" OR ");
      const parameters = portion.flatMap((instance) => this.#keyParameters(instance, undefined));
      const rows = await this.#connection.rows(`SELECT ${selected.map(({ quoted }) => quoted).join(", ")} FROM ${model.table} WHERE ${where}`, parameters);
      const byKey = new Map(rows.map((row) => [model.primary.map((_, place) => String(row[place])).join("\u0000"), row]));
      for (const instance of portion) {
        const row = byKey.get(this.#keyParameters(instance, undefined).map(String).join("\u0000"));
        if (!row) continue;
        columns.forEach((column, place) => {
          const raw = row[model.primary.length + place];
          instance.snapshot![column.index] = column.codec.freeze(raw);
          this.#fill(instance, column, column.codec.decode ? column.codec.decode(raw) : raw);
        });
      }
    }
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
  const insertable = model.columns.filter(({ metadata }) => metadata.isInsert !== false && metadata.asExpression === undefined);
  for (const instance of instances) {
    const values: unknown[] = [];
    let mask = "";
    for (const column of insertable) {
      const value = insertValue(instance, column);
      mask += value === undefined ? "0" : "1";
      if (value !== undefined) values.push(value);
    }
    let group = groups.get(mask);
    if (!group) {
      const columns = insertable.filter((_, place) => mask[place] === "1");
      const made = model.columns.filter((column) => !columns.includes(column) && isMade(column));
      groups.set(mask, (group = { columns, made, rows: [] }));
    }
    group.rows.push({ instance, values });
  }
  return [...groups.values()];
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
  return column.hasDefault || (column.isPrimary && column.metadata.isGenerated);
}

function isOnlyRowid(made: readonly ColumnModel[]): boolean {
  return made.length === 0 || (made.length === 1 && made[0]!.isPrimary && made[0]!.metadata.generationStrategy === "increment");
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
  return columns.map(({ codec }, place) => {
    const value = values[place];
    return codec.encode ? codec.encode(value) : value;
  });
}

function linkParameters({ junction, owner, target }: Link): unknown[] {
  const value = (instance: Instance, column: ColumnModel): unknown => {
    const current = currentValue(instance, column);
    return column.codec.encode ? column.codec.encode(current) : current;
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
