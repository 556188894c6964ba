import type { DataSource, DataSourceOptions } from "typeorm";
import { isRecord } from "../values";
import { didYouMean } from "../suggestion";
import { exportGivesNoDataSource, exportMissing, exportsNoDataSource, severalDataSources } from "./errors";

type Kind = "DataSource" | "options" | "promise" | "class" | "function" | "other";

interface Exported {
  readonly name: string;
  readonly value: unknown;
  readonly kind: Kind;
}

/** Names of functions that are called without `--name`: they suggest a DataSource as result. */
const GIVES_DATA_SOURCE = /data_?source|connection|typeorm|^init$|^initiali[sz]e$/i;
/** Names that suggest another effect. */
const DOES_MORE = /seed|drop|clear|reset|close|destroy|delete|truncate|migrat|sync|test/i;
/** Members of objects and classes that may hold or return their DataSource. */
const MEMBERS = ["dataSource", "AppDataSource", "getDataSource", "init", "initialize"] as const;

/**
 * Finds the DataSource among the exports of a configuration file: the default export, else a named one; DataSources first, then options,
 * then promises, functions and classes.
 * @param construct creates a DataSource from options, with the project's own TypeORM
 * @param wanted the export that `--name` asks for
 */
export async function exportedDataSource(
  exports: Readonly<Record<string, unknown>>,
  file: string,
  wanted: string | undefined,
  construct: (options: DataSourceOptions) => DataSource,
): Promise<DataSource> {
  const exported = exportedBy(exports);
  const chosen = wanted === undefined ? choose(exported, file) : named(exported, file, wanted);
  return followed(chosen.value, construct, () => exportGivesNoDataSource(file, chosen.name, kindInWords(chosen)));
}

function exportedBy(exports: Readonly<Record<string, unknown>>): Exported[] {
  const whole = withKind("default", exports);
  // `module.exports = new DataSource(…)`, or the options themselves, or an array of named options.
  if (whole.kind !== "other") return [whole];
  if (Array.isArray(exports)) return exports.flatMap((value, index) => withKind(nameOfOptions(value, index), value));
  return Object.entries(exports)
    .filter(([name]) => name !== "__esModule" && name !== "retort" && name !== "module.exports")
    .flatMap(([name, value]) => unfolded(name, value));
}

/** `default` may be the `module.exports` of a CommonJS module, which may have a `default` itself, or an array of options. */
function unfolded(name: string, value: unknown): Exported[] {
  if (name === "default" && isRecord(value)) {
    if (Array.isArray(value)) return value.map((one: unknown, index) => withKind(nameOfOptions(one, index), one));
    if (value["__esModule"]) return exportedBy(value);
  }
  return [withKind(name, value)];
}

function nameOfOptions(value: unknown, index: number): string {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : String(index);
}

function withKind(name: string, value: unknown): Exported {
  return { name, value, kind: kindOf(value) };
}

function kindOf(value: unknown): Kind {
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  if (!isRecord(value)) return "other";
  if (isDataSource(value)) return "DataSource";
  if (typeof value["then"] === "function") return "promise";
  return typeof value["type"] === "string" ? "options" : "other";
}

/** Checked by shape, because the DataSource is an object of the project's own copy of TypeORM, of any version. */
export function isDataSource(value: unknown): value is DataSource {
  if (!isRecord(value)) return false;
  if (value["@instanceof"] === Symbol.for("DataSource")) return true;
  // `connect` in TypeORM 0.2, whose version is refused.
  const connects = typeof value["initialize"] === "function" || typeof value["connect"] === "function";
  return isRecord(value["options"]) && connects && "createQueryRunner" in value;
}

// Choosing

function choose(exported: readonly Exported[], file: string): Exported {
  const found =
    exported.find(({ name, kind }) => name === "default" && kind !== "other") ??
    onlyOne(exported, "DataSource", file) ??
    onlyOne(exported, "options", file) ??
    onlyOne(exported, "promise", file) ??
    exported.find(givesDataSource) ??
    exported.find(({ value, kind }) => kind === "other" && hasMember(value));
  if (!found) throw exportsNoDataSource(file, exported.map(inWords));
  return found;
}

function onlyOne(exported: readonly Exported[], kind: Kind, file: string): Exported | undefined {
  const found = exported.filter((one) => one.kind === kind);
  const different = new Set(found.map(({ value }) => value));
  if (different.size > 1) {
    throw severalDataSources(
      file,
      found.map(({ name }) => name),
    );
  }
  return found[0];
}

function givesDataSource({ name, kind, value }: Exported): boolean {
  if (kind !== "function" && kind !== "class") return false;
  if (kind === "class" && (hasMember(value) || /database/i.test(name))) return true;
  return GIVES_DATA_SOURCE.test(name) && !DOES_MORE.test(name);
}

function named(exported: readonly Exported[], file: string, wanted: string): Exported {
  const found = exported.find(({ name }) => name === wanted);
  if (found) return found;
  const usable = exported.filter(({ kind }) => kind !== "other").map(({ name }) => name);
  throw exportMissing(file, wanted, usable, didYouMean(wanted, usable));
}

// Following functions, promises and classes to the DataSource

async function followed(
  value: unknown,
  construct: (options: DataSourceOptions) => DataSource,
  refuse: () => Error,
  depth = 0,
): Promise<DataSource> {
  if (isDataSource(value)) return value;
  if (depth > 5) throw refuse();
  const next = (inner: unknown) => followed(inner, construct, refuse, depth + 1);
  switch (kindOf(value)) {
    case "options":
      return construct(value as DataSourceOptions);
    case "promise":
      return next(await value);
    case "class":
      return next(instanceOrMember(value as Class));
    case "function":
      return next(await (value as () => unknown)());
    default: {
      const member = memberOf(value);
      if (member === undefined) throw refuse();
      return next(member);
    }
  }
}

type Class = new () => object;

/** A DataSource class is constructed; of another class, its static member or its instance is followed. */
function instanceOrMember(target: Class): unknown {
  return memberOf(target) ?? new target();
}

function hasMember(value: unknown): boolean {
  return memberName(value) !== undefined;
}

function memberName(value: unknown): string | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  return MEMBERS.find((name) => (value as Record<string, unknown>)[name] !== undefined);
}

/** A method is bound to its object, because it is called without it. */
function memberOf(value: unknown): unknown {
  const name = memberName(value);
  if (name === undefined) return undefined;
  const member = (value as Record<string, unknown>)[name];
  return kindOf(member) === "function" ? () => (member as () => unknown).call(value) : member;
}

// Wording

function inWords(one: Exported): string {
  return `${one.name} (${kindInWords(one)})`;
}

function kindInWords({ kind, value }: Exported): string {
  if (kind !== "other") return kind === "options" ? "options" : `a ${kind}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
