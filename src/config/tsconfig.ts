import fs from "node:fs";
import path from "node:path";
import { createFilesMatcher, createPathsMatcher, findTsconfig, parseTsconfig } from "get-tsconfig";
import type { TsConfigJsonResolved, TsConfigResult } from "get-tsconfig";

/** The options of a tsconfig.json that change how one file is compiled or found. All others (`module`, strictness) are Retort's own. */
export interface CompilerSettings {
  /** The tsconfig.json, absolute; undefined where there is none. */
  readonly file: string | undefined;
  /** The paths, absolute and perhaps without an extension, that `paths` and `baseUrl` give a bare specifier, in order. */
  readonly pathsOf: (specifier: string) => readonly string[];
  readonly useDefineForClassFields: boolean;
  readonly esModuleInterop: boolean;
  /** The module of the JSX functions; undefined: React's. */
  readonly jsxImportSource: string | undefined;
  /** What of the tsconfig could not be read, one line each. */
  readonly warnings: readonly string[];
}

interface ReadConfig extends TsConfigResult {
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

/** A tsconfig.json that does not include the folder's files leaves them to the one of its `references` that does. */
function applicable(config: ReadConfig, folder: string): ReadConfig {
  const { compilerOptions = {}, references = [] } = config.config;
  if (references.length === 0 || includes(config, folder)) return config;
  const referenced = references.map(({ path: name }) => referencedConfig(path.resolve(config.path, "..", name)));
  const isEmpty = Object.keys(compilerOptions).length === 0;
  return referenced.find((one) => includes(one, folder)) ?? (isEmpty ? referenced[0]! : config);
}

function includes(config: ReadConfig, folder: string): boolean {
  return createFilesMatcher(config)(path.join(folder, "index.ts")) !== undefined;
}

function referencedConfig(name: string): ReadConfig {
  const isFolder = fs.statSync(name, { throwIfNoEntry: false })?.isDirectory();
  return readConfig(isFolder ? path.join(name, "tsconfig.json") : name);
}

function readConfig(file: string): ReadConfig {
  try {
    const config = parseTsconfig(file);
    if (!isBlank(config, file)) return { path: file, config, warnings: [] };
  } catch {
    // The compiler names what is wrong, and reads the rest.
  }
  const { recoveredConfig } = require("./recovered-config") as typeof import("./recovered-config");
  return recoveredConfig(file);
}

/** Whether nothing was read of a file that has more to say than `{}`: get-tsconfig skips text that is not JSON without a word. */
function isBlank({ compilerOptions = {}, ...others }: TsConfigJsonResolved, file: string): boolean {
  if (Object.keys(compilerOptions).length + Object.keys(others).length > 0) return false;
  return !/^\uFEFF?\s*\{\s*\}\s*$/.test(fs.readFileSync(file, "utf8"));
}

function settingsOf(config: ReadConfig | undefined, folder: string): CompilerSettings {
  const { target, useDefineForClassFields, esModuleInterop, jsxImportSource } = config?.config.compilerOptions ?? {};
  const warnings = [...(config?.warnings ?? [])];
  const isDefault = (!target && useDefineForClassFields === undefined) || esModuleInterop === undefined;
  const version = isDefault ? projectTypeScript(folder) : 0;
  return {
    file: config?.path,
    pathsOf: config ? pathsMatcher(config, warnings) : () => [],
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

/** TypeScript's default: fields are defined from ES2022 on. Without a `target`, TypeScript 5 means ES5 and TypeScript 6 the newest. */
function definesFields(target: string | undefined, version: number): boolean {
  if (!target) return version >= 6;
  const year = /^es(\d{4})$/i.exec(target)?.[1];
  return year ? Number(year) >= 2022 : /^(esnext|latest)$/i.test(target);
}

/** The major version of the TypeScript that the project itself compiles with; 6 where it has none. */
function projectTypeScript(folder: string): number {
  const file = path.join(folder, "node_modules", "typescript", "package.json");
  if (fs.existsSync(file)) return Number(/"version":\s*"(\d+)/.exec(fs.readFileSync(file, "utf8"))?.[1] ?? 6);
  const parent = path.dirname(folder);
  return parent === folder ? 6 : projectTypeScript(parent);
}
