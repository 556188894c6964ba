import { createRequire } from "node:module";
import path from "node:path";
import type { DataSource, DataSourceOptions } from "typeorm";
import { typeormMissing } from "./errors";
import type { Loader } from "./loader";

/** The parts of the project's copy of TypeORM that are used here. */
export interface ProjectTypeorm {
  readonly DataSource: new (options: DataSourceOptions) => DataSource;
}

/**
 * The project's own copy of TypeORM: its entities are registered there.
 * @throws RetortError `config/typeorm-missing`
 */
export function projectTypeorm(root: string): ProjectTypeorm {
  try {
    return createRequire(path.join(root, "package.json"))("typeorm") as ProjectTypeorm;
  } catch (error) {
    if ((error as { code?: unknown }).code === "MODULE_NOT_FOUND") throw typeormMissing(root, error);
    throw error;
  }
}

/**
 * Files that a DataSource names by patterns (`entities: ["src/entity/*.ts"]`) are loaded by TypeORM itself: by `require`, which leads to
 * the compiler, and in packages of ES modules by `import`, which does not, and which Node 20 lets nobody lead there without a thread
 * and its 35 ms. So TypeORM's one function that loads a file is told to ask the loader.
 */
export function routeTypeorm(root: string, loader: Loader): void {
  try {
    const main = createRequire(path.join(root, "package.json")).resolve("typeorm");
    const utilities = createRequire(main)("./util/ImportUtils.js") as { importOrRequireFile: unknown };
    utilities.importOrRequireFile = async (file: string) => [await loader.load(path.resolve(file)), "commonjs"];
  } catch {
    // Another TypeORM than the one this was written for: `require` still works by itself, and `import` of JavaScript.
  }
}
