import type { DataSource } from "typeorm";
import type { MigrationContext } from "../../migrate/context";
import { migrationDatabaseOf } from "../../migrate/run/databases/database";
import { loadMigrations } from "../../migrate/files/files";
import { migrationFolder } from "../../migrate/files/folder";
import { History } from "../../migrate/history/history";
import { MigrationLog } from "../../migrate/history/migration-log";
import type { RunContext } from "../../migrate/run/context";
import { missingNames, readState, type MigrationState } from "../../migrate/history/state";
import { escapeLine } from "../../terminal/escaped-text";
import type { DatabaseUse } from "../../config/open";
import type { CommandContext } from "../command";

/** The project's migrations and its database, opened for a migrate command. */
export interface OpenedMigrations {
  readonly context: MigrationContext;
  readonly running: RunContext;
  /** Files, history and log as they are now. */
  readonly state: () => Promise<MigrationState>;
}

/** Loads the project and its migrations, and connects. With `read`, nothing is created. */
export async function openMigrations(command: CommandContext, access: DatabaseUse): Promise<OpenedMigrations> {
  keepStdoutForData();
  const project = await command.project();
  const declared = takeMigrations(project.dataSource);
  const { root } = project;
  const files = await loadMigrations({ declared, root, load: (file) => project.load(file) });
  const dataSource = await command.dataSource(access);
  const runner = dataSource.createQueryRunner("master");
  const settings = project.settings.migrations ?? {};
  const context: MigrationContext = {
    dataSource,
    root,
    folder: migrationFolder(declared, root, settings.folder),
    language: project.language,
    moduleFormat: project.moduleFormat,
    settings,
  };
  const running: RunContext = {
    files,
    history: new History(dataSource),
    log: new MigrationLog(dataSource),
    database: migrationDatabaseOf(dataSource, runner),
    runner,
    root,
  };
  return { context, running, state: () => readState(files, running.history, running.log, runner) };
}

/** Warns of applied migrations without a file: their changes are in no file and, often, in no entity. */
export function noteMissing(command: CommandContext, state: MigrationState): void {
  for (const name of missingNames(state))
    command.noteStyled(command.noteStyle.warn(escapeLine(`${name} is applied, but its file is missing.`)));
}

/**
 * The DataSource's migrations, taken out of its options: Retort loads them itself, so that an error can name its file,
 * and TypeORM would load them a second time.
 */
function takeMigrations(dataSource: DataSource): (string | Function)[] {
  const declared = declaredMigrations(dataSource);
  dataSource.setOptions({ migrations: [] });
  return declared;
}

/** The DataSource's `migrations`: a list, or an object whose values are one. */
export function declaredMigrations({ options }: DataSource): (string | Function)[] {
  return Object.values(options.migrations ?? []) as (string | Function)[];
}

/** Output of migrations and of TypeORM's logger goes to stderr, so that stdout has only data. */
function keepStdoutForData(): void {
  console.log = console.error;
  console.info = console.error;
  console.debug = console.error;
}
