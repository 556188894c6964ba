import type { DataSource, QueryRunner } from "typeorm";
import type { Dialect } from "../../dialect/dialect";
import { dialectOf } from "../../dialect/dialects";
import { typeormOf } from "../../typeorm/copy";
import type { Send } from "./send";

/** One row of TypeORM's table: a migration that was applied. */
export interface HistoryEntry {
  /** Rows are numbered in the order in which the migrations were applied. */
  readonly id: number;
  readonly timestamp: number;
  readonly name: string;
}

/** TypeORM's own `migrations` table. Rows look as TypeORM writes them, so that both tools agree about one database. */
export class History {
  readonly #dataSource: DataSource;
  readonly #dialect: Dialect;
  /** As TypeORM names it, with its schema or database; not quoted. */
  readonly #table: string;
  readonly #quoted: string;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    this.#dialect = dialectOf(dataSource);
    this.#table = historyTablePath(dataSource, historyTableName(dataSource));
    this.#quoted = quotedTablePath(dataSource, historyTableName(dataSource));
  }

  /** The applied migrations, in the order in which they were applied; none where there is no table yet. */
  async read(runner: QueryRunner): Promise<HistoryEntry[]> {
    if (!(await runner.hasTable(this.#table))) return [];
    const columns = ["id", "timestamp", "name"].map((name) => this.#q(name)).join(", ");
    const rows = (await runner.query(`SELECT ${columns} FROM ${this.#quoted} ORDER BY ${this.#q("id")}`)) as Row[];
    return rows.map((row) => ({ id: Number(row.id), timestamp: Number(row.timestamp), name: row.name }));
  }

  /** Creates the table, and the one for views and generated columns, as TypeORM would, where they do not exist. */
  async create(runner: QueryRunner): Promise<void> {
    const { MigrationExecutor } = typeormOf(this.#dataSource);
    const executor = new MigrationExecutor(this.#dataSource, runner) as unknown as TableMaker;
    await executor.createMigrationsTableIfNotExist(runner);
    const builder = this.#dataSource.driver.createSchemaBuilder() as Partial<MetadataTableMaker>;
    await builder.createMetadataTableIfNecessary?.(runner);
  }

  async add(send: Send, { timestamp, name }: Omit<HistoryEntry, "id">): Promise<void> {
    const columns = `${this.#q("timestamp")}, ${this.#q("name")}`;
    await send(`INSERT INTO ${this.#quoted}(${columns}) VALUES (${this.#p(1)}, ${this.#p(2)})`, [timestamp, name]);
  }

  /** Removes every row of the migration. */
  async remove(send: Send, name: string): Promise<void> {
    await send(`DELETE FROM ${this.#quoted} WHERE ${this.#dialect.quote("name")} = ${this.#dialect.placeholder(1)}`, [
      name,
    ]);
  }

  /** Replaces one migration by another in the same row, so that the order of application stays. */
  async replace(send: Send, entry: HistoryEntry, { timestamp, name }: Omit<HistoryEntry, "id">): Promise<void> {
    const set = `${this.#q("timestamp")} = ${this.#p(1)}, ${this.#q("name")} = ${this.#p(2)}`;
    await send(`UPDATE ${this.#quoted} SET ${set} WHERE ${this.#q("id")} = ${this.#p(3)}`, [timestamp, name, entry.id]);
  }

  async clear(send: Send): Promise<void> {
    await send(`DELETE FROM ${this.#quoted}`);
  }

  #q(name: string): string {
    return this.#dialect.quote(name);
  }

  #p(position: number): string {
    return this.#dialect.placeholder(position);
  }
}

interface Row {
  id: unknown;
  timestamp: unknown;
  name: string;
}

/** Protected in TypeORM's types; called rather than copied, so that the table is exactly TypeORM's. */
interface TableMaker {
  createMigrationsTableIfNotExist(runner: QueryRunner): Promise<void>;
}

interface MetadataTableMaker {
  createMetadataTableIfNecessary(runner: QueryRunner): Promise<void>;
}

export function historyTableName(dataSource: DataSource): string {
  return dataSource.options.migrationsTableName ?? "migrations";
}

/** The path of a table where TypeORM keeps its own tables: in the schema that the options name. */
export function historyTablePath(dataSource: DataSource, name: string): string {
  const { driver } = dataSource;
  const { schema } = driver.options as { schema?: string };
  return driver.buildTableName(name, schema, driver.database);
}

export function quotedTablePath(dataSource: DataSource, name: string): string {
  const dialect = dialectOf(dataSource);
  return historyTablePath(dataSource, name)
    .split(".")
    .map((part) => dialect.quote(part))
    .join(".");
}
