import type { DataSource } from "typeorm";
import { databaseTypeOf } from "../../dialect/database-type";
import type { MigrationContext } from "../../migrate/context";
import { migrationDatabaseOf } from "../../migrate/run/databases/database";
import { loadMigrations, type MigrationSources } from "../../migrate/files/files";
import { MigrationPlace } from "../../migrate/files/place";
import { History } from "../../migrate/history/history";
import { MigrationLog } from "../../migrate/history/migration-log";
import type { RunContext } from "../../migrate/run/context";
import { missingNames, readState, type MigrationState } from "../../migrate/history/state";
import { escapeLine } from "../../terminal/escaped-text";
import type { DatabaseUse } from "../../config/open";
import { moduleFormatOf } from "../../config/package";
import type { Project } from "../../config/project";
import type { BuildFolders } from "../../config/build-folders";
import type { CommandContext } from "../command";

/** The project's migrations and its database, opened for a migrate command. */
export interface OpenedMigrations {
  readonly context: MigrationContext;
  readonly running: RunContext;
  readonly place: MigrationPlace;
  /** Files, history and log as they are now. */
  readonly state: () => Promise<MigrationState>;
}

/** Loads the project and its migrations, and connects. With `read`, nothing is created. */
export async function openMigrations(command: CommandContext, access: DatabaseUse): Promise<OpenedMigrations> {
  keepStdoutForData();
  const project = await command.project();
  const place = placeOf(project);
  const { root } = project;
  // Retort loads them itself, so that an error can name the file; TypeORM would load them a second time.
  project.dataSource.setOptions({ migrations: [] });
  const files = await loadMigrations(sourcesOf(project, place));
  const dataSource = await command.dataSource(access);
  const runner = dataSource.createQueryRunner("master");
  const settings = project.settings.migrations ?? {};
  const context: MigrationContext = {
    dataSource,
    root,
    place,
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
  return { context, running, place, state: () => readState(files, running.history, running.log, runner) };
}

/** Warns of applied migrations without a file: their changes are in no file and, often, in no entity. */
export function noteMissing(command: CommandContext, state: MigrationState): void {
  for (const name of missingNames(state))
    command.noteStyled(command.noteStyle.warn(escapeLine(`${name} is applied, but its file is missing.`)));
}

/** What the project's migrations are loaded from. */
export function sourcesOf(project: Project, place: MigrationPlace): MigrationSources {
  return {
    ...place.options,
    database: databaseTypeOf(project.dataSource),
    load: (file) => project.load(file),
  };
}

/** Where the project's migrations are, and where new ones are written. */
export function placeOf(project: Project, dataSource: DataSource = project.dataSource): MigrationPlace {
  const { root, settings, language, file } = project;
  let build: readonly BuildFolders[] | undefined;
  return new MigrationPlace({
    declared: declaredMigrations(dataSource),
    root,
    folder: settings.migrations?.folder,
    language,
    configuration: file,
    formatOf: moduleFormatOf,
    build: () => (build ??= loadBuildFolders()(root)),
  });
}

function loadBuildFolders(): (root: string) => BuildFolders[] {
  return (require("../../config/build-folders") as typeof import("../../config/build-folders")).buildFolders;
}

/** The DataSource's `migrations`: a list, or an object whose values are one. */
function declaredMigrations({ options }: DataSource): (string | Function)[] {
  return Object.values(options.migrations ?? []) as (string | Function)[];
}

/** Output of migrations and of TypeORM's logger goes to stderr, so that stdout has only data. */
function keepStdoutForData(): void {
  console.log = console.error;
  console.info = console.error;
  console.debug = console.error;
}
