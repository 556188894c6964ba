import path from "node:path";
import type { TypeormCopy } from "./copy";

/**
 * TypeORM itself loads the files that match a DataSource's patterns (`entities: ["src/entity/*.ts"]`): by `require`, which compiles them,
 * and in packages of ES modules by `import`, which does not. Node 20 can redirect `import` only with a separate thread, which costs 35 ms.
 * So the function of TypeORM that loads a file is replaced by one that calls the loader.
 */
export function routeImports(copy: TypeormCopy, load: (file: string) => Promise<unknown>): void {
  try {
    const utilities = copy.load("util/ImportUtils.js") as { importOrRequireFile: unknown };
    utilities.importOrRequireFile = async (file: string) => [await load(path.resolve(file)), "commonjs"];
  } catch {
    // The function has moved in this release: `require` still compiles, and `import` loads JavaScript.
  }
}
