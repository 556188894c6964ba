import fs from "node:fs";
import path from "node:path";
import { isFile } from "../paths";
import { isRecord } from "../values";
import { packageOf, readPackage } from "./package";
import type { CompilerSettings } from "./tsconfig";

/** The endings of the source for an ending in an import: `./user.js` may mean `user.ts`. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
/** The endings that are tried for an import without one, in this order: sources before compiled files. */
const ENDINGS = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"] as const;

/** The conditions that Node sets for `import`. */
const IMPORT_CONDITIONS: ReadonlySet<string> = new Set(["node", "import", "module-sync", "node-addons", "default"]);

/**
 * Resolves an import of a TypeScript file by the rules of the compiler and of Node.
 * @param request as it stands in the source
 * @returns an absolute path, or undefined where Node's rules for `require` apply
 */
export function resolveFromSource(
  request: string,
  from: string,
  format: "cjs" | "esm",
  settings: CompilerSettings,
): string | undefined {
  if (isPath(request)) return pathFile(request, path.dirname(from));
  return aliased(request, settings) ?? (format === "esm" ? importedPackage(request, from) : undefined);
}

/** The file of `./user`, `./user.js`, `.` or `..`; the dots, and paths that end with a slash, are folders. */
export function pathFile(request: string, folder: string): string | undefined {
  const base = path.resolve(folder, request);
  return /(^|[/\\])\.{0,2}$/.test(request) ? found(indexFiles(base)) : sourceFile(base);
}

/** The file of a path, with other endings where needed; undefined where there is none. */
export function sourceFile(base: string): string | undefined {
  const ending = path.extname(base);
  const stem = base.slice(0, base.length - ending.length);
  return found([
    ...(SOURCES[ending] ?? []).map((source) => stem + source),
    base,
    ...ENDINGS.map((known) => base + known),
    ...indexFiles(base),
  ]);
}

function indexFiles(folder: string): string[] {
  return ENDINGS.map((known) => path.join(folder, `index${known}`));
}

function found(candidates: readonly string[]): string | undefined {
  const file = candidates.find(isFile);
  return file && fs.realpathSync(file);
}

export function isPath(request: string): boolean {
  return path.isAbsolute(request) || /^\.\.?($|[/\\])/.test(request);
}

// `paths` and `baseUrl` of tsconfig.json

function aliased(request: string, { pathsOf }: CompilerSettings): string | undefined {
  for (const candidate of pathsOf(request)) {
    const file = sourceFile(path.normalize(candidate));
    if (file) return file;
  }
  return undefined;
}

// Packages, by the rules of `import`

function beginning(pattern: string): number {
  const star = pattern.indexOf("*");
  return star < 0 ? Infinity : star;
}

/** The part of a request that `*` matches: "" for a pattern without `*`; undefined where the request does not match. */
function matched(request: string, pattern: string): string | undefined {
  const star = pattern.indexOf("*");
  if (star < 0) return request === pattern ? "" : undefined;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const fits = request.length >= head.length + tail.length && request.startsWith(head) && request.endsWith(tail);
  return fits ? request.slice(head.length, request.length - tail.length) : undefined;
}

/**
 * The file of a package for an ES module: its `exports` under the condition "import", which `require` does not use.
 * TypeORM is left to `require`: its ES module only re-exports the same classes, and costs 40 ms more.
 */
function importedPackage(request: string, from: string): string | undefined {
  if (request.startsWith("#")) return throughImports(request, from);
  const [, name, rest = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(request) ?? [];
  if (!name || name === "typeorm" || name.startsWith("node:")) return undefined;
  const folder = packageFolder(name, path.dirname(from));
  const exported = folder && readPackage(folder)?.json.exports;
  if (!folder || exported == null) return undefined;
  const target = exportTarget(exported, `.${rest}`);
  return target === undefined ? undefined : realFile(path.join(folder, target));
}

function throughImports(request: string, from: string): string | undefined {
  const owner = packageOf(path.dirname(from));
  const imports = (owner?.json as { imports?: Record<string, unknown> } | undefined)?.imports;
  const target = imports && mappedTarget(imports, request);
  if (!owner || target === undefined) return undefined;
  return target.startsWith("./") ? sourceFile(path.join(owner.root, target)) : importedPackage(target, from);
}

/** The folder of a package that a file in `folder` imports; undefined where it is not installed. */
export function packageFolder(name: string, folder: string): string | undefined {
  const candidate = path.join(folder, "node_modules", name);
  if (fs.existsSync(path.join(candidate, "package.json"))) return candidate;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : packageFolder(name, parent);
}

function realFile(file: string): string | undefined {
  return isFile(file) ? fs.realpathSync(file) : undefined;
}

function exportTarget(exported: unknown, subpath: string): string | undefined {
  const isMap = isRecord(exported) && Object.keys(exported).some((key) => key.startsWith("."));
  if (!isMap) return subpath === "." ? conditional(exported, "") : undefined;
  return mappedTarget(exported, subpath);
}

function mappedTarget(map: Record<string, unknown>, key: string): string | undefined {
  if (key in map) return conditional(map[key], "");
  const patterns = Object.keys(map)
    .filter((pattern) => pattern.includes("*"))
    .sort((a, b) => beginning(b) - beginning(a));
  for (const pattern of patterns) {
    const star = matched(key, pattern);
    if (star !== undefined) return conditional(map[pattern], star);
  }
  return undefined;
}

function conditional(target: unknown, star: string): string | undefined {
  if (typeof target === "string") return target.replaceAll("*", star);
  if (Array.isArray(target)) return target.map((one) => conditional(one, star)).find((one) => one !== undefined);
  if (!isRecord(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (!IMPORT_CONDITIONS.has(condition)) continue;
    const inside = conditional(inner, star);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
