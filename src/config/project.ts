import path from "node:path";
import type { DataSource } from "typeorm";
import { awaiting } from "../awaited-work";
import { readEnvironmentFiles } from "./environment-files";
import { exportedDataSource } from "./exports";
import { shown } from "./errors";
import { loadingFailure } from "./loading-errors";
import { findConfiguration, packageSettings, projectRoot } from "./find/configuration";
import { Loader } from "./loader";
import type { Warn } from "./warn";
import { inWorkingDirectory } from "./working-directory";
import { moduleFormatOf } from "./package";
import { mergeSettings, type Settings } from "./settings";
import { ProjectTypeorm } from "./typeorm";

export interface LoadOptions {
  /** The file that exports the DataSource, relative to `cwd` (`-d`). */
  readonly dataSource?: string | undefined;
  /** Which of its exports (`--name`). */
  readonly name?: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Receives warnings: why a start is slow, what was left out. Default: none. */
  readonly note?: Warn;
}

/** A TypeORM project, loaded. */
export interface Project {
  /** The folder of the nearest package.json, or of the configuration file where there is none. */
  readonly root: string;
  /** The file that exports the DataSource. */
  readonly file: string;
  /** How it was found: `-d`, `the script "migration:run" of package.json`. */
  readonly foundBy: string;
  /** The files of environment variables that were read, absolute. */
  readonly environmentFiles: readonly string[];
  /** Of the project's own copy of TypeORM; not connected yet, unless the project's code connected it. */
  readonly dataSource: DataSource;
  readonly settings: Settings;
  /** The language of generated files. */
  readonly language: "ts" | "js";
  readonly moduleFormat: "cjs" | "esm";
  /** Loads a TypeScript or JavaScript file through the project's compiler; `isMain` makes it what `require.main` is. */
  load(file: string, options?: { isMain?: boolean }): Promise<Record<string, unknown>>;
  /** Loads the configuration and its imports again; the result has a new DataSource, not connected. */
  reload(): Promise<Project>;
  /** The project's own files that have been loaded so far: absolute paths. */
  loadedFiles(): readonly string[];
  /** The exports of each file that has been loaded so far, except those of packages. */
  exports(): ReadonlyMap<string, unknown>;
  /** Prints one line to stderr. */
  readonly note: Warn;
  /** Whether a file belongs to the project and not to a package. */
  readonly isOwn: (file: string) => boolean;
}

let current: Loader | undefined;

/**
 * Finds, compiles and loads the project's configuration.
 * @throws RetortError exit code 2, with file and line where there is one
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const { env, note = () => undefined } = options;
  const { file, foundBy, isGuess } = findConfiguration(options);
  const root = projectRoot(file);
  if (isGuess) note(`${shown(file)} is the only file that exports a DataSource`);
  const { files: environmentFiles, hasSet } = readEnvironmentFiles(root, env);
  if (hasSet) note(`read ${environmentFiles.map(shown).join(" and ")}`);
  const loader = (current ??= installed(root, note));
  return load({ file, foundBy, environmentFiles, root }, loader, options);
}

type Found = Pick<Project, "file" | "foundBy" | "environmentFiles" | "root">;

/** Hooks `require`, once per process: a process has one project. */
function installed(root: string, note: Warn): Loader {
  const loader = new Loader(root, note);
  loader.install();
  return loader;
}

async function load(found: Found, loader: Loader, { name, note }: LoadOptions): Promise<Project> {
  const { file, root } = found;
  const isOwn = (name: string) =>
    name.startsWith(root + path.sep) && !name.includes(`${path.sep}node_modules${path.sep}`);
  try {
    const typeorm = new ProjectTypeorm(file, (other) => loader.load(other), note);
    const { exports, exported } = await typeorm.withoutSchemaChanges(() =>
      inWorkingDirectory(root, async () => {
        const exports = await awaiting(file, () => loader.load(file));
        const exported = await awaiting(`what ${file} exports`, () =>
          exportedDataSource(exports, file, name, (options) => typeorm.construct(options)),
        );
        return { exports, exported };
      }),
    );
    return {
      ...found,
      dataSource: await typeorm.prepare(exported),
      settings: mergeSettings(packageSettings(root), exports["retort"]),
      language: /\.[cm]?ts$/.test(file) ? "ts" : "js",
      moduleFormat: moduleFormatOf(file),
      load: (other, { isMain } = {}) => loader.load(other, isMain),
      reload: () => {
        loader.forget();
        return load(found, loader, { name, cwd: root, env: {} });
      },
      loadedFiles: () => loader.loaded(),
      exports: () => loader.exports(),
      note: note ?? (() => undefined),
      isOwn,
    };
  } catch (error) {
    throw loadingFailure(error, { file, isOwn });
  }
}
