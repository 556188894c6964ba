import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as TypeORM from "typeorm";
import type { DataSource } from "typeorm";

/** One installed copy of TypeORM. A process may have several: a project's entities are registered in one of them. */
export interface TypeormCopy {
  readonly folder: string;
  readonly version: string;
  /** Loads the package, or one of its files (`util/ImportUtils.js`), which its `exports` may not list. */
  load(file?: string): unknown;
}

/** The copy that a file finds when it imports `typeorm`; undefined where it finds none. */
export function copyFor(file: string): TypeormCopy | undefined {
  const require = createRequire(file);
  try {
    return copyIn(path.dirname(require.resolve("typeorm")), require);
  } catch {
    return undefined;
  }
}

/** The copy that a DataSource is an object of, wherever it is installed; undefined where that is not among the loaded modules. */
export function copyOf(dataSource: DataSource): TypeormCopy | undefined {
  const classes = new Set<unknown>();
  for (let one: unknown = dataSource; one; one = Object.getPrototypeOf(one)) classes.add(one.constructor);
  const ending = path.join("data-source", "DataSource.js");
  const file = Object.keys(require.cache).find((name) => {
    const exports: unknown = name.endsWith(ending) ? require.cache[name]?.exports : undefined;
    return exports !== undefined && classes.has((exports as { DataSource?: unknown }).DataSource);
  });
  return file === undefined ? undefined : copyIn(path.dirname(path.dirname(file)), createRequire(file));
}

/** What the DataSource's own copy of TypeORM exports. */
export function typeormOf(dataSource: DataSource): typeof TypeORM {
  return (copyOf(dataSource)?.load() ?? require("typeorm")) as typeof TypeORM;
}

function copyIn(folder: string, require: NodeJS.Require): TypeormCopy {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string };
  return { folder, version, load: (file = "index.js") => require(path.join(folder, file)) as unknown };
}
