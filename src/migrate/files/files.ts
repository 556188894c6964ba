import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { MigrationInterface } from "typeorm";
import { RetortError } from "../../errors";
import {
  cannotConstruct,
  exportsNoMigration,
  fileDoesNotLoad,
  noTimestamp,
  duplicateName,
  displayPath,
} from "../errors";
import type { DatabaseType } from "../../dialect/database-type";
import { type MigrationPatterns, findMigrationFiles } from "./sources";
import { databasesOf, refuseOtherDatabases, withoutComment } from "./written-for";

/** A migration of the project. */
export interface MigrationFile {
  /** Its name in the history: the instance's `name`, or the class's. */
  readonly name: string;
  /** Milliseconds since 1970: the last 13 digits of the name. */
  readonly timestamp: number;
  /** Absolute; undefined where the configuration gave the class itself and its file is not known. */
  readonly file: string | undefined;
  /** Of the file's text; undefined where the file is not known. */
  readonly checksum: string | undefined;
  /** The migration's own `transaction`; undefined leaves it to the command. */
  readonly transaction: boolean | undefined;
  /** Names of the migrations that it was squashed from: it counts as applied where all of them are. */
  readonly replaces: readonly string[];
  /** The databases that it was written for; undefined where it does not say so. */
  readonly databases: readonly DatabaseType[] | undefined;
  readonly instance: MigrationInterface;
}

/** Where migrations come from. */
export interface MigrationSources extends MigrationPatterns {
  /** Loads a file through the project's compiler. */
  readonly load: (file: string) => Promise<Record<string, unknown>>;
  /** The database that they are for: those that say that they were written for another one are refused. */
  readonly database: DatabaseType | undefined;
  /** Finds the files. Default: `findMigrationFiles`, which prefers sources to what they are compiled to. */
  readonly find?: (patterns: MigrationPatterns) => string[];
}

type MigrationClass = new () => MigrationInterface;

/** Loads every migration of the project, oldest first. Throws an error about the first file that is not valid. */
export async function loadMigrations(sources: MigrationSources): Promise<MigrationFile[]> {
  const migrations = sources.declared
    .filter((entry): entry is Function => typeof entry === "function")
    .map((target) => describe(target, fileOf(target), sources.root));
  // One after the other, so that the error is that of the first file.
  for (const file of (sources.find ?? findMigrationFiles)(sources)) {
    for (const target of await loadClasses(file, sources)) migrations.push(describe(target, file, sources.root));
  }
  refuseDuplicates(migrations, sources.root);
  const show = (file: string) => displayPath(sources.root, file);
  if (sources.database) refuseOtherDatabases(migrations, sources.database, show);
  return migrations.sort((a, b) => a.timestamp - b.timestamp || (a.name < b.name ? -1 : 1));
}

/** The migrations of a file: most have one. */
async function loadClasses(file: string, { load, root }: MigrationSources): Promise<Function[]> {
  const shown = displayPath(root, file);
  let exported: Record<string, unknown>;
  try {
    exported = await load(file);
  } catch (error) {
    if (error instanceof RetortError) throw error;
    throw fileDoesNotLoad(shown, error);
  }
  const classes = [...new Set(functionsIn(exported))];
  const migrations = classes.filter(isMigrationClass);
  if (migrations.length === 0) throw exportsNoMigration(shown);
  return migrations;
}

/** Every exported function, also in arrays and objects, as in TypeORM. */
function functionsIn(exported: unknown, seen = new Set<unknown>()): Function[] {
  if (typeof exported === "function") return [exported];
  if (typeof exported !== "object" || exported === null || seen.has(exported)) return [];
  seen.add(exported);
  return Object.values(exported).flatMap((value) => functionsIn(value, seen));
}

function isMigrationClass(target: Function): boolean {
  const prototype = target.prototype as Partial<MigrationInterface> | undefined;
  return typeof prototype?.up === "function";
}

function describe(target: Function, file: string | undefined, root: string): MigrationFile {
  const shown = file && displayPath(root, file);
  let instance: MigrationInterface;
  try {
    instance = new (target as MigrationClass)();
  } catch (error) {
    throw cannotConstruct(target.name, shown, error);
  }
  const name = instance.name ?? target.name;
  const timestamp = timestampOf(name);
  if (timestamp === undefined) throw noTimestamp(name, shown);
  const text = file === undefined ? undefined : textOf(file);
  return {
    name,
    timestamp,
    file,
    checksum: text === undefined ? undefined : checksumOf(text),
    transaction: instance.transaction,
    replaces: replacedNames(instance),
    databases: databasesOf(text, instance, shown ?? name),
    instance,
  };
}

function replacedNames(instance: MigrationInterface): string[] {
  const { replaces } = instance as { replaces?: unknown };
  return Array.isArray(replaces) ? replaces.filter((name) => typeof name === "string") : [];
}

/** TypeORM's rule: the last 13 characters of the name, read as a number. */
export function timestampOf(name: string): number | undefined {
  const timestamp = Number.parseInt(name.slice(-13), 10);
  return timestamp > 0 ? timestamp : undefined;
}

/** Line ends are ignored: git may change them. */
function textOf(file: string): string {
  return fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n");
}

function checksumOf(text: string): string {
  return createHash("sha256").update(withoutComment(text)).digest("hex").slice(0, 32);
}

/** The file that a class was loaded from, by the module cache. */
function fileOf(target: Function): string | undefined {
  for (const [file, module] of Object.entries(require.cache)) {
    if (file.includes(`${path.sep}node_modules${path.sep}`)) continue;
    const exported: unknown = module?.exports;
    if (exported === target) return file;
    if (typeof exported !== "object" || exported === null) continue;
    const own = Object.values(Object.getOwnPropertyDescriptors(exported)).map(
      (property): unknown => property.value ?? property.get?.call(exported),
    );
    if (own.includes(target) && isDefiningFile(file, target)) return file;
  }
  return undefined;
}

/** An index that re-exports many migrations is not their file. */
function isDefiningFile(file: string, target: Function): boolean {
  try {
    return new RegExp(`\\bclass\\s+${target.name}\\b`).test(fs.readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}

function refuseDuplicates(migrations: readonly MigrationFile[], root: string): void {
  const byName = new Map<string, MigrationFile>();
  for (const migration of migrations) {
    const other = byName.get(migration.name);
    if (other) {
      const files = [other.file, migration.file].map((file) => file && displayPath(root, file));
      throw duplicateName(migration.name, files);
    }
    byName.set(migration.name, migration);
  }
}
