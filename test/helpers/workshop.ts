import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  DataSource,
  type DataSourceOptions,
  type EntitySchema,
  type MigrationInterface,
  type QueryRunner,
} from "typeorm";
import { type MigrationContext, openDataSource } from "../../src/migrate/context";
import { MigrationPlace } from "../../src/migrate/files/place";
import { type CheckResult, check } from "../../src/migrate/generate/check";
import { type GenerateOptions, type GenerateResult, generate } from "../../src/migrate/generate/generate";
import { type TestDatabase, type ScratchDatabase } from "./databases";

/** A folder in which new migrations are TypeScript. */
export function placeIn(folder: string): MigrationPlace {
  return new MigrationPlace({
    declared: ["*.ts"],
    root: folder,
    language: "ts",
    configuration: path.join(folder, "ormconfig.ts"),
    formatOf: () => "cjs",
  });
}

type Entities = readonly (Function | EntitySchema<any>)[];
export type Written = Extract<GenerateResult, { status: "written" | "shown" }>;

/** One database and one migrations folder, on which entities can be exchanged for others. */
export class Workshop {
  #dataSource: DataSource | undefined;
  #entities: Entities | undefined;
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-migrations-"));
  readonly applied: MigrationInterface[] = [];

  private constructor(
    readonly database: ScratchDatabase,
    readonly options: Partial<DataSourceOptions>,
    readonly ignore: string[],
  ) {}

  static async open(
    database: TestDatabase,
    options: Partial<DataSourceOptions> = {},
    ignore: string[] = [],
  ): Promise<Workshop> {
    return new Workshop(await database.create(), options, ignore);
  }

  /** A connection whose entities are these. */
  async use(entities: Entities): Promise<MigrationContext> {
    if (this.#entities !== entities || !this.#dataSource?.isInitialized) {
      await this.#disconnect();
      const options = { ...this.database.options, ...this.options, entities: [...entities] } as DataSourceOptions;
      this.#dataSource = await openDataSource(new DataSource(options));
      this.#entities = entities;
    }
    return {
      dataSource: this.dataSource,
      root: this.folder,
      place: placeIn(this.folder),
      settings: { ignore: this.ignore },
    };
  }

  get dataSource(): DataSource {
    return this.#dataSource!;
  }

  async query(sql: string, parameters?: unknown[]): Promise<any[]> {
    return (await this.dataSource.query(sql, parameters)) as any[];
  }

  async generate(entities: Entities, options: GenerateOptions = {}): Promise<GenerateResult> {
    const result = await generate(await this.use(entities), options);
    if (result.status !== "unchanged") expect(result.proof).toMatchObject({ status: "proven" });
    return result;
  }

  async check(entities: Entities): Promise<CheckResult> {
    return check(await this.use(entities));
  }

  /** Generates, applies, and expects that nothing is left to do. */
  async migrate(entities: Entities, answers: GenerateOptions["resolutions"] = {}): Promise<Written> {
    const result = await this.generate(entities, { resolutions: answers });
    if (result.status === "unchanged") throw new Error("nothing to do");
    await this.up(result);
    const { differences } = await this.check(entities);
    expect(differences.map(({ text }) => text)).toEqual([]);
    return result;
  }

  async up(written: Written): Promise<void> {
    const migration = load(written.file);
    this.applied.push(migration);
    await this.run((runner) => migration.up(runner));
  }

  /** Takes the last migration back. */
  async down(): Promise<void> {
    const migration = this.applied.pop()!;
    await this.run((runner) => migration.down(runner));
  }

  /** As the runner of migrations does it. */
  async run(work: (runner: QueryRunner) => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const isSqlite = this.dataSource.options.type === "better-sqlite3";
    try {
      if (isSqlite) await runner.query("PRAGMA foreign_keys = OFF");
      await runner.startTransaction();
      await work(runner);
      if (isSqlite) expect(await runner.query("PRAGMA foreign_key_check")).toEqual([]);
      await runner.commitTransaction();
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      throw error;
    } finally {
      if (isSqlite) {
        await runner.query("PRAGMA legacy_alter_table = OFF");
        await runner.query("PRAGMA foreign_keys = ON");
      }
      await runner.release();
    }
  }

  /** Every statement that SQLite has stored, in an order of its own. */
  async stored(): Promise<string[]> {
    const rows = await this.query(
      `SELECT "sql" FROM "sqlite_master" WHERE "sql" IS NOT NULL AND "name" NOT LIKE 'sqlite_%' AND "name" <> 'typeorm_metadata' ORDER BY "type", "name"`,
    );
    return rows.map(({ sql }: { sql: string }) => sql);
  }

  async close(): Promise<void> {
    await this.#disconnect();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async #disconnect(): Promise<void> {
    if (this.#dataSource?.isInitialized) await this.#dataSource.destroy();
  }
}

/** Loads a generated file as the project's compiler would. */
export function load(file: string): MigrationInterface {
  const exported = jest.requireActual<Record<string, unknown>>(file);
  const [migration] = typeof exported === "function" ? [exported] : Object.values(exported);
  return new (migration as new () => MigrationInterface)();
}
