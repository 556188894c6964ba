import fs from "node:fs";
import path from "node:path";
import { createFilesMatcher } from "get-tsconfig";
import { isFile } from "../paths";
import { projectTypeScript, readConfig, referencedConfigs, type ReadConfig } from "./tsconfig";

/** Where the compiler writes, and the folder of sources that it mirrors: both absolute. */
export interface BuildFolders {
  readonly compiled: string;
  readonly sources: string;
}

/** The tsconfig files that say how a project is built, the one for builds first (as Nest has it). */
const CONFIGS = ["tsconfig.build.json", "tsconfig.json"];

/**
 * `outDir` and `rootDir` of the project's tsconfig, and of those that it refers to; none where the compiler writes beside the sources or
 * there is no tsconfig. The compiler itself is not loaded: where a project runs from its compiled files, it may not be installed.
 */
export function buildFolders(root: string): BuildFolders[] {
  const file = CONFIGS.map((name) => path.join(root, name)).find(isFile);
  if (file === undefined) return [];
  const config = readConfig(file);
  return [config, ...referencedConfigs(config)].flatMap(foldersOf);
}

function foldersOf(config: ReadConfig): BuildFolders[] {
  const { outDir, rootDir, composite } = config.config.compilerOptions ?? {};
  if (outDir === undefined) return [];
  const folder = path.dirname(config.path);
  const compiled = path.resolve(folder, outDir);
  const sources = rootDir === undefined ? defaultRoot(config, compiled, composite) : path.resolve(folder, rootDir);
  return compiled === sources ? [] : [{ compiled, sources }];
}

/** Since TypeScript 6 the folder of the tsconfig; before, unless it is `composite`, the folder that all inputs have in common. */
function defaultRoot(config: ReadConfig, compiled: string, composite: boolean | undefined): string {
  const folder = path.dirname(config.path);
  if (composite || projectTypeScript(folder) >= 6) return folder;
  const isInput = createFilesMatcher(config);
  const inputs = filesIn(folder, compiled).filter((file) => isInput(file) !== undefined);
  return commonFolder(inputs, folder);
}

/** The TypeScript files below a folder, without packages and compiled files. */
function filesIn(folder: string, compiled: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || name === compiled ? [] : filesIn(name, compiled);
    return /\.[cm]?tsx?$/.test(name) && !/\.d\.[cm]?ts$/.test(name) ? [name] : [];
  });
}

function commonFolder(files: readonly string[], fallback: string): string {
  const [first, ...others] = files.map((file) => path.dirname(file).split(path.sep));
  if (!first) return fallback;
  const shared = first.findIndex((part, at) => others.some((parts) => parts[at] !== part));
  return (shared === -1 ? first : first.slice(0, shared)).join(path.sep) || path.sep;
}
