import type { DataSource, QueryRunner } from "typeorm";
import type { SchemaDialect, Scope, ScratchLocation } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/dialects";
import type { ObjectName, Schema } from "../../dialect/schema/model";
import { withRewrittenSql } from "../../dialect/schema/scratch";
import type { MigrationContext } from "../context";
import { cannotCopy, noScratch } from "../errors";
import { openClone } from "./clone";

export interface ScratchOptions {
  /** Whether its DataSource has the project's entities, for migrations that use repositories. */
  readonly entities: boolean;
}

/**
 * A database of the project's kind on which migrations are tried. `generate` copies the project's database into it,
 * `verify` and `squash` run the whole history on it, and the comparison of schemas creates the entities' schema in it.
 *
 * Its steps: create, connect, copy (schema and rows), run, compare, drop. The part of each that differs between databases
 * is the dialect's `ScratchSupport`.
 */
export class ScratchDatabase {
  private constructor(
    readonly dialect: SchemaDialect,
    /** Connected to the scratch database. */
    readonly dataSource: DataSource,
    /** The connection on which everything is tried. */
    readonly runner: QueryRunner,
    /** Connected to the project's database. */
    readonly source: QueryRunner,
    readonly location: ScratchLocation,
  ) {}

  /** @throws migrate/no-scratch where no database can be created */
  static async open({ dataSource, root }: ScratchContext, { entities }: ScratchOptions): Promise<ScratchDatabase> {
    const dialect = schemaDialectOf(dataSource);
    const source = dataSource.createQueryRunner();
    const location = await dialect.scratch.create(source, dataSource).catch(async (error: unknown) => {
      await source.release();
      throw noScratch(error);
    });
    try {
      await prepare(dialect, dataSource, root, source, location);
      const clone = await openClone(dataSource, root, { ...location.options, ...(!entities && { entities: [] }) });
      renameDatabases(clone, location);
      return new ScratchDatabase(dialect, clone, clone.createQueryRunner("master"), source, location);
    } catch (error) {
      await location.drop();
      await source.release();
      throw error;
    }
  }

  /**
   * Copies the project's schema, with up to `limit` rows of each table.
   * @returns whether all rows were copied
   * @throws migrate/no-copy where an object in the scope cannot be copied
   */
  async copy(scope: Scope, limit: number): Promise<boolean> {
    try {
      return await this.dialect.scratch.copy(this.source, this, scope, limit);
    } catch (error) {
      throw cannotCopy(error);
    }
  }

  /** The schema under the project's own names. */
  async read(scope: Scope): Promise<Schema> {
    const { databases } = this.location;
    if (!databases) return this.dialect.read(this.runner, scope);
    const schemas = scope.schemas.map((name) => databases.get(name) ?? name);
    let text = JSON.stringify(await this.dialect.read(this.runner, { ...scope, schemas }));
    for (const [name, scratch] of databases) text = text.replaceAll(scratch, JSON.stringify(name).slice(1, -1));
    return JSON.parse(text) as Schema;
  }

  run(work: (runner: QueryRunner) => Promise<void>): Promise<void> {
    return this.dialect.scratch.run(this.runner, work);
  }

  rows(table: ObjectName, columns: readonly string[]): Promise<string[]> {
    return this.dialect.scratch.rows(this.runner, table, columns);
  }

  problems(): Promise<string[]> {
    return this.dialect.scratch.problems(this.runner);
  }

  async close(): Promise<void> {
    try {
      await this.runner.release();
      await this.dataSource.destroy();
    } finally {
      await this.location.drop();
      await this.source.release();
    }
  }
}

export type ScratchContext = Pick<MigrationContext, "dataSource" | "root">;

/** Opens a scratch database for the work and drops it afterwards, however the work ends. */
export async function withScratch<T>(
  context: ScratchContext,
  options: ScratchOptions,
  work: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T> {
  const scratch = await ScratchDatabase.open(context, options);
  try {
    return await work(scratch);
  } finally {
    await scratch.close();
  }
}

/** On a connection of its own: what TypeORM asks when it connects depends on it. */
async function prepare(
  { scratch }: SchemaDialect,
  dataSource: DataSource,
  root: string,
  source: QueryRunner,
  { options }: ScratchLocation,
): Promise<void> {
  if (!scratch.prepare) return;
  const clone = await openClone(dataSource, root, { ...options, entities: [] });
  const runner = clone.createQueryRunner("master");
  try {
    await scratch.prepare(source, runner);
  } finally {
    await runner.release();
    await clone.destroy();
  }
}

/** Where databases of the project have other names in the scratch location, every statement names these. */
function renameDatabases(clone: DataSource, { databases }: ScratchLocation): void {
  if (!databases) return;
  const { escape } = clone.driver;
  const rewrite = (sql: string) => {
    let text = sql;
    for (const [name, scratch] of databases) text = text.replaceAll(`${escape(name)}.`, `${escape(scratch)}.`);
    return text;
  };
  const create = clone.createQueryRunner.bind(clone);
  clone.createQueryRunner = (mode) => withRewrittenSql(create(mode), rewrite);
}
