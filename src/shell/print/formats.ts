import { isObject } from "../../values";
import type { EntityModel } from "../../metadata/model";
import { type Entities, loadedRelation, readPath } from "./entities";
import { shownColumns } from "./printer";
import type { Secrets } from "./secrets";

/*
 * Results for programs: JSON, newline-delimited JSON, CSV. They are never shortened.
 */

export interface FormatOptions {
  readonly entities: Entities;
  readonly secrets: Secrets;
}

/** A value in a format, line by line; a value that is undefined gives no line. */
export function* formatted(
  value: unknown,
  format: "json" | "csv" | "ndjson",
  options: FormatOptions,
): Generator<string> {
  if (value === undefined) return;
  if (format === "json") {
    yield JSON.stringify(plain(value, options), null, 2);
  } else if (format === "ndjson") {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
      yield JSON.stringify(plain(item, options));
  } else {
    yield* csv(Array.isArray(value) ? (value as unknown[]) : [value], options);
  }
}

/** A value of JSON. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

type PlainObject = { [name: string]: Plain };

/** Depth to which loaded relations are followed: a large graph may be loaded as a whole. */
const DEEPEST = 6;

/** A value as JSON; entities as objects of their columns and of the relations that are loaded. */
export function plain(value: unknown, options: FormatOptions, above: readonly object[] = []): Plain {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "symbol" || typeof value === "function") return String(value);
  if (typeof value !== "object" || value === null) return (value ?? null) as string | number | boolean | null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (above.includes(value)) return null;
  const inside = [...above, value];
  if (Array.isArray(value)) return (value as unknown[]).map((item) => plain(item, options, inside));
  const model = options.entities.of(value);
  if (model) return plainEntity(value, model, options, inside);
  if (value instanceof Map) return plain(Object.fromEntries(value), options, inside);
  if (value instanceof Set) return plain([...value], options, inside);
  if (value instanceof Error) return { name: value.name, message: value.message };
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return plain((toJSON as () => unknown).call(value), options, inside);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, plain(options.secrets.mask(item, key), options, inside)]),
  );
}

function plainEntity(entity: object, model: EntityModel, options: FormatOptions, inside: readonly object[]): Plain {
  const values: PlainObject = {};
  for (const { property } of shownColumns(model)) {
    const value = readPath(entity, property);
    if (value !== undefined)
      put(values, property, plain(options.secrets.mask(value, property, model.name), options, inside));
  }
  if (inside.length > DEEPEST) return values;
  for (const relation of model.relations) {
    const loaded = loadedRelation(entity, relation);
    if (!loaded || isAbove(loaded.value, inside)) continue;
    values[relation.property] = plain(withoutAbove(loaded.value, inside), options, inside);
  }
  return values;
}

/** A relation back to an object that contains it is left out; its key is in the columns. */
function isAbove(value: unknown, above: readonly object[]): boolean {
  return isObject(value) && above.includes(value);
}

function withoutAbove(value: unknown, above: readonly object[]): unknown {
  return Array.isArray(value) ? (value as unknown[]).filter((item) => !isAbove(item, above)) : value;
}

/** `name.first` goes into an object `name`. */
function put(values: PlainObject, path: string, value: Plain): void {
  const names = path.split(".");
  const last = names.pop()!;
  let holder = values;
  for (const name of names) holder = (holder[name] ??= {}) as PlainObject;
  holder[last] = value;
}

function* csv(values: readonly unknown[], options: FormatOptions): Generator<string> {
  const names = csvColumns(values, options);
  if (names === undefined) {
    for (const value of values) yield field(plain(value, options));
    return;
  }
  if (names.length === 0) return;
  yield csvHeader(names);
  for (const value of values) yield csvRecord(value, names, options);
}

/**
 * The columns of rows, in the order in which they appear; undefined where the values are no rows.
 * @param known columns of earlier rows, which come first
 */
export function csvColumns(
  values: readonly unknown[],
  { entities }: FormatOptions,
  known: readonly string[] = [],
): string[] | undefined {
  const isRow = (value: unknown): boolean => isObject(value) && !Array.isArray(value) && !(value instanceof Date);
  if (!values.every(isRow)) return undefined;
  const names = new Set(known);
  for (const value of values) {
    const model = entities.of(value);
    const own = model ? shownColumns(model).map(({ property }) => property) : Object.keys(value as object);
    for (const name of own) names.add(name);
  }
  return [...names];
}

export function csvHeader(names: readonly string[]): string {
  return names.map(field).join(",");
}

/** A row as a record with these columns; one that it does not have is empty. */
export function csvRecord(row: unknown, names: readonly string[], options: FormatOptions): string {
  const model = options.entities.of(row);
  const columns = model && new Set(shownColumns(model).map(({ property }) => property));
  return names
    .map((name) => {
      if (columns && !columns.has(name)) return "";
      const item = model ? readPath(row as object, name) : (row as Record<string, unknown>)[name];
      return field(plain(options.secrets.mask(item, name, model?.name), options));
    })
    .join(",");
}

/** One field by RFC 4180; null is empty. */
function field(value: Plain): string {
  if (value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
