import path from "node:path";
import { isFile } from "../../paths";
import { configurationMissing, namedFileMissing, noneExports, severalFiles } from "../errors";
import { packageOf, readPackage } from "../package";
import { codeFile, compiledOfSource, EXTENSIONS } from "./files";
import { namedByScripts } from "./scripts";
import { searchDataSources, type SearchResult } from "./search";
import { workspaceRoot } from "./workspace";

/** The usual names of the file that exports the DataSource, most common first. */
export const NAMES = [
  "ormconfig",
  "data-source",
  "src/data-source",
  "src/ormconfig",
  "src/database/data-source",
  "src/db/data-source",
  "typeorm.config",
  "src/typeorm.config",
] as const;

/** The configuration file of TypeORM 0.2: supported, not documented. */
const LEGACY = "ormconfig.json";

export interface Wanted {
  /** `-d`: relative to `cwd`. */
  readonly dataSource?: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Configuration {
  /** The file that exports the DataSource, absolute. */
  readonly file: string;
  /** How it was found: `-d`, `"migration:run" in package.json`, `its name`. */
  readonly foundBy: string;
  /** By the text of the file only: a user may not expect it. */
  readonly isGuess: boolean;
}

/**
 * The file that exports the DataSource: `-d`, then RETORT_DATA_SOURCE, then package.json's `retort.dataSource`, then the one that
 * package.json's scripts give to TypeORM, then the usual places in `cwd` and every folder above it up to the package's root, then the only
 * file of the package, or of its workspace, whose text exports a DataSource.
 * @throws RetortError `config/not-found` (exit code 2), with the places that were searched; `config/several-data-sources`
 */
export function findConfiguration({ dataSource, cwd, env }: Wanted): Configuration {
  if (dataSource) return named(path.resolve(cwd, dataSource), "-d");
  const variable = env["RETORT_DATA_SOURCE"];
  if (variable) return named(path.resolve(cwd, variable), "RETORT_DATA_SOURCE");
  const folders = foldersUpwards(cwd);
  const found = byPackage(folders.at(-1)!, cwd) ?? inUsualPlaces(folders) ?? bySearch(cwd);
  if (!found) throw configurationMissing(folders, NAMES, EXTENSIONS);
  return found;
}

function named(file: string, saidBy: string): Configuration {
  const found = codeFile(file);
  if (!found) throw namedFileMissing(file, saidBy);
  return { file: found, foundBy: saidBy, isGuess: false };
}

function byPackage(root: string, cwd: string): Configuration | undefined {
  const owner = readPackage(root);
  if (!owner) return undefined;
  const settings = owner.json.retort as { dataSource?: unknown } | undefined;
  if (typeof settings?.dataSource === "string") {
    const file = path.resolve(root, settings.dataSource);
    // Where only the compiled files are deployed.
    return named(codeFile(file) ?? compiledOfSource(file, root) ?? file, `"retort.dataSource" in package.json`);
  }
  const [first, ...others] = namedByScripts(owner);
  if (!first) return undefined;
  if (others.length === 0)
    return { file: first.file, foundBy: `the script "${first.script}" of package.json`, isGuess: false };
  const usual = inUsualPlaces(foldersUpwards(cwd));
  if (usual) return usual;
  throw severalFiles([first, ...others].map(({ file }) => file));
}

function inUsualPlaces(folders: readonly string[]): Configuration | undefined {
  const names = [...NAMES.flatMap((name) => EXTENSIONS.map((extension) => name + extension)), LEGACY];
  for (const folder of folders) {
    const name = names.find((candidate) => isFile(path.join(folder, candidate)));
    // Where only the compiled files are deployed.
    const compiled = () => NAMES.map((one) => compiledOfSource(path.join(folder, one), folder)).find(Boolean);
    const file = name === undefined ? compiled() : path.join(folder, name);
    if (file !== undefined) return { file, foundBy: "its name", isGuess: false };
  }
  return undefined;
}

/**
 * From `cwd` up to the package's root. Without a package only `cwd` is searched: a file further up may belong to another project, and
 * loading it would run it.
 */
function foldersUpwards(cwd: string): string[] {
  const owner = packageOf(cwd);
  if (!owner) return [cwd];
  const folders = [cwd];
  for (let folder = cwd; folder !== owner.root; folder = path.dirname(folder)) folders.push(path.dirname(folder));
  return folders;
}

/** The only file of the package that exports a DataSource, else of the repository whose package it is. */
function bySearch(cwd: string): Configuration | undefined {
  const root = packageOf(cwd)?.root;
  if (root === undefined) return undefined;
  const repository = workspaceRoot(root);
  return onlyOne(searchDataSources(root)) ?? (repository === undefined ? undefined : inRepository(repository, root));
}

function inRepository(repository: string, root: string): Configuration | undefined {
  return (
    byPackage(repository, repository) ??
    inUsualPlaces([repository]) ??
    (repository === root ? undefined : onlyOne(searchDataSources(repository)))
  );
}

function onlyOne({ exporting, unusable }: SearchResult): Configuration | undefined {
  const [first, ...others] = exporting;
  if (first === undefined) {
    if (unusable.length > 0) throw noneExports(unusable);
    return undefined;
  }
  if (others.length > 0) throw severalFiles(exporting);
  return { file: first, foundBy: "its text: it exports a DataSource", isGuess: true };
}

/** The project's folder: the package's root, or the folder of the configuration file where there is no package. */
export function projectRoot(file: string): string {
  return packageOf(path.dirname(file))?.root ?? path.dirname(file);
}

/** The `retort` object of the project's package.json; undefined where there is none. */
export function packageSettings(root: string): unknown {
  return readPackage(root)?.json.retort;
}
