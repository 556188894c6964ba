import type { ColumnType, DataSource } from "typeorm";
import type { Column } from "./model";

/** What TypeORM's `@Column` says of a column that a database has. */
export interface DeclaredColumn {
  /** TypeORM's name of the type. */
  readonly type: string;
  /** The type of the property in TypeScript. */
  readonly valueType: string;
  readonly length?: string | undefined;
  readonly width?: number | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
  readonly array?: boolean | undefined;
  readonly unsigned?: boolean | undefined;
  readonly zerofill?: boolean | undefined;
  readonly enum?: readonly string[] | undefined;
  readonly enumName?: string | undefined;
  readonly spatialFeatureType?: string | undefined;
  readonly srid?: number | undefined;
}

/** How a database's types are read by its driver, where that differs. */
export interface ValueTypes {
  readonly bigint: string;
  readonly decimal: string;
}

/** The parts of a type: `timestamp(3) with time zone` is `timestamp with time zone`, `3`. */
interface TypeText {
  readonly name: string;
  readonly inside: string | undefined;
  readonly isArray: boolean;
}

export function partsOf(type: string): TypeText {
  const isArray = type.endsWith("[]");
  const element = isArray ? type.replace(/(?:\[\])+$/, "") : type;
  const [, head, inside, tail] = /^([^(]*?)\s*(?:\(([^]*)\)\s*([^()]*))?$/.exec(element) ?? [, element];
  return { name: [head, tail].filter(Boolean).join(" ").trim(), inside, isArray };
}

/**
 * The options of a column, by the lists that the driver of TypeORM has of its types; undefined where TypeORM has no such type.
 * @param name TypeORM's name of the type
 */
export function declaredColumn(
  { driver }: DataSource,
  name: string,
  { inside, isArray }: Pick<TypeText, "inside" | "isArray">,
  values: ValueTypes,
): DeclaredColumn | undefined {
  const normal = driver.normalizeType({ type: name as ColumnType });
  const has = (list: readonly unknown[]): boolean => list.includes(name) || list.includes(normal);
  if (!driver.supportedDataTypes.includes(name as ColumnType)) return undefined;
  const numbers = (inside ?? "").split(",").map((part) => part.trim());
  const isSized = inside !== undefined && inside !== "";
  const hasPrecision = isSized && has(driver.withPrecisionColumnTypes);
  const element = valueTypeOf(name, values);
  return {
    type: name,
    valueType: isArray ? (/[ |]/.test(element) ? `(${element})[]` : `${element}[]`) : element,
    length: isSized && has(driver.withLengthColumnTypes) ? numbers[0] : undefined,
    precision: hasPrecision ? Number(numbers[0]) : undefined,
    scale: hasPrecision && numbers.length > 1 ? Number(numbers[1]) : undefined,
    array: isArray || undefined,
  };
}

/** What a list of texts is as a type: `"draft" | "public"`. */
export function unionOf(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(" | ") || "never";
}

function valueTypeOf(type: string, { bigint, decimal }: ValueTypes): string {
  if (/^(big\s?int|int8|unsigned big int|bigserial)/.test(type)) return bigint;
  if (/^(decimal|numeric|dec|fixed|money)/.test(type)) return decimal;
  if (/^(bool|boolean)$/.test(type)) return "boolean";
  if (/^((tiny|small|medium)?int|integer|float\d?|double( precision)?|real|year|int\d|serial)$/.test(type))
    return "number";
  if (/^(datetime|timestamp)/.test(type)) return "Date";
  if (/blob|binary|^bytea|^bit$/.test(type)) return type === "bit" ? "unknown" : "Buffer";
  if (/json/.test(type)) return "unknown";
  if (/char|text|clob|^uuid|^date|^time|enum|^citext|^inet|^cidr|^macaddr|^xml|^ltree|^name/.test(type))
    return "string";
  return "unknown";
}

/** The default as `@Column` takes it: a value where it is a plain one, or else an expression. */
export function declaredDefault(
  { default: expression }: Column,
  { valueType, array = false }: Pick<DeclaredColumn, "valueType" | "array">,
): { readonly value: string | number | boolean | readonly string[] } | { readonly sql: string } | undefined {
  if (expression === undefined || /^null(::.*)?$/i.test(expression)) return undefined;
  // TypeORM 0.3 takes no expression for a list.
  const [, elements] = (array && /^'\{((?:\w+(?:,\w+)*)?)\}'::/.exec(expression)) || [];
  if (elements !== undefined) return { value: elements === "" ? [] : elements.split(",") };
  const [, text] = /^'((?:[^'\\]|'')*)'(?:::[\w ".]+)?$/.exec(expression) ?? [];
  if (text !== undefined && isText(valueType)) return { value: text.replaceAll("''", "'") };
  if (valueType === "boolean" && /^(true|false)$/i.test(expression)) return { value: /^true$/i.test(expression) };
  if (valueType === "number" && String(Number(expression)) === expression) return { value: Number(expression) };
  return { sql: expression };
}

/** Text or a union of texts. */
function isText(valueType: string): boolean {
  return valueType === "string" || valueType.startsWith('"');
}
