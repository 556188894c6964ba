import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as TypeORM from "typeorm";
import type { DataSource } from "typeorm";
import { typeormUnsupported } from "./errors";
import { isSupported } from "./version";

/** One installed copy of TypeORM. A process may have several: a project's entities are registered in one of them. */
export interface TypeormCopy {
  readonly folder: string;
  readonly version: string;
  /** Loads the package, or one of its files (`util/ImportUtils.js`), which its `exports` may not list. */
  load(file?: string): unknown;
  /** Whether it can load a driver: it looks beside itself, then in the working directory. */
  finds(name: string): boolean;
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

/** The file of a copy that has its DataSource: DataSource.js, or Connection.js in TypeORM 0.2. */
const DATA_SOURCE_FILES: readonly (readonly [ending: string, name: "DataSource" | "Connection"])[] = [
  [path.join("data-source", "DataSource.js"), "DataSource"],
  [path.join("connection", "Connection.js"), "Connection"],
];

/** The copy that a DataSource is an object of, wherever it is installed; undefined where that is not among the loaded modules. */
export function copyOf(dataSource: DataSource): TypeormCopy | undefined {
  const classes = new Set<unknown>();
  for (let one: unknown = dataSource; one; one = Object.getPrototypeOf(one)) classes.add(one.constructor);
  return loadedCopies((type) => classes.has(type))[0];
}

/** The copy that the project has loaded, where it has loaded one only: through a package that creates its DataSource. */
export function onlyLoadedCopy(): TypeormCopy | undefined {
  const [first, ...others] = loadedCopies(() => true);
  return others.every(({ folder }) => folder === first?.folder) ? first : undefined;
}

function loadedCopies(isWanted: (type: unknown) => boolean): TypeormCopy[] {
  return Object.keys(require.cache).flatMap((file) => {
    const [, name] = DATA_SOURCE_FILES.find(([ending]) => file.endsWith(ending)) ?? [];
    const type = name && (require.cache[file]?.exports as Record<string, unknown> | undefined)?.[name];
    return type && isWanted(type) ? [copyIn(path.dirname(path.dirname(file)), createRequire(file))] : [];
  });
}

const copies = new WeakMap<DataSource, TypeormCopy>();

/** What the DataSource's own copy of TypeORM exports. */
export function typeormOf(dataSource: DataSource): typeof TypeORM {
  return fileOf(dataSource, "index.js") as typeof TypeORM;
}

/** What a file of the DataSource's own copy of TypeORM exports (`error/QueryFailedError.js`), though the package may not. */
export function fileOf(dataSource: DataSource, file: string): unknown {
  let copy = copies.get(dataSource);
  if (!copy) copies.set(dataSource, (copy = copyOf(dataSource) ?? copyFor(__filename)!));
  return copy.load(file);
}

/** @throws RetortError `typeorm/unsupported` */
export function expectSupported(copy: TypeormCopy): void {
  if (!isSupported(copy.version)) throw typeormUnsupported(copy);
}

function copyIn(folder: string, require: NodeJS.Require): TypeormCopy {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string };
  return {
    folder,
    version,
    load: (file = "index.js") => require(path.join(folder, file)) as unknown,
    finds: (name) => [name, path.resolve("node_modules", name)].some((place) => isFound(place, require)),
  };
}

function isFound(name: string, require: NodeJS.Require): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
