import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { isFile } from "../../paths";

/** Where the DataSource says that migrations are. */
export interface MigrationPatterns {
  /** The DataSource's `migrations`: classes, paths and globs. */
  readonly declared: readonly (string | Function)[];
  /** The project's folder, absolute; relative globs begin there. */
  readonly root: string;
  /** The compiler's output folders and their sources, where they are not one: asked for only where a pattern needs it. */
  readonly build?: (() => readonly BuildFolders[]) | undefined;
}

export interface BuildFolders {
  readonly compiled: string;
  readonly sources: string;
}

/** `.js` is compiled from `.ts` (or `.tsx`, which is no migration), and so on. */
const COMPILED_FROM: Readonly<Record<string, string>> = { ".js": ".ts", ".mjs": ".mts", ".cjs": ".cts" };

/**
 * The files of migrations: those that the DataSource's globs match, as TypeORM reads them (code, but no declarations). A
 * compiled file stands for its source, where that exists, and a source counts as matched where the file that it is
 * compiled to is: a new migration is found before the project is built again.
 */
export function findMigrationFiles(patterns: MigrationPatterns): string[] {
  const globs = stringsOf(patterns);
  if (globs.length === 0) return [];
  const build = buildOf(patterns);
  const matched = filesMatching(globs, patterns.root).map((file) => sourceOf(file, build) ?? file);
  const uncompiled = build ? filesMatching(sourceGlobs(globs, patterns.root, build), patterns.root) : [];
  return [...new Set([...matched, ...uncompiled])].sort();
}

/** The files that the globs match, for a process that has no compiler: a compiled file goes before the source beside it. */
export function matchedFiles(patterns: MigrationPatterns): string[] {
  const globs = stringsOf(patterns);
  const files = new Set(globs.length === 0 ? [] : filesMatching(globs, patterns.root));
  const compiled = (file: string) => file.replace(/ts$/, "js");
  return [...files].filter((file) => compiled(file) === file || !files.has(compiled(file))).sort();
}

/** Whether TypeORM and Retort find a migration in this file: itself, or the file that it is compiled to. */
export function isFound(file: string, patterns: MigrationPatterns): boolean {
  const build = buildOf(patterns);
  const seen =
    build && isInside(file, build.sources) && !isInside(file, build.compiled) ? compiledOf(file, build) : file;
  return [file, seen].some((name) => matches(name, stringsOf(patterns), patterns.root));
}

/** The source folder for a folder of compiled files; the folder itself for any other. */
export function sourceFolder(folder: string, patterns: MigrationPatterns): string {
  const build = buildOf(patterns);
  return build && isInside(folder, build.compiled) ? moved(folder, build.compiled, build.sources) : folder;
}

/** Whether files of the folder are compiled into another one. */
export function isCompiledElsewhere(folder: string, patterns: MigrationPatterns): boolean {
  const build = buildOf(patterns);
  return (
    build !== undefined &&
    isInside(folder, build.sources) &&
    stringsOf(patterns).some((glob) => isUnder(glob, patterns.root, build))
  );
}

export function stringsOf({ declared }: Pick<MigrationPatterns, "declared">): string[] {
  return declared.filter((entry) => typeof entry === "string").map((glob) => glob.replaceAll("\\", "/"));
}

/** The build's folders, where a pattern leads into the compiled one. */
function buildOf(patterns: MigrationPatterns): BuildFolders | undefined {
  // Most projects name their sources: then the compiler's configuration is not read.
  if (!stringsOf(patterns).some((glob) => !/\.[cm]?ts$/.test(glob))) return undefined;
  const globs = stringsOf(patterns);
  const known = patterns.build?.() ?? [];
  return known.length > 0
    ? known.find((build) => globs.some((glob) => isUnder(glob, patterns.root, build)))
    : guessedBuild(patterns);
}

/** Without a compiler configuration that names folders: the usual ones, where both are there. */
function guessedBuild(patterns: MigrationPatterns): BuildFolders | undefined {
  const sources = path.join(patterns.root, "src");
  const compiled = ["dist", "build"]
    .map((name) => path.join(patterns.root, name))
    .find((folder) => stringsOf(patterns).some((glob) => isUnder(glob, patterns.root, { compiled: folder, sources })));
  return compiled !== undefined && fs.existsSync(sources) ? { compiled, sources } : undefined;
}

function isUnder(glob: string, root: string, { compiled }: BuildFolders): boolean {
  return isInside(path.resolve(root, glob.replace(/^!/, "")), compiled);
}

function isInside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder + path.sep);
}

function moved(file: string, from: string, to: string): string {
  return path.join(to, path.relative(from, file));
}

/** The source of a compiled file: in the folder of sources, or beside it. */
function sourceOf(file: string, build: BuildFolders | undefined): string | undefined {
  const extension = path.extname(file);
  const own = COMPILED_FROM[extension];
  if (own === undefined) return undefined;
  const inSources = build && isInside(file, build.compiled) ? moved(file, build.compiled, build.sources) : undefined;
  const withOwn = (name: string) => name.slice(0, -extension.length) + own;
  return [withOwn(file), ...(inSources === undefined ? [] : [withOwn(inSources), inSources])].find(isFile);
}

function compiledOf(file: string, { compiled, sources }: BuildFolders): string {
  return moved(file, sources, compiled).replace(/ts$/, "js");
}

/** The same globs over the sources. */
function sourceGlobs(globs: readonly string[], root: string, build: BuildFolders): string[] {
  return globs.flatMap((glob) => {
    const isNegated = glob.startsWith("!");
    if (!isUnder(glob, root, build)) return isNegated ? [glob] : [];
    const source = moved(path.resolve(root, glob.replace(/^!/, "")), build.compiled, build.sources);
    const at = source.lastIndexOf(path.sep) + 1;
    const name = source.slice(at).replace(/\b([cm]?)js\b/g, "$1ts");
    return [`${isNegated ? "!" : ""}${source.slice(0, at).replaceAll(path.sep, "/")}${name}`];
  });
}

function filesMatching(globs: readonly string[], root: string): string[] {
  const options = { cwd: root, absolute: true, expandDirectories: false, dot: true };
  const files = globs.every((glob) => ONE_FOLDER.test(glob))
    ? globs.flatMap((glob) => filesIn(glob, root))
    : globber().globSync([...globs], options);
  return files.map((file) => path.normalize(file)).filter(isCode);
}

/** `migrations/*.ts`, `migrations/*{.ts,.js}`: most projects have nothing else, and it needs no glob matcher. */
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

/** Whether the globs match the path of a file that need not exist. */
function matches(file: string, globs: readonly string[], root: string): boolean {
  if (!isCode(file)) return false;
  const { isMatch } = require("picomatch") as { isMatch(text: string, globs: string[], options: object): boolean };
  const relative = path.relative(root, file).replaceAll(path.sep, "/");
  const normal = globs.map((glob) => {
    const bare = glob.replace(/^!/, "");
    return path.isAbsolute(bare) && isInside(bare, root) ? path.posix.relative(root, bare) : path.posix.normalize(bare);
  });
  const one = (at: number) => isMatch(path.isAbsolute(normal[at]!) ? file : relative, [normal[at]!], { dot: true });
  const at = (isNegated: boolean) =>
    globs.flatMap((glob, place) => (glob.startsWith("!") === isNegated ? [place] : []));
  return at(false).some(one) && !at(true).some(one);
}

/** TypeORM's own matcher, so that globs match as in TypeORM; it is loaded already. */
function globber(): typeof import("tinyglobby") {
  return createRequire(require.resolve("typeorm"))("tinyglobby") as typeof import("tinyglobby");
}
