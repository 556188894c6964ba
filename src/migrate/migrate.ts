import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { DataSource, DataSourceOptions } from "typeorm";
import { databaseTypeOf } from "../dialect/database-type";
import { dialectOf } from "../dialect/dialects";
import { typeormOf } from "../typeorm/copy";
import { memoryNotInitialized, noMigrationFound } from "./errors";
import { loadMigrations, type MigrationFile, type MigrationSources } from "./files/files";
import { matchedFiles, stringsOf } from "./files/sources";
import { History } from "./history/history";
import { MigrationLog } from "./history/migration-log";
import { currentEntry, editedNames, missingNames, pendingFiles, readState, type MigrationState } from "./history/state";
import type { RunContext, RunObserver, TransactionMode } from "./run/context";
import { migrationDatabaseOf } from "./run/databases/database";
import { errorIfHalfApplied, planUp } from "./run/plan";
import { run } from "./run/run";

/** How long `migrate` waits for another process, in milliseconds: replicas that start together wait until the first is done. */
const LOCK_TIMEOUT = 60_000;

/** Options of `migrate`. */
export interface MigrateOptions {
  /** The last migration to apply: `head`, `+2`, a timestamp or a name, each by any unique prefix. Default `head`. */
  readonly to?: string;
  /** How long to wait for another process that is migrating, in milliseconds. Default 60,000. */
  readonly lockTimeout?: number;
  /** How long a statement waits for a lock that others hold, in milliseconds. Default 5,000. */
  readonly ddlLockTimeout?: number;
  /** One transaction for each migration, one for all, or none. Default: the DataSource's `migrationsTransactionMode`, else `each`. */
  readonly transaction?: TransactionMode;
  /** Throws `migrate/edited` where an applied migration was edited. Default false. */
  readonly strict?: boolean;
  /** The folder of relative patterns in the DataSource's `migrations`, absolute. Default: the working directory, as for TypeORM. */
  readonly root?: string;
  /** Told what is done: `console`, pino, winston. Default: nobody. */
  readonly logger?: MigrateLogger;
}

/** The part of a logger that `migrate` uses. */
export interface MigrateLogger {
  info(message: string): void;
  warn(message: string): void;
}

/** A migration that `migrate` has applied. */
export interface AppliedMigration {
  readonly name: string;
  /** Milliseconds since 1970: when it was written. */
  readonly timestamp: number;
  /** How long it ran. */
  readonly milliseconds: number;
  readonly statements: number;
}

/** What `migrate` has done. */
export interface MigrateResult {
  /** In their order; empty where there was nothing to do, or another process has done it. */
  readonly applied: readonly AppliedMigration[];
  /** The migration that was applied last, by whomever; null where none is. */
  readonly current: string | null;
  /** Names of those that are not applied: later ones than `to`. */
  readonly pending: readonly string[];
}

/**
 * Applies the migrations that are pending, when an application starts. Any number of processes may call it at once: one applies, the
 * others wait for it and find nothing to do. The migrations are those of the DataSource's `migrations`, which are loaded as they are:
 * compiled ones need no TypeScript.
 *
 * @param dataSource initialised or not: it is left as it was
 * @throws RetortError `migrate/failed` (rolled back) and `migrate/half-applied` (MySQL, MariaDB) where a migration throws, `migrate/locked`
 *   after `lockTimeout`, `migrate/none-found` where the patterns match no file, `migrate/other-database`, `migrate/edited`,
 *   `migrate/unknown-target`, `migrate/not-initialized` for a database in memory
 * @example
 * const { applied } = await migrate(dataSource, { logger: console });
 * await dataSource.initialize();
 * @see `retort migrate up`; Alembic's `command.upgrade`, Rails' `ActiveRecord::MigrationContext#migrate`
 */
export async function migrate(dataSource: DataSource, options: MigrateOptions = {}): Promise<MigrateResult> {
  const { to = "head", lockTimeout = LOCK_TIMEOUT, ddlLockTimeout, strict = false, logger } = options;
  const transaction = options.transaction ?? dataSource.options.migrationsTransactionMode ?? "each";
  return withMigrations(dataSource, options.root, async (running) => {
    const { steps, state, error } = await run(
      running,
      (now) => planUp(now, to),
      { transaction, lockTimeout, ddlLockTimeout, strict },
      observer(logger),
    );
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- whatever the migration threw
    if (error !== undefined) throw error;
    return {
      applied: steps.map(({ step: { migration }, milliseconds, statements }) => ({
        name: migration.name,
        timestamp: migration.timestamp,
        milliseconds,
        statements,
      })),
      current: currentEntry(state)?.name ?? null,
      pending: pendingFiles(state).map(({ name }) => name),
    };
  });
}

/**
 * The names of the migrations that are not applied, oldest first. Creates nothing and changes nothing: for an application that refuses to
 * start before somebody has migrated.
 *
 * @param options.root the folder of relative patterns, absolute. Default: the working directory
 * @throws RetortError `migrate/half-applied`, `migrate/none-found`, `migrate/other-database`, `migrate/not-initialized`
 * @example
 * const pending = await pendingMigrations(dataSource);
 * if (pending.length > 0) throw new Error(`run retort migrate up first: ${pending.join(", ")}`);
 * @see `retort migrate status --check`; Rails' `check_all_pending!`
 */
export async function pendingMigrations(
  dataSource: DataSource,
  options: Pick<MigrateOptions, "root"> = {},
): Promise<readonly string[]> {
  return withMigrations(dataSource, options.root, async ({ files, history, log, runner }) => {
    const state = await readState(files, history, log, runner);
    const halfApplied = errorIfHalfApplied(state);
    if (halfApplied) throw halfApplied;
    return pendingFiles(state).map(({ name }) => name);
  });
}

async function withMigrations<T>(
  dataSource: DataSource,
  root = process.cwd(),
  work: (running: RunContext) => Promise<T>,
): Promise<T> {
  // Throws for a database that is not supported.
  dialectOf(dataSource);
  const files = await filesOf(dataSource, root);
  if (dataSource.isInitialized) return onConnection(dataSource, files, root, work);
  const own = await connectedCopy(dataSource);
  try {
    return await onConnection(own, files, root, work);
  } finally {
    await own.destroy();
  }
}

async function onConnection<T>(
  dataSource: DataSource,
  files: readonly MigrationFile[],
  root: string,
  work: (running: RunContext) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner("master");
  try {
    const history = new History(dataSource);
    const log = new MigrationLog(dataSource);
    const database = migrationDatabaseOf(dataSource, runner);
    return await work({ files, history, log, database, runner, root });
  } finally {
    await runner.release();
  }
}

/** A DataSource of its own, so that the application can initialise its own afterwards, with its own options. */
async function connectedCopy(dataSource: DataSource): Promise<DataSource> {
  const { database } = dataSource.options;
  if (database === ":memory:" || database === "") throw memoryNotInitialized();
  const { DataSource: Copy } = typeormOf(dataSource);
  const changes = { synchronize: false, dropSchema: false, migrationsRun: false, migrations: [] };
  return new Copy({ ...dataSource.options, ...changes } as DataSourceOptions).initialize();
}

async function filesOf(dataSource: DataSource, root: string): Promise<MigrationFile[]> {
  const sources: MigrationSources = {
    declared: Object.values(dataSource.options.migrations ?? []) as (string | Function)[],
    root,
    database: databaseTypeOf(dataSource),
    find: matchedFiles,
    load: loadAsNode,
  };
  const files = await loadMigrations(sources);
  const patterns = stringsOf(sources);
  if (files.length === 0 && patterns.length > 0) throw noMigrationFound(patterns, "the DataSource");
  return files;
}

/** As the application's own modules are loaded: by Node, with the hooks that it has installed (tsx, ts-node). */
async function loadAsNode(file: string): Promise<Record<string, unknown>> {
  try {
    return createRequire(file)(file) as Record<string, unknown>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_REQUIRE_ASYNC_MODULE" && code !== "ERR_REQUIRE_ESM") throw error;
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  }
}

function observer(logger: MigrateLogger | undefined): RunObserver {
  return {
    waiting: () => logger?.info("waiting for another process that is migrating"),
    planned: (_plan, state) => warnOf(state, logger),
    started: () => undefined,
    done: ({ step, milliseconds }) =>
      logger?.info(`${step.direction} ${step.migration.name} (${Math.round(milliseconds)} ms)`),
  };
}

function warnOf(state: MigrationState, logger: MigrateLogger | undefined): void {
  for (const name of missingNames(state)) logger?.warn(`${name} is applied, but its file is missing`);
  for (const name of editedNames(state)) logger?.warn(`${name} was edited after it was applied`);
}
