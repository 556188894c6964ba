import path from "node:path";
import { isFile } from "../paths";
import { configurationMissing, namedFileMissing } from "./errors";
import { packageOf, readPackage } from "./package";

/** The usual names of the file that exports the DataSource, most common first. */
export const NAMES = [
  "ormconfig",
  "data-source",
  "src/data-source",
  "src/ormconfig",
  "src/database/data-source",
  "src/db/data-source",
] as const;

export const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"] as const;

/** The configuration file of TypeORM 0.2: supported, not documented. */
const LEGACY = "ormconfig.json";

export interface Wanted {
  /** `-d`: relative to `cwd`. */
  readonly dataSource?: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The file that exports the DataSource: `-d`, then RETORT_DATA_SOURCE, then package.json's `retort.dataSource`, then the usual places in
 * `cwd` and every folder above it up to the package's root.
 * @returns an absolute path
 * @throws RetortError `config/not-found` (exit code 2), with the places that were searched
 */
export function findConfiguration({ dataSource, cwd, env }: Wanted): string {
  if (dataSource) return existing(path.resolve(cwd, dataSource), "-d");
  const variable = env["RETORT_DATA_SOURCE"];
  if (variable) return existing(path.resolve(cwd, variable), "RETORT_DATA_SOURCE");
  return namedByPackage(cwd) ?? inUsualPlaces(cwd);
}

function namedByPackage(cwd: string): string | undefined {
  const owner = packageOf(cwd);
  const settings = owner?.json.retort as { dataSource?: unknown } | undefined;
  if (!owner || typeof settings?.dataSource !== "string") return undefined;
  return existing(path.resolve(owner.root, settings.dataSource), `"retort.dataSource" in package.json`);
}

function existing(file: string, saidBy: string): string {
  const found = [file, ...EXTENSIONS.map((extension) => file + extension)].find(isFile);
  if (!found) throw namedFileMissing(file, saidBy);
  return found;
}

function inUsualPlaces(cwd: string): string {
  const folders = foldersUpwards(cwd);
  const names = [...NAMES.flatMap((name) => EXTENSIONS.map((extension) => name + extension)), LEGACY];
  for (const folder of folders) {
    const name = names.find((candidate) => isFile(path.join(folder, candidate)));
    if (name) return path.join(folder, name);
  }
  throw configurationMissing(folders, NAMES, EXTENSIONS);
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

/** The project's folder: the package's root, or the folder of the configuration file where there is no package. */
export function projectRoot(file: string): string {
  return packageOf(path.dirname(file))?.root ?? path.dirname(file);
}

/** The `retort` object of the project's package.json; undefined where there is none. */
export function packageSettings(root: string): unknown {
  return readPackage(root)?.json.retort;
}
