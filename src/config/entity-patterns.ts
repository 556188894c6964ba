import fs from "node:fs";
import path from "node:path";
import type { DataSource } from "typeorm";

/** A folder of packages is searched only where a pattern names it. */
const SKIPPED = /^(?:node_modules|\.git)$/;
const CODE = /\.[cm]?[jt]s$/;
const DECLARATIONS = /\.d\.[cm]?ts$/;

/** The patterns among the DataSource's `entities`, without those that leave files out. */
export function entityPatterns({ options }: DataSource): string[] {
  return Object.values(options.entities ?? [])
    .filter((entity) => typeof entity === "string")
    .filter((pattern) => !pattern.startsWith("!"));
}

/**
 * The patterns of `entities` that match no file. One of a pair that differs in its folder or ending only (`src/*.ts`, `dist/*.js`) is meant
 * for another start, and left out.
 * @param root relative patterns begin there
 */
export function deadEntityPatterns(dataSource: DataSource, root: string): string[] {
  const patterns = entityPatterns(dataSource).map((pattern) => ({ pattern, isAlive: matchesFile(pattern, root) }));
  const living = new Set(patterns.filter(({ isAlive }) => isAlive).map(({ pattern }) => lastPart(pattern)));
  return patterns
    .filter(({ pattern, isAlive }) => !isAlive && !living.has(lastPart(pattern)))
    .map(({ pattern }) => pattern);
}

/** `*.entity.ts`, `*.entity.js` and `*.entity{.ts,.js}` are alike. */
function lastPart(pattern: string): string {
  const name = pattern.replaceAll("\\", "/").split("/").at(-1)!;
  return name.replace(/(?:\.[cm]?[jt]s|\.?\{[^{}]*\})$/, "");
}

/** The files that the patterns of `entities` find, absolute. */
export function entityFiles(dataSource: DataSource, root: string): string[] {
  const files = new Set<string>();
  for (const pattern of entityPatterns(dataSource)) someFile(pattern, root, (file) => !files.add(file));
  const leftOut = Object.values(dataSource.options.entities ?? [])
    .filter((entity) => typeof entity === "string" && entity.startsWith("!"))
    .map((pattern) => matcher(absolutePattern((pattern as string).slice(1), root)));
  return [...files].filter((file) => !leftOut.some((isMatch) => isMatch(file)));
}

function matchesFile(pattern: string, root: string): boolean {
  return someFile(pattern, root, () => true);
}

/** Visits the files that a pattern matches until one is accepted. */
function someFile(pattern: string, root: string, accept: (file: string) => boolean): boolean {
  const absolute = absolutePattern(pattern, root);
  const { base, isGlob } = picomatch().scan(absolute);
  if (!isGlob) return isCode(absolute) && fs.existsSync(absolute) && accept(absolute);
  const isMatch = matcher(absolute);
  const isPackaged = /node_modules/.test(absolute);
  const visit = (folder: string): boolean =>
    entriesOf(folder).some((name) => {
      const file = `${folder}/${name}`;
      if (isCode(name) && isMatch(file) && accept(file)) return true;
      return (isPackaged || !SKIPPED.test(name)) && isFolder(file) && visit(file);
    });
  return visit(base.replace(/\/$/, ""));
}

function absolutePattern(pattern: string, root: string): string {
  return path.posix.resolve(root.replaceAll("\\", "/"), pattern.replaceAll("\\", "/"));
}

function matcher(absolute: string): (file: string) => boolean {
  return picomatch()(absolute, { dot: true });
}

interface Picomatch {
  (glob: string, options: object): (text: string) => boolean;
  scan(glob: string): { base: string; isGlob: boolean };
}

function picomatch(): Picomatch {
  return require("picomatch") as Picomatch;
}

function isCode(name: string): boolean {
  return CODE.test(name) && !DECLARATIONS.test(name);
}

function entriesOf(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** A link to a folder counts, as for TypeORM's own matcher; a file's name is not asked for. */
function isFolder(file: string): boolean {
  return !isCode(file) && fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}
