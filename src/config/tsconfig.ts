import fs from "node:fs";
import path from "node:path";
import { parseJsonc } from "./jsonc";

/** An alias of `paths`: `@/*` → `/project/src/*`. */
export interface Alias {
  readonly pattern: string;
  /** Absolute, tried in order. */
  readonly targets: readonly string[];
}

/** What of a tsconfig.json changes how one file is compiled or found. All else (`module`, `target`, strictness) is Retort's own. */
export interface CompilerSettings {
  /** The tsconfig.json, absolute; undefined where there is none. */
  readonly file: string | undefined;
  readonly aliases: readonly Alias[];
  /** Bare names are looked for here too, before node_modules. */
  readonly baseUrl: string | undefined;
  readonly useDefineForClassFields: boolean;
  readonly esModuleInterop: boolean;
  /** Where the JSX functions come from; undefined: React's. */
  readonly jsxImportSource: string | undefined;
  /** What of the tsconfig could not be read, a line each. */
  readonly complaints: readonly string[];
}

interface RawOptions {
  baseUrl?: string;
  paths?: Record<string, string[]>;
  /** The folder that `paths` is relative to where there is no `baseUrl`. */
  pathsFrom?: string;
  target?: string;
  module?: string;
  useDefineForClassFields?: boolean;
  esModuleInterop?: boolean;
  jsxImportSource?: string;
}

interface RawConfig {
  extends?: string | string[];
  files?: unknown[];
  references?: { path?: string }[];
  compilerOptions?: RawOptions;
}

const byFolder = new Map<string, CompilerSettings>();

/** The settings of the tsconfig.json nearest to a folder, upwards. What is missing or broken is left out, and complained of. */
export function compilerSettings(folder: string): CompilerSettings {
  const known = byFolder.get(folder);
  if (known) return known;
  const file = path.join(folder, "tsconfig.json");
  const parent = path.dirname(folder);
  const settings = fs.existsSync(file)
    ? settingsOf(file)
    : parent === folder
      ? settled(undefined, folder, {}, [])
      : compilerSettings(parent);
  byFolder.set(folder, settings);
  return settings;
}

function settingsOf(file: string): CompilerSettings {
  const folder = path.dirname(file);
  const complaints: string[] = [];
  return settled(file, folder, readConfig(file, { leaf: folder, seen: new Set(), complaints }), complaints);
}

function settled(
  file: string | undefined,
  folder: string,
  options: RawOptions,
  complaints: readonly string[],
): CompilerSettings {
  const version = needsVersion(options) ? projectTypeScript(folder) : 0;
  return {
    file,
    aliases: Object.entries(options.paths ?? {}).map(([pattern, targets]) => ({
      pattern,
      targets: targets.map((target) => path.resolve(options.baseUrl ?? options.pathsFrom ?? folder, target)),
    })),
    baseUrl: options.baseUrl,
    useDefineForClassFields: options.useDefineForClassFields ?? definesFields(options.target, version),
    esModuleInterop: options.esModuleInterop ?? interoperates(options.module, version),
    jsxImportSource: options.jsxImportSource,
    complaints,
  };
}

function needsVersion({ target, module, useDefineForClassFields, esModuleInterop }: RawOptions): boolean {
  return (!target && useDefineForClassFields === undefined) || (!module && esModuleInterop === undefined);
}

/** TypeScript's default: fields are defined from ES2022 on. Without a `target`, TypeScript 5 means ES5 and TypeScript 6 the newest. */
function definesFields(target: string | undefined, version: number): boolean {
  if (!target) return version >= 6;
  const year = /^es(\d{4})$/i.exec(target)?.[1];
  return year ? Number(year) >= 2022 : /^(esnext|latest)$/i.test(target);
}

/** TypeScript's default: on from TypeScript 6, and before it for the module settings that follow Node. */
function interoperates(module: string | undefined, version: number): boolean {
  return version >= 6 || /^(node\d*|nodenext|preserve)$/i.test(module ?? "");
}

/** The major version of the TypeScript that the project itself compiles with; 6 where it has none. */
function projectTypeScript(folder: string): number {
  const file = upwards(folder, path.join("node_modules", "typescript", "package.json"));
  const version = file && /"version":\s*"(\d+)/.exec(fs.readFileSync(file, "utf8"))?.[1];
  return version ? Number(version) : 6;
}

/** One walk along `extends`. */
interface Reading {
  readonly complaints: string[];
  /** The folder of the tsconfig.json that the walk began with: what `${configDir}` stands for. */
  readonly leaf: string;
  readonly seen: Set<string>;
}

function readConfig(file: string, reading: Reading): RawOptions {
  if (reading.seen.has(file)) return {};
  reading.seen.add(file);
  const config = parseConfig(file, reading.complaints);
  if (!config) return {};
  return { ...extended(config, file, reading), ...absolute(config.compilerOptions ?? {}, file, reading.leaf) };
}

function parseConfig(file: string, complaints: string[]): RawConfig | undefined {
  try {
    return parseJsonc(fs.readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    complaints.push(`${file} is left out: ${(error as Error).message}`);
    return undefined;
  }
}

function extended(config: RawConfig, file: string, reading: Reading): RawOptions {
  const names = config.extends === undefined ? referred(config) : [config.extends].flat();
  const options: RawOptions = {};
  for (const name of names) {
    const base = findConfig(name, path.dirname(file));
    if (base) Object.assign(options, readConfig(base, reading));
    else reading.complaints.push(`${file} extends ${name}, which is not there: its settings are left out`);
  }
  return options;
}

/** A tsconfig that only refers to others (`"files": []`) speaks through the first of them that exists. */
function referred(config: RawConfig): string[] {
  if (config.compilerOptions || !config.references) return [];
  return config.references.flatMap(({ path: name }) => (name ? [`./${name}`] : [])).slice(0, 1);
}

function findConfig(name: string, from: string): string | undefined {
  const isPath = path.isAbsolute(name) || /^\.\.?($|[/\\])/.test(name);
  const base = isPath ? path.resolve(from, name) : undefined;
  for (const ending of ["", ".json", "/tsconfig.json"]) {
    const file = base ? base + ending : upwards(from, path.join("node_modules", name + ending));
    if (file && fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  }
  return undefined;
}

/** Paths are relative to the file that says them, whoever extends it. */
function absolute(options: RawOptions, file: string, leaf: string): RawOptions {
  const folder = path.dirname(file);
  const placed = (name: string) => path.resolve(folder, name.replace(/^\$\{configDir\}/, leaf));
  const result = { ...options };
  if (options.baseUrl !== undefined) result.baseUrl = placed(options.baseUrl);
  if (options.paths) {
    result.pathsFrom = folder;
    result.paths = Object.fromEntries(
      Object.entries(options.paths).map(([pattern, targets]) => [
        pattern,
        targets.map((target) => (target.startsWith("${configDir}") ? placed(target) : target)),
      ]),
    );
  }
  return result;
}

function upwards(folder: string, name: string): string | undefined {
  const file = path.join(folder, name);
  if (fs.existsSync(file)) return file;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : upwards(parent, name);
}
