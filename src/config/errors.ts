import path from "node:path";
import { ExitCode, RetortError, shortMessage } from "../errors";
import { installCommand } from "../package-manager";

/** A place in a source file; lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

function usage(code: string, message: string, hint?: string, cause?: unknown): RetortError {
  return new RetortError(`config/${code}`, message, {
    exitCode: ExitCode.usage,
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}

function failure(code: string, message: string, hint?: string, cause?: unknown): RetortError {
  return new RetortError(`config/${code}`, message, {
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}

// Finding

export function configurationMissing(
  folders: readonly string[],
  names: readonly string[],
  extensions: readonly string[],
): RetortError {
  const endings = `.{${extensions.map((extension) => extension.slice(1)).join(",")}}`;
  const [first, ...others] = folders.map(shown);
  const where = [first, ...others].join(" and ");
  return usage(
    "not-found",
    `no configuration found: looked in ${where} for {${names.join(",")}}${endings}`,
    "retort init    (creates one; -d FILE or RETORT_DATA_SOURCE names another)",
  );
}

/** Several files export a DataSource, and nothing says which one is meant. */
export function severalFiles(files: readonly string[]): RetortError {
  const names = files.map(shown);
  return usage(
    "several-data-sources",
    `several files export a DataSource: ${names.join(", ")}`,
    `-d ${names[0]}, or "retort": { "dataSource": "FILE" } in package.json`,
  );
}

/** Files create a DataSource, but do not export it, or start a server when they are loaded. */
export function noneExports(files: readonly string[]): RetortError {
  const [first, ...others] = files.map(shown);
  return usage(
    "not-found",
    `no file only exports a DataSource: ${[first, ...others].join(", ")} keeps it, or starts a server as well`,
    "move it to a file of its own, src/data-source.ts: export default new DataSource({ … })",
  );
}

export function namedFileMissing(file: string, saidBy: string): RetortError {
  return usage(
    "not-found",
    `there is no file ${shown(file)} (named by ${saidBy})`,
    "name the file that exports the DataSource",
  );
}

// Compiling and loading

export function doesNotParse(place: SourcePlace, message: string, cause?: unknown): RetortError {
  return usage("does-not-parse", `${at(place)}: ${message}`, `correct ${shown(place.file)}, then try again`, cause);
}

/**
 * The configuration, or a file that it imports, threw while it was loaded.
 * @param thrower the package whose code threw; undefined: the project's own
 */
export function loadingThrew(place: SourcePlace, thrower: string | undefined, cause: unknown): RetortError {
  const who = thrower === undefined ? "" : `the package "${thrower}" threw: `;
  return usage("threw", `${at(place)}: ${who}${shortMessage(cause)}`, undefined, cause);
}

export function fileNotFound(place: SourcePlace, request: string, cause: unknown): RetortError {
  return usage(
    "module-not-found",
    `${at(place)}: cannot find ${request}`,
    `correct the import in ${shown(place.file)}`,
    cause,
  );
}

export function packageMissing(place: SourcePlace, request: string, cause: unknown): RetortError {
  return usage(
    "module-not-found",
    `${at(place)}: cannot find the package "${request}"`,
    installCommand(path.dirname(place.file), packageName(request)),
    cause,
  );
}

/** An alias of the project, or one of its own packages, which no registry has. */
export function aliasUnresolved(place: SourcePlace, request: string, cause: unknown): RetortError {
  return usage(
    "module-not-found",
    `${at(place)}: "${request}" is a name of this project, and no file has it`,
    `correct the import, or what it stands for: "paths" in tsconfig.json, "_moduleAliases" in package.json, a package of the workspace`,
    cause,
  );
}

/** A package of the project does not find what it imports itself. */
export function packageIncomplete(place: SourcePlace, name: string, request: string, cause: unknown): RetortError {
  const folder = path.dirname(place.file);
  const isOwnFile = /^[./]/.test(request);
  return usage(
    "module-not-found",
    isOwnFile
      ? `${at(place)}: the package "${name}" is incomplete: it cannot find its file ${request}`
      : `${at(place)}: the package "${name}" needs the package "${request}", which is not installed`,
    installCommand(folder, isOwnFile ? name : packageName(request)),
    cause,
  );
}

function packageName(request: string): string {
  return request
    .split("/")
    .slice(0, request.startsWith("@") ? 2 : 1)
    .join("/");
}

// What the configuration exports

export function exportsNoDataSource(file: string, exported: readonly string[]): RetortError {
  const what = exported.length === 0 ? "nothing" : exported.join(", ");
  return usage(
    "no-data-source",
    `${shown(file)} exports no DataSource; it exports ${what}`,
    "export default new DataSource({ … })",
  );
}

export function severalDataSources(file: string, names: readonly string[]): RetortError {
  return usage(
    "several-data-sources",
    `${shown(file)} exports several DataSources: ${names.join(", ")}`,
    `add --name ${names[0]}`,
  );
}

export function exportMissing(file: string, name: string, names: readonly string[], suggestion: string): RetortError {
  return usage(
    "no-such-export",
    `${shown(file)} has no export "${name}"${suggestion}`,
    names.length === 0 ? undefined : `--name is one of: ${names.join(", ")}`,
  );
}

export function exportGivesNoDataSource(file: string, name: string, gave: string): RetortError {
  return usage(
    "no-data-source",
    `${name} of ${shown(file)} gives ${gave}, which is not a DataSource and not DataSourceOptions`,
    "export default new DataSource({ … })",
  );
}

export function compilerMissing(file: string, cause: unknown): RetortError {
  return usage(
    "no-compiler",
    `${shown(file)} has to be compiled, and TypeScript is not installed`,
    'name the compiled file (-d dist/data-source.js, migrations: ["dist/migrations/*.js"]), or: npm install typescript',
    cause,
  );
}

// The DataSource itself

export function driverUnknown(
  place: SourcePlace,
  type: string,
  isInstalled: (name: string) => boolean,
  cause: unknown,
): RetortError {
  const { instead, install } = DRIVER_NAMES[type] ?? {};
  const command =
    install === undefined || isInstalled(install) ? "" : `  (${installCommand(path.dirname(place.file), install)})`;
  return usage(
    "unknown-driver",
    `${at(place)}: TypeORM has no driver "${type}"`,
    instead
      ? `write type: "${instead}"${instead === "better-sqlite3" ? ", which opens the same file" : ""}${command}`
      : 'type is one of "better-sqlite3", "postgres", "mysql", "mariadb"',
    cause,
  );
}

/** Former and often mistaken names of drivers, with the name that TypeORM has. */
const DRIVER_NAMES: Readonly<Record<string, { instead: string; install: string }>> = {
  sqlite: { instead: "better-sqlite3", install: "better-sqlite3" },
  sqlite3: { instead: "better-sqlite3", install: "better-sqlite3" },
  "better-sqlite": { instead: "better-sqlite3", install: "better-sqlite3" },
  pg: { instead: "postgres", install: "pg" },
  postgresql: { instead: "postgres", install: "pg" },
  mysql2: { instead: "mysql", install: "mysql2" },
};

/** @param place where the project's file is: it decides which package manager installs */
export function driverPackageMissing(place: SourcePlace, type: string, name: string, cause: unknown): RetortError {
  return usage(
    "driver-missing",
    `the package "${name}" is not installed; type: "${type}" needs it`,
    installCommand(path.dirname(place.file), name),
    cause,
  );
}

/** TypeORM 0.3 loads sqlite3, which Retort does not use. */
export function sqlite3Missing(
  place: SourcePlace,
  isInstalled: (name: string) => boolean,
  cause: unknown,
): RetortError {
  const name = "better-sqlite3";
  const command = isInstalled(name) ? "" : `  (${installCommand(path.dirname(place.file), name)})`;
  return usage(
    "driver-missing",
    'the package "sqlite3" is not installed; type: "sqlite" needs it',
    `write type: "${name}", which opens the same file${command}`,
    cause,
  );
}

/** The file exports options and imports no TypeORM. */
export function typeormMissing(file: string): RetortError {
  return usage(
    "typeorm-missing",
    `the package "typeorm" is not installed in ${shown(path.dirname(file))}`,
    installCommand(path.dirname(file), "typeorm"),
  );
}

/** A project of TypeORM 0.3 whose driver is for a package that is not supported. */
export function replacementMissing(file: string, type: string, name: string): RetortError {
  return usage(
    "driver-missing",
    `type: "${type}" is opened through the package "${name}", which is not installed`,
    installCommand(path.dirname(file), name),
  );
}

/** The project has connected to it already, through a package that is not supported. */
export function memoryConnected(type: string, name: string): RetortError {
  return usage(
    "driver-connected",
    `type: "${type}" is opened through ${name}, but the project has connected to its database in memory already`,
    "export the DataSource before it is initialized",
  );
}

export function nodeTooOld(folder: string, what: string, lowest: number, current: string): RetortError {
  return usage(
    "node-too-old",
    `${what} needs Node ${lowest} or later; this is Node ${current}`,
    `use Node ${lowest}, or ${installCommand(folder, "better-sqlite3@12")}`,
  );
}

export function primaryKeyMissing(entity: string, cause: unknown): RetortError {
  return usage(
    "no-primary-key",
    `the entity ${entity} has no primary key`,
    `mark a property of ${entity} with @PrimaryGeneratedColumn() or @PrimaryColumn()`,
    cause,
  );
}

/** The property's type is not emitted: a type alias, an interface, an imported enum. */
export function columnTypeUnknown(entity: string, property: string, cause: unknown): RetortError {
  return usage(
    "column-type-unknown",
    `the type of ${entity}.${property} is not known at run time (a type alias, an interface or an enum)`,
    `name it: @Column({ type: "varchar" }), @Column({ type: "enum", enum: … }); a relation is typed Relation<Other>`,
    cause,
  );
}

/** `Cannot access 'User' before initialization`: two files import each other and one uses the other's class too early. */
export function circularImport(place: SourcePlace, name: string, cause: unknown): RetortError {
  return usage(
    "circular-import",
    `${at(place)}: ${name} is used before its file has been loaded (the files import each other)`,
    `write the property's type as Relation<${name}>`,
    cause,
  );
}

/**
 * Patterns of `entities` match no file, or no file with an entity.
 * @param file the configuration
 */
export function entitiesNotFound(patterns: readonly string[], file: string, isAny: boolean): RetortError {
  const isBuilt = patterns.some((pattern) => /\.[cm]?js\b/.test(pattern));
  const named = patterns.map((pattern) => `"${path.isAbsolute(pattern) ? shown(pattern) : pattern}"`).join(", ");
  return usage(
    "no-entities",
    `the DataSource's entities ${named} match no file${isAny ? "" : " with an entity"}`,
    `correct \`entities\` in ${shown(file)}${isBuilt ? ", or build the project" : ""}`,
  );
}

export function entitiesInvalid(message: string, cause: unknown): RetortError {
  return usage("entities-invalid", message, undefined, cause);
}

// The database

export function folderMissing(folder: string, database: string): RetortError {
  return failure(
    "folder-missing",
    `there is no folder ${shown(folder)} for the database ${shown(database)}`,
    `mkdir -p ${shown(folder)}`,
  );
}

export function notADatabase(file: string, cause: unknown): RetortError {
  return failure(
    "not-a-database",
    `${shown(file)} is not an SQLite database`,
    "name another file, or move this one away",
    cause,
  );
}

/** What to do about an error of SQLite when it opens a file, by the beginning of its code. */
const SQLITE_HINTS: readonly (readonly [code: string, hint: string])[] = [
  ["SQLITE_CANTOPEN", "check the file's owner and permissions, and those of its folder"],
  ["SQLITE_PERM", "check the file's owner and permissions"],
  ["SQLITE_READONLY", "check the permissions of the file and of its folder"],
  ["SQLITE_CORRUPT", "restore it from a backup, or recover it: sqlite3 FILE .recover"],
  ["SQLITE_FULL", "make room on its disk"],
  ["SQLITE_IOERR", "check its disk"],
];

export function databaseUnreadable(file: string, why: string, code: string, cause: unknown): RetortError {
  const hint =
    SQLITE_HINTS.find(([start]) => code.startsWith(start))?.[1] ?? "add --verbose to see where it comes from";
  return failure("unreadable", `the database ${shown(file)} cannot be opened: ${why}`, hint, cause);
}

export function databaseLocked(file: string, cause: unknown): RetortError {
  return failure(
    "locked",
    `the database ${shown(file)} is locked: another process is writing to it`,
    "try again when that process has ended its transaction",
    cause,
  );
}

export function cannotAttach(cause: unknown): RetortError {
  return new RetortError(
    "config/cannot-attach",
    "an entity names another SQLite file as its database, and that cannot be attached: the main database is no file, or is not there yet",
    { hint: "create the main file, or give these entities a DataSource of their own", cause },
  );
}

export function connectionFailed(address: string, why: string, hint: string, cause: unknown): RetortError {
  return failure("no-connection", `no connection to ${address}: ${why}`, hint, cause);
}

// Wording

/** `src/user.ts:12:3`, as far as it is known. */
export function at({ file, line, column }: SourcePlace): string {
  return [shown(file), line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
}

/** A path relative to the working directory, unless that goes up two folders or more. */
export function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative === "" ? "." : relative.startsWith(`..${path.sep}..`) || path.isAbsolute(relative) ? file : relative;
}
