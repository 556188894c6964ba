import { DataSource, type DataSourceOptions, type QueryRunner } from "typeorm";
import { connect, type Database, type DatabaseEvent, type SessionOptions } from "../../src";
import type { DatabaseName, TestDatabase } from "./databases";
import { blog } from "./entities/blog";

type Fill = (dataSource: DataSource) => Promise<void>;

/** A database with the tables of some entities, a session on it, and the statements that it sent. */
export class Bench {
  readonly #database: TestDatabase;
  readonly #entities: readonly unknown[];
  readonly #options: SessionOptions;
  readonly #fill: Fill | undefined;
  readonly #extra: Partial<DataSourceOptions>;
  #isOpen = false;
  #events: DatabaseEvent[] = [];
  dataSource!: DataSource;
  db!: Database;

  constructor(
    database: TestDatabase,
    entities: readonly unknown[],
    options: SessionOptions,
    fill: Fill | undefined,
    extra: Partial<DataSourceOptions>,
  ) {
    this.#database = database;
    this.#entities = entities;
    this.#options = options;
    this.#fill = fill;
    this.#extra = extra;
  }

  get session() {
    return this.db.session;
  }
  get kind() {
    return this.#database.name;
  }
  /** The DataSource's options, for a second one on the same database. */
  get options(): DataSourceOptions {
    return this.dataSource.options;
  }

  /** Statements sent since the last call of `sent` or `quiet`. */
  sent(pattern: RegExp = /./): string[] {
    const statements = this.#events.filter((event) => event.type === "statement").map(({ sql }) => sql);
    this.#events = [];
    return statements.filter((sql) => pattern.test(sql));
  }
  /** Drops the record of what was sent. */
  quiet(): void {
    this.#events = [];
  }
  get events(): readonly DatabaseEvent[] {
    return this.#events;
  }

  /** The rows of a SELECT that the session has no part in; names are quoted as in PostgreSQL. */
  async stored(sql: string): Promise<Record<string, unknown>[]> {
    const quoted = this.kind === "mariadb" ? sql.replaceAll('"', "`") : sql;
    return this.dataSource.query<Record<string, unknown>[]>(quoted);
  }

  /** Another session on the same database, with an empty identity map; closed when the test ends. */
  async fresh(options: SessionOptions = {}): Promise<Database> {
    const db = await connect(this.dataSource, options);
    this.#others.push(db);
    return db;
  }
  readonly #others: Database[] = [];

  async open(): Promise<void> {
    if (!this.#isOpen) await this.#create();
    else if (!this.#fill) await this.empty();
    this.db = await connect(this.dataSource, this.#options);
    this.db.observe((event) => void this.#events.push(event), { parameters: true });
    this.#events = [];
  }

  async #create(): Promise<void> {
    const { options } = await this.#database.create();
    this.dataSource = new DataSource({
      ...options,
      entities: [...this.#entities],
      synchronize: true,
      ...UNSAFE_BUT_FAST[this.kind],
      ...this.#extra,
    } as DataSourceOptions);
    await this.dataSource.initialize();
    await this.#fill?.(this.dataSource);
    this.#isOpen = true;
  }

  async release(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.close();
    await this.db.close();
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Deletes all rows, foreign keys unchecked; generated keys go on counting. */
  async empty(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const tables = this.dataSource.entityMetadatas
        .filter(({ tableType }) => tableType !== "entity-child" && tableType !== "view")
        .map(({ tablePath }) => this.dataSource.driver.escape(tablePath));
      const [off, on] = FOREIGN_KEY_CHECKS[this.kind];
      await runner.query(off);
      for (const table of await withRows(runner, tables)) await runner.query(`DELETE FROM ${table}`);
      await runner.query(on);
    } finally {
      await runner.release();
    }
  }
}

/** Statements that switch the checks of foreign keys off and on. */
const FOREIGN_KEY_CHECKS: Record<DatabaseName, [off: string, on: string]> = {
  sqlite: ["PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"],
  postgres: ["SET session_replication_role = replica", "SET session_replication_role = DEFAULT"],
  mariadb: ["SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"],
};

/** A test database need not survive a power cut, so nothing waits for the disk. */
const UNSAFE_BUT_FAST: Record<DatabaseName, object> = {
  sqlite: { prepareDatabase: (connection: { pragma(text: string): void }) => connection.pragma("synchronous = OFF") },
  postgres: { extra: { options: "-c synchronous_commit=off" } },
  mariadb: {},
};

async function withRows(runner: QueryRunner, tables: readonly string[]): Promise<string[]> {
  const [found] = (await runner.query(
    `SELECT ${tables.map((table, index) => `EXISTS (SELECT 1 FROM ${table}) AS t${index}`).join(", ")}`,
  )) as [Record<string, unknown>];
  return tables.filter((_, index) => Boolean(found[`t${index}`]));
}

/** Options of `benchOn`; what it does not name goes to the DataSource. */
export interface BenchOptions extends Partial<Omit<DataSourceOptions, "entities">> {
  /** The blog's when not given. */
  readonly entities?: readonly unknown[];
  readonly options?: SessionOptions;
  /** Writes rows that all tests of the suite read. Without it every test starts with empty tables. */
  readonly fill?: Fill;
}

/** Declares hooks that give every test of a suite a database with tables, and a new session. */
export function benchOn(
  database: TestDatabase,
  { entities = blog, options = {}, fill, ...extra }: BenchOptions = {},
): Bench {
  const bench = new Bench(database, entities, options, fill, extra as Partial<DataSourceOptions>);
  beforeEach(() => bench.open());
  afterEach(() => bench.release());
  afterAll(() => bench.close());
  return bench;
}

/** Expects these objects (by identity) in this order. The message names them, because entities refer to each other in circles. */
export function expectSame(
  actual: Iterable<object | null | undefined>,
  expected: readonly (object | null | undefined)[],
): void {
  const [found, wanted] = [[...actual], [...expected]];
  const wrong = found.length !== wanted.length || found.some((object, index) => object !== wanted[index]);
  if (wrong) throw new Error(`expected [${wanted.map(String).join(", ")}], got [${found.map(String).join(", ")}]`);
}
