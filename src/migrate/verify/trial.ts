import { schemaDialectOf } from "../../dialect/dialects";
import { declaredSchema } from "../../dialect/schema/entities";
import type { SchemaDialect, Scope, Step } from "../../dialect/schema/dialect";
import type { Schema } from "../../dialect/schema/model";
import type { MigrationContext } from "../context";
import type { MigrationFile } from "../files/files";
import { loadMigration } from "../generate/render";
import { scopeOf } from "../generate/schemas";
import { History } from "../history/history";
import { MigrationLog } from "../history/migration-log";
import type { MigrationState } from "../history/state";
import { migrationDatabaseOf } from "../run/databases/database";
import { planDown, planUp, type Plan } from "../run/plan";
import type { RunObserver, RunContext, RunOptions } from "../run/context";
import { run } from "../run/run";
import { type ScratchDatabase, withScratch } from "../scratch/scratch";
import { type Snapshot, schemaDifferences, takeSnapshot } from "../scratch/snapshot";

const SILENT: RunObserver = {
  waiting: () => undefined,
  planned: () => undefined,
  started: () => undefined,
  done: () => undefined,
};

/** For a migration that is tried while it is made: nobody waits for its scratch database. */
export const TRIAL_OPTIONS: RunOptions = { transaction: "each", lockTimeout: 10_000, strict: false };

/** Migrations that are run on an empty scratch database, with its schema and rows between them. */
export class Trial {
  readonly dialect: SchemaDialect;

  constructor(
    readonly scratch: ScratchDatabase,
    readonly scope: Scope,
    readonly running: RunContext,
    readonly options: RunOptions,
  ) {
    this.dialect = scratch.dialect;
  }

  /** The same trial with other migrations. */
  with(files: readonly MigrationFile[]): Trial {
    return new Trial(this.scratch, this.scope, { ...this.running, files }, this.options);
  }

  /** Gives the error, if there is one. */
  up(target?: string): Promise<Error | undefined> {
    return this.#run((state) => planUp(state, target));
  }

  /** Gives the error, if there is one. */
  down(target: string): Promise<Error | undefined> {
    return this.#run((state) => planDown(state, target));
  }

  snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.scratch, this.scope);
  }

  /** What differs between the schema as it is now and another one, a line each. */
  async differences(wanted: Schema): Promise<string[]> {
    return schemaDifferences(this.scratch, await this.scratch.read(this.scope), wanted);
  }

  async #run(makePlan: (state: MigrationState) => Plan): Promise<Error | undefined> {
    const { error } = await run(this.running, makePlan, this.options, SILENT);
    return error as Error | undefined;
  }
}

/** Tries migrations on an empty database of the project's kind, which is dropped afterwards. */
export async function withTrial<T>(
  context: MigrationContext,
  running: RunContext,
  options: RunOptions,
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  const scope = scopeOf(context, declaredSchema(context.dataSource, schemaDialectOf(context.dataSource)));
  return withScratch(context, { entities: true }, (scratch) => {
    const { dataSource, runner } = scratch;
    const own: RunContext = {
      ...running,
      history: new History(dataSource),
      log: new MigrationLog(dataSource),
      database: migrationDatabaseOf(dataSource, runner),
      runner,
    };
    return work(new Trial(scratch, scope, own, options));
  });
}

/** A migration that is not written yet. */
export interface TrialMigration {
  /** Of its class. */
  readonly name: string;
  readonly timestamp: number;
  readonly body: { readonly up: readonly Step[]; readonly down: readonly Step[] };
}

/** The migration as `Trial` runs it: loaded from the text that would be written. */
export function trialFile({ name, timestamp, body }: TrialMigration): MigrationFile {
  const instance = loadMigration({ className: name, ...body });
  return {
    name,
    timestamp,
    file: undefined,
    checksum: undefined,
    transaction: undefined,
    replaces: [],
    databases: undefined,
    instance,
  };
}
