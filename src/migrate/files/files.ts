import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import type { MigrationInterface } from "typeorm";
import { isFile } from "../../paths";
import { RetortError } from "../../errors";
import {
  cannotBeMade,
  exportsNoMigration,
  exportsSeveralMigrations,
  fileDoesNotLoad,
  noTimestamp,
  sameNameTwice,
  shownPath,
} from "../errors";

/** A migration that the project has. */
export interface MigrationFile {
  /** The name that stands in the history: the instance's `name`, or the class's. */
  readonly name: string;
  /** Milliseconds since 1970: the last 13 digits of the name. */
  readonly timestamp: number;
  /** Absolute; undefined where the configuration gave the class itself and its file is not known. */
  readonly file: string | undefined;
  /** Of the file's text; undefined where the file is not known. */
  readonly checksum: string | undefined;
  /** The migration's own wish: true or false, undefined when it leaves that to the command. */
  readonly transaction: boolean | undefined;
  /** Names of the migrations that it was made of (`retort migrate squash`): where all of them are applied, it is. */
  readonly replaces: readonly string[];
  readonly instance: MigrationInterface;
}

/** Where migrations come from. */
export interface MigrationSources {
  /** What the DataSource's `migrations` says: classes, paths and globs. */
  readonly declared: readonly (string | Function)[];
  /** The project's folder, absolute; relative globs begin there. */
  readonly root: string;
  /** Loads a file through the project's compiler. */
  readonly load: (file: string) => Promise<Record<string, unknown>>;
}

type MigrationClass = new () => MigrationInterface;

/** Loads every migration of the project, oldest first. Throws one clear error about the first file that is not right. */
export async function loadMigrations(sources: MigrationSources): Promise<MigrationFile[]> {
  const migrations = sources.declared
    .filter((entry): entry is Function => typeof entry === "function")
    .map((target) => describe(target, fileOf(target), sources.root));
  // One after the other: a loader that reports an error should report the first one.
  for (const file of findMigrationFiles(sources)) {
    migrations.push(describe(await loadClass(file, sources), file, sources.root));
  }
  refuseDoubles(migrations, sources.root);
  return migrations.sort((a, b) => a.timestamp - b.timestamp || (a.name < b.name ? -1 : 1));
}

/** The files that the DataSource's globs name, as TypeORM reads them: code, but no declarations. */
export function findMigrationFiles({ declared, root }: Pick<MigrationSources, "declared" | "root">): string[] {
  const patterns = declared.filter((entry) => typeof entry === "string").map((glob) => glob.replaceAll("\\", "/"));
  if (patterns.length === 0) return [];
  const options = { cwd: root, absolute: true, expandDirectories: false, dot: true };
  const files = patterns.every((pattern) => ONE_FOLDER.test(pattern))
    ? patterns.flatMap((pattern) => filesIn(pattern, root))
    : globber().globSync(patterns, options);
  return [...new Set(files.map((file) => path.normalize(file)))].filter(isCode).sort();
}

/** `migrations/*.ts`, `migrations/*{.ts,.js}`: all that most projects say, and no reason to load a matcher of globs. */
const ONE_FOLDER = /^([^*?{}[\]()!+@|]+)\/\*(\.\w+|\{\.\w+(?:,\.\w+)*\}|\.\{\w+(?:,\w+)*\})$/;

function filesIn(pattern: string, root: string): string[] {
  const [, folder, endings] = ONE_FOLDER.exec(pattern)!;
  const known = endings!.match(/\w+/g)!.map((ending) => `.${ending}`);
  const absolute = path.resolve(root, folder!);
  if (!fs.existsSync(absolute)) return [];
  return fs
    .readdirSync(absolute, { withFileTypes: true })
    .filter((entry) => known.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => ({ entry, file: path.join(absolute, entry.name) }))
    .filter(({ entry, file }) => entry.isFile() || (entry.isSymbolicLink() && isFile(file)))
    .map(({ file }) => file);
}

function isCode(file: string): boolean {
  return /\.[cm]?[jt]s$/.test(file) && !/\.d\.[cm]?ts$/.test(file);
}

/** The globs mean what they mean to TypeORM, so TypeORM's own matcher reads them; it is loaded already. */
function globber(): typeof import("tinyglobby") {
  return createRequire(require.resolve("typeorm"))("tinyglobby") as typeof import("tinyglobby");
}

async function loadClass(file: string, { load, root }: MigrationSources): Promise<Function> {
  const shown = shownPath(root, file);
  let exported: Record<string, unknown>;
  try {
    exported = await load(file);
  } catch (error) {
    if (error instanceof RetortError) throw error;
    throw fileDoesNotLoad(shown, error);
  }
  const classes = [...new Set(functionsIn(exported))];
  const migrations = classes.filter(isMigrationClass);
  if (migrations.length > 1) {
    throw exportsSeveralMigrations(
      shown,
      migrations.map(({ name }) => name),
    );
  }
  if (migrations.length === 0) throw exportsNoMigration(shown);
  return migrations[0]!;
}

/** Every function that is exported, also in arrays and objects; TypeORM looks as deep. */
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
  const shown = file && shownPath(root, file);
  let instance: MigrationInterface;
  try {
    instance = new (target as MigrationClass)();
  } catch (error) {
    throw cannotBeMade(target.name, shown, error);
  }
  const name = instance.name ?? target.name;
  const timestamp = timestampOf(name);
  if (timestamp === undefined) throw noTimestamp(name, shown);
  return {
    name,
    timestamp,
    file,
    checksum: file && checksumOf(file),
    transaction: instance.transaction,
    replaces: replacedNames(instance),
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

/** Line ends do not count: git may change them. */
export function checksumOf(file: string): string {
  const text = fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n");
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** The file that a class was loaded from, where the module cache tells. */
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

/** An index that exports many migrations is not the file of each. */
function isDefiningFile(file: string, target: Function): boolean {
  try {
    return new RegExp(`\\bclass\\s+${target.name}\\b`).test(fs.readFileSync(file, "utf8"));
  } catch {
    return false;
  }
}

function refuseDoubles(migrations: readonly MigrationFile[], root: string): void {
  const byName = new Map<string, MigrationFile>();
  for (const migration of migrations) {
    const other = byName.get(migration.name);
    if (other) {
      const files = [other.file, migration.file].map((file) => file && shownPath(root, file));
      throw sameNameTwice(migration.name, files);
    }
    byName.set(migration.name, migration);
  }
}
