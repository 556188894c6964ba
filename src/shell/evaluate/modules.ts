import fs from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { isObject } from "../../values";

/** Loads a file of the project through the project's own compiler. */
export type LoadFile = (file: string) => Promise<Record<string, unknown>>;

/** What `import` at the prompt loads: Node's modules, the project's packages, and its files relative to `folder`. */
export async function importFrom(specifier: string, folder: string, load: LoadFile | undefined): Promise<unknown> {
  if (isBuiltin(specifier)) return import(specifier);
  if (specifier.startsWith("file:")) return import(specifier);
  if (/^(\.{0,2}\/)/.test(specifier)) {
    const file = existingFile(path.resolve(folder, specifier));
    return load ? load(file) : import(pathToFileURL(file).href);
  }
  return import(pathToFileURL(packageFile(specifier, folder)).href);
}

const ENDINGS = [
  "",
  ".ts",
  ".mts",
  ".cts",
  ".js",
  ".mjs",
  ".cjs",
  ".json",
  "/index.ts",
  "/index.js",
  "/index.mjs",
  "/index.cjs",
];

/** The file of a specifier without an ending, or with the ending of the compiled file. */
function existingFile(file: string): string {
  const written = file.replace(/\.([mc]?)js$/, ".$1ts");
  const candidates = [...ENDINGS.map((ending) => file + ending), written];
  return candidates.find((candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile()) ?? file;
}

function packageFile(specifier: string, folder: string): string {
  const require = createRequire(path.join(folder, "package.json"));
  try {
    return require.resolve(specifier);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error;
    return importedFile(specifier, require.resolve.paths(specifier) ?? []) ?? fail(error);
  }
}

/** A package that can only be imported: `require.resolve` does not use the `import` condition of its `exports`. */
function importedFile(specifier: string, folders: readonly string[]): string | undefined {
  const [name, inside] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier)!.slice(1) as [string, string];
  for (const folder of folders) {
    const home = path.join(folder, name);
    if (!fs.existsSync(path.join(home, "package.json"))) continue;
    const { exports } = JSON.parse(fs.readFileSync(path.join(home, "package.json"), "utf8")) as { exports?: unknown };
    const entry =
      inside === "" && !hasSubpaths(exports)
        ? exports
        : (exports as Record<string, unknown> | undefined)?.[`.${inside}`];
    const target = condition(entry);
    if (target) return path.join(home, target);
  }
  return undefined;
}

function hasSubpaths(exports: unknown): boolean {
  return isObject(exports) && Object.keys(exports).some((key) => key.startsWith("."));
}

function condition(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return undefined;
  for (const [key, value] of Object.entries(entry)) {
    if (["import", "node", "default"].includes(key)) {
      const found = condition(value);
      if (found) return found;
    }
  }
  return undefined;
}

function fail(error: unknown): never {
  throw error;
}
