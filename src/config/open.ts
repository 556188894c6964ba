import fs from "node:fs";
import path from "node:path";
import type { DataSource, EntityMetadata } from "typeorm";
import { expectSupportedDatabase } from "../dialect/dialects";
import { driverErrorOf, RetortError, shortMessage } from "../errors";
import {
  cannotAttach,
  connectionFailed,
  databaseLocked,
  databaseUnreadable,
  entitiesNotFound,
  folderMissing,
  notADatabase,
} from "./errors";
import { deadEntityPatterns, entityPatterns } from "./entity-patterns";
import { inWorkingDirectory } from "./working-directory";
import { loadingFailure, metadataFailure } from "./loading-errors";
import type { Project } from "./project";
import { placeOf } from "./stack-traces";

/** How a command uses the database. */
export interface DatabaseUse {
  /**
   * `read`: nothing is created, not even the file of an SQLite database; a missing file is replaced by an empty database in memory.
   * `write`: the file may be created, but not its folder.
   */
  readonly use: "read" | "write";
  /**
   * False: the command needs no entities; their files are not loaded, and errors in them do not matter. `required`: patterns that match no
   * file are an error, not a line of warning. Default true.
   */
  readonly entities?: boolean | "required";
  /** Whether the tables of a database in memory are created where the DataSource's `synchronize` says so. Default false. */
  readonly tablesInMemory?: boolean;
}

/**
 * Connects the project's DataSource and builds its metadata. Connecting never changes the schema, whatever the options are. A DataSource
 * that the project has connected already is not changed.
 * @throws RetortError exit code 1 for an error of the database, 2 for one of the entities or the configuration
 */
export async function openDataSource(project: Project, access: DatabaseUse): Promise<DataSource> {
  const { use, entities = true } = access;
  const { dataSource, root } = project;
  expectSupportedDatabase(dataSource.options.type);
  if (dataSource.isInitialized) return dataSource;
  dataSource.setOptions({ ...followedOptions(project, access), dropSchema: false, migrationsRun: false });
  // Subscribers import entities.
  if (!entities) dataSource.setOptions({ entities: [], subscribers: [] });
  const file = prepareFile(dataSource, root, use);
  const isNew = file !== undefined && !fs.existsSync(file);
  try {
    await inWorkingDirectory(root, () => dataSource.initialize());
    // SQLite reads the file at the first statement.
    if (file) await dataSource.query("PRAGMA schema_version");
    if (entities) checkEntityPatterns(project, entities);
  } catch (error) {
    await closeQuietly(dataSource);
    // SQLite created the file when it opened it; remove it.
    if (isNew) fs.rmSync(file, { force: true });
    throw openingFailure(error, project, file);
  }
  return dataSource;
}

/** Of the options that change the schema while connecting; the others are said to be ignored. */
function followedOptions(
  { dataSource, note }: Project,
  { tablesInMemory = false }: DatabaseUse,
): {
  synchronize: boolean;
} {
  const { database, synchronize, dropSchema, migrationsRun } = dataSource.options;
  const isPrivate = database === ":memory:" || database === "";
  if (synchronize && isPrivate && tablesInMemory) return { synchronize };
  const ignored = Object.entries({ synchronize, dropSchema, migrationsRun })
    .filter(([, isOn]) => isOn)
    .map(([name]) => name);
  if (ignored.length > 0 && !isPrivate)
    note(`${ignored.join(" and ")} of the DataSource: not done, only retort migrate changes the schema`);
  return { synchronize: false };
}

/** Patterns of entities that match no file: a folder that is not built yet, or a typing error. */
function checkEntityPatterns({ dataSource, root, file, note }: Project, entities: true | "required"): void {
  const dead = deadEntityPatterns(dataSource, root);
  const isEmpty = dataSource.entityMetadatas.length === 0;
  const named = dead.length > 0 ? dead : isEmpty ? entityPatterns(dataSource) : [];
  if (named.length === 0) return;
  const error = entitiesNotFound(named, file, dead.length > 0);
  if (entities === "required") throw error;
  note(error.message);
}

/**
 * The metadata of the project's entities, without connecting.
 * @throws RetortError exit code 2
 */
export async function describedEntities(project: Project): Promise<readonly EntityMetadata[]> {
  const { dataSource, root } = project;
  // A protected method: TypeORM builds metadata only while it connects.
  const describing = dataSource as unknown as { buildMetadatas(): Promise<void> };
  try {
    if (!dataSource.isInitialized) await inWorkingDirectory(root, () => describing.buildMetadatas());
  } catch (error) {
    throw openingFailure(error, project, undefined);
  }
  return declaredEntities(dataSource);
}

/** The entities that the project declares. */
export function declaredEntities({ entityMetadatas }: DataSource): readonly EntityMetadata[] {
  return entityMetadatas.filter(({ tableType }) => DECLARED.has(tableType));
}

/** Tables that are declared by the project; join tables and closure tables are TypeORM's own. */
const DECLARED: ReadonlySet<string> = new Set(["regular", "entity-child", "view"]);

/**
 * Checks SQLite's file before TypeORM opens it: TypeORM would create missing folders, and SQLite the file.
 * @returns the file's absolute path; undefined where the database is not a file
 */
function prepareFile(dataSource: DataSource, root: string, use: DatabaseUse["use"]): string | undefined {
  const { type, database } = dataSource.options;
  if (type !== "better-sqlite3" || typeof database !== "string" || isMemory(database)) return undefined;
  const file = path.resolve(root, database);
  if (!fs.existsSync(path.dirname(file))) throw folderMissing(path.dirname(file), file);
  if (use === "read" && !fs.existsSync(file)) {
    setDatabase(dataSource, ":memory:");
    return undefined;
  }
  setDatabase(dataSource, file);
  return file;
}

/**
 * Moves a database in memory, with its rows, to another DataSource of the same options, for which connecting created an empty one. Does
 * nothing where the database is not in memory.
 */
export function keepMemory(before: DataSource, after: DataSource): void {
  const [{ type, database }, now] = [before.options, after.options];
  if (type !== "better-sqlite3" || now.type !== type || typeof database !== "string") return;
  if (!isMemory(database) || now.database !== database) return;
  const [from, to] = [before.driver, after.driver] as unknown as { databaseConnection: { close(): void } }[];
  to!.databaseConnection.close();
  to!.databaseConnection = from!.databaseConnection;
}

function isMemory(database: string): boolean {
  return database === "" || database === ":memory:" || database.startsWith("file:");
}

/** TypeORM stores it in three places. */
function setDatabase(dataSource: DataSource, database: string): void {
  dataSource.setOptions({ database });
  Object.assign(dataSource.driver.options, { database });
  dataSource.driver.database = database;
}

async function closeQuietly(dataSource: DataSource): Promise<void> {
  try {
    if (dataSource.isInitialized) await dataSource.destroy();
  } catch {
    // The first error is reported.
  }
}

function openingFailure(error: unknown, project: Project, file: string | undefined): RetortError {
  if (error instanceof RetortError) return error;
  const { dataSource, file: configuration } = project;
  const loading = { file: configuration, isOwn: project.isOwn, type: dataSource.options.type };
  return (
    fileFailure(error, file) ??
    attachedFailure(error) ??
    serverFailure(error, project) ??
    metadataFailure(error) ??
    (placeOf(error, project.isOwn) ? loadingFailure(error, loading) : unknownFailure(error, project))
  );
}

function fileFailure(error: unknown, file: string | undefined): RetortError | undefined {
  const code = codeOf(error);
  if (code === "ERR_DLOPEN_FAILED") {
    return connectionFailed("SQLite", shortMessage(error), "npm rebuild better-sqlite3", error);
  }
  if (!file) return undefined;
  if (code === "SQLITE_NOTADB") return notADatabase(file, error);
  if (code === undefined || !code.startsWith("SQLITE_")) return undefined;
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) return databaseLocked(file, error);
  return databaseUnreadable(file, shortMessage(error), code, error);
}

/** Why a server cannot be reached or refuses the login: the driver's code → its meaning and what to check. */
const SERVER_CODES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ECONNREFUSED: ["connection refused", "start the server, or correct host and port in"],
  ENOTFOUND: ["unknown host", "correct the host in"],
  EAI_AGAIN: ["the host's name cannot be looked up", "check the network, or correct the host in"],
  ETIMEDOUT: ["no answer in time", "check the network, or correct host and port in"],
  EHOSTUNREACH: ["the host cannot be reached", "check the network, or correct the host in"],
  ENETUNREACH: ["the network cannot be reached", "check the network, or correct the host in"],
  ECONNRESET: ["the server closed the connection", "check the server's log, or correct the port in"],
  "28P01": ["the password is wrong", "correct user and password in"],
  "28000": ["the login was refused", "correct user and password in"],
  "3D000": ["unknown database", "create the database, or correct its name in"],
  "57P03": ["the server is just starting", "try again; the server is named in"],
  "53300": ["the server has too many connections", "close some; the server is named in"],
  ER_ACCESS_DENIED_ERROR: ["the login was refused", "correct user and password in"],
  ER_DBACCESS_DENIED_ERROR: ["the user may not use the database", "correct user and database in"],
  ER_BAD_DB_ERROR: ["unknown database", "create the database, or correct its name in"],
  ER_CON_COUNT_ERROR: ["the server has too many connections", "close some; the server is named in"],
  PROTOCOL_CONNECTION_LOST: ["the server closed the connection", "check the server's log, or correct the port in"],
};

function serverFailure(error: unknown, { dataSource, file }: Project): RetortError | undefined {
  const [why, hint] = SERVER_CODES[codeOf(error) ?? ""] ?? [];
  if (!why || !hint) return undefined;
  return connectionFailed(addressOf(dataSource), why, `${hint} ${path.relative(process.cwd(), file)}`, error);
}

/** TypeORM looks for attached files beside the main one, which a database in memory, or one that is read before it exists, does not have. */
function attachedFailure(error: unknown): RetortError | undefined {
  const stack = (error as { stack?: unknown } | null)?.stack;
  return typeof stack === "string" && /getMainDatabasePath/.test(stack) ? cannotAttach(error) : undefined;
}

function unknownFailure(error: unknown, { dataSource, file }: Project): RetortError {
  const hint = `check ${path.relative(process.cwd(), file)}, or add --verbose`;
  return connectionFailed(addressOf(dataSource), shortMessage(error), hint, error);
}

function codeOf(error: unknown): string | undefined {
  const inner = driverErrorOf(error) as { code?: unknown; errors?: unknown[] } | null;
  if (typeof inner?.code === "string") return inner.code;
  return Array.isArray(inner?.errors) ? codeOf(inner.errors[0]) : undefined;
}

const SERVERS: Readonly<Record<string, readonly [title: string, port: number]>> = {
  postgres: ["PostgreSQL", 5432],
  cockroachdb: ["CockroachDB", 26257],
  mysql: ["MySQL", 3306],
  mariadb: ["MariaDB", 3306],
};

/** `PostgreSQL at 127.0.0.1:5432 (database "shop")`, never with a password. */
export function addressOf({ options }: DataSource): string {
  const { type, url, host, port, database } = options as unknown as Record<string, string | undefined>;
  const [title, usualPort] = SERVERS[type ?? ""] ?? [type ?? "the database", 0];
  const parsed = parseUrl(url);
  const address = `${parsed?.hostname || host || "localhost"}:${parsed?.port || port || usualPort}`;
  const name = parsed ? decodeURIComponent(parsed.pathname.slice(1)) : database;
  return usualPort === 0 ? title : `${title} at ${address}${name ? ` (database "${name}")` : ""}`;
}

function parseUrl(url: string | undefined): URL | undefined {
  return url && URL.canParse(url) ? new URL(url) : undefined;
}
