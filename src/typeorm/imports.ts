import path from "node:path";
import type { TypeormCopy } from "./copy";

/**
 * Files that a DataSource names by patterns (`entities: ["src/entity/*.ts"]`) are loaded by TypeORM itself: by `require`, which leads to
 * the compiler, and in packages of ES modules by `import`, which does not, and which Node 20 can only redirect with a thread of its own
 * that costs 35 ms. So TypeORM's one function that loads a file is replaced by one that asks the loader.
 */
export function routeImports(copy: TypeormCopy, load: (file: string) => Promise<unknown>): void {
  try {
    const utilities = copy.load("util/ImportUtils.js") as { importOrRequireFile: unknown };
    utilities.importOrRequireFile = async (file: string) => [await load(path.resolve(file)), "commonjs"];
  } catch {
    // A release that has moved the function: `require` still works by itself, and `import` of JavaScript.
  }
}
