import fs from "node:fs";
import path from "node:path";
import { createFilesMatcher, createPathsMatcher, findTsconfig, parseTsconfig } from "get-tsconfig";
import type { TsConfigJsonResolved, TsConfigResult } from "get-tsconfig";

/** The options of a tsconfig.json that change how a file is compiled or resolved. Others (`module`, strictness) are set by Retort. */
export interface CompilerSettings {
  /** The tsconfig.json, absolute; undefined where there is none. */
  readonly file: string | undefined;
  /** The candidates for a bare specifier by `paths` and `baseUrl`, in order: absolute paths, perhaps without an extension. */
  readonly pathsOf: (specifier: string) => readonly string[];
  /** The keys of `paths`: `@app/*`. */
  readonly pathPatterns: readonly string[];
  readonly useDefineForClassFields: boolean;
  readonly esModuleInterop: boolean;
  /** Whether the project's own compiler emits the types that TypeORM's decorators read. */
  readonly emitsMetadata: boolean;
  /** The module of the JSX functions; undefined: React's. */
  readonly jsxImportSource: string | undefined;
  /** The parts of the tsconfig that could not be read, one line each. */
  readonly warnings: readonly string[];
}

export interface ReadConfig extends TsConfigResult {
  readonly warnings: readonly string[];
}

const byFolder = new Map<string, CompilerSettings>();

/** The settings of the tsconfig.json nearest to a folder, upwards. Options that cannot be read are left out, with a warning. */
export function compilerSettings(folder: string): CompilerSettings {
  let settings = byFolder.get(folder);
  if (!settings) {
    const file = findTsconfig(folder);
    const config = file === undefined ? undefined : applicable(readConfig(path.normalize(file)), folder);
    byFolder.set(folder, (settings = settingsOf(config, folder)));
  }
  return settings;
}

/** The config that includes the folder's files: the tsconfig.json itself, or one of its `references`. */
function applicable(config: ReadConfig, folder: string): ReadConfig {
  const { compilerOptions = {}, references = [] } = config.config;
  if (references.length === 0 || includes(config, folder)) return config;
  const referenced = referencedConfigs(config);
  const isEmpty = Object.keys(compilerOptions).length === 0;
  return referenced.find((one) => includes(one, folder)) ?? (isEmpty ? referenced[0]! : config);
}

function includes(config: ReadConfig, folder: string): boolean {
  return createFilesMatcher(config)(path.join(folder, "index.ts")) !== undefined;
}

/** The configs that a config refers to (`references`), themselves only. */
export function referencedConfigs({ path: file, config }: ReadConfig): ReadConfig[] {
  return (config.references ?? []).map(({ path: name }) => referencedConfig(path.resolve(file, "..", name)));
}

function referencedConfig(name: string): ReadConfig {
  const isFolder = fs.statSync(name, { throwIfNoEntry: false })?.isDirectory();
  return readConfig(isFolder ? path.join(name, "tsconfig.json") : name);
}

export function readConfig(file: string): ReadConfig {
  try {
    const config = parseTsconfig(file);
    if (!isBlank(config, file)) return { path: file, config, warnings: [] };
  } catch {
    // The compiler reports the errors and reads the rest.
  }
  const { recoveredConfig } = require("./recovered-config") as typeof import("./recovered-config");
  return recoveredConfig(file);
}

/** Whether nothing was read of a file that is not just `{}`: get-tsconfig ignores text that is not JSON. */
function isBlank({ compilerOptions = {}, ...others }: TsConfigJsonResolved, file: string): boolean {
  if (Object.keys(compilerOptions).length + Object.keys(others).length > 0) return false;
  return !/^\uFEFF?\s*\{\s*\}\s*$/.test(fs.readFileSync(file, "utf8"));
}

function settingsOf(config: ReadConfig | undefined, folder: string): CompilerSettings {
  const options = config?.config.compilerOptions ?? {};
  const { target, useDefineForClassFields, esModuleInterop, jsxImportSource, paths } = options;
  const warnings = [...(config?.warnings ?? [])];
  const isDefault = (!target && useDefineForClassFields === undefined) || esModuleInterop === undefined;
  const version = isDefault ? projectTypeScript(folder) : 0;
  return {
    file: config?.path,
    pathsOf: config ? pathsMatcher(config, warnings) : () => [],
    emitsMetadata: options.experimentalDecorators === true && options.emitDecoratorMetadata === true,
    pathPatterns: Object.keys(paths ?? {}),
    useDefineForClassFields: useDefineForClassFields ?? definesFields(target, version),
    // On by default since TypeScript 6; before that only for some `module` settings, which get-tsconfig knows.
    esModuleInterop: esModuleInterop ?? version >= 6,
    jsxImportSource,
    warnings,
  };
}

function pathsMatcher(config: ReadConfig, warnings: string[]): (specifier: string) => readonly string[] {
  try {
    return createPathsMatcher(config) ?? (() => []);
  } catch (error) {
    warnings.push(`${config.path}: "paths" is ignored: ${(error as Error).message}`);
    return () => [];
  }
}

/** TypeScript's default: from ES2022 on. Without a `target`, TypeScript 5 uses ES5 and TypeScript 6 the newest. */
function definesFields(target: string | undefined, version: number): boolean {
  if (!target) return version >= 6;
  const year = /^es(\d{4})$/i.exec(target)?.[1];
  return year ? Number(year) >= 2022 : /^(esnext|latest)$/i.test(target);
}

/** The major version of the project's own TypeScript; 6 where it has none. */
export function projectTypeScript(folder: string): number {
  const file = path.join(folder, "node_modules", "typescript", "package.json");
  if (fs.existsSync(file)) return Number(/"version":\s*"(\d+)/.exec(fs.readFileSync(file, "utf8"))?.[1] ?? 6);
  const parent = path.dirname(folder);
  return parent === folder ? 6 : projectTypeScript(parent);
}
