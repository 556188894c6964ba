import type { DataSource } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { ColumnTypes } from "../dialect/column-types";
import { dialectOf } from "../dialect/dialects";
import { BYTE_TYPES, isByteClass } from "./byte-types";
import type { Codec } from "./codec";
import { attempt, canonical, copyOfBytes, parsed } from "./compare";
import { encodedCodec } from "./encoded-codec";
import { isSameDecimal } from "./inspection/numbers";
import { atPrecision, dateOf } from "./times";
import { DATE_TYPES, DECIMAL_TYPES, JSON_TYPES, LONG_INTEGER_TYPES } from "./type-groups";

/** Types whose values no driver of the three touches on the way. */
const UNTOUCHED_TYPES = new Set<unknown>([
  String,
  ...["varchar", "character varying", "nvarchar", "char", "character", "nchar", "text", "tinytext", "mediumtext"],
  ...["longtext", "clob", "citext", "uuid", "int", "integer", "int2", "int4", "smallint", "mediumint"],
  ...["float", "float4", "float8", "double", "double precision", "real", "money", "year"],
]);

const NUMBER_TYPES = new Set<unknown>([
  ...["int", "integer", "int2", "int4", "smallint", "mediumint", "tinyint", "year"],
  ...["float", "float4", "float8", "double", "double precision", "real"],
]);

/** Types that some databases pad with blanks. */
const PADDED_TYPES = new Set<unknown>(["char", "character", "bpchar"]);

/** The codec of a column: TypeORM's driver and the column's transformers convert the values. */
export function codecOf(column: ColumnMetadata, dataSource: DataSource): Codec {
  const { columnTypes: types } = dialectOf(dataSource);
  if (!column.transformer && !column.isArray) {
    if (LONG_INTEGER_TYPES.has(column.type)) return longIntegerCodec(types, dataSource.driver.normalizeType(column));
    if (DECIMAL_TYPES.has(column.type)) return LONG_NUMBER;
    if (PADDED_TYPES.has(column.type) && types.charBlanks === "padded") return PADDED_TEXT;
    if (NUMBER_TYPES.has(column.type)) return PLAIN_NUMBER;
    if (UNTOUCHED_TYPES.has(column.type)) return PLAIN;
    if (column.type === Number) return NUMBER;
    if (column.type === Boolean || column.type === "boolean" || column.type === "bool")
      return types.booleansAreIntegers ? INTEGER_BOOLEAN : plainThrough(column, dataSource);
    if (DATE_TYPES.has(column.type)) return dateCodec(column, dataSource, types);
    if (BYTE_TYPES.has(column.type) || isByteClass(column.type)) return BYTES;
    if (column.type === "bit" && types.bitsAreBytes) return BYTES;
    if (JSON_TYPES.has(column.type)) return jsonCodec(column, dataSource, types);
  }
  return encodedCodec(column, dataSource, types);
}

const identity = (value: unknown): unknown => value;
/** An undefined property was never set: nothing to compare. NaN is itself. */
const samePlain = (value: unknown, snapshot: unknown): boolean =>
  value === undefined || Object.is(value, snapshot) || value === snapshot;

const PLAIN: Codec = {
  plain: true,
  freezesValues: true,
  decode: undefined,
  encode: undefined,
  freeze: identity,
  freezeValue: identity,
  same: samePlain,
  thaw: identity,
};

const PLAIN_NUMBER: Codec = { ...PLAIN, isNumber: true };

/** `@Column() age: number` is an integer in the database; MySQL and PostgreSQL drivers may give it as text. */
const NUMBER: Codec = {
  ...PLAIN_NUMBER,
  decode: (raw) => (typeof raw === "string" && raw !== "" ? Number(raw) : raw),
  freeze: (raw) => (typeof raw === "string" && raw !== "" ? Number(raw) : raw),
};

/** The same number may be there as a number, a bigint or a text, with zeros at its end or without. */
const LONG_NUMBER: Codec = {
  ...PLAIN,
  same: (value, snapshot) =>
    samePlain(value, snapshot) ||
    (value !== null && snapshot !== null && isSameDecimal(String(value), String(snapshot))),
};

function longIntegerCodec(types: ColumnTypes, normal: string): Codec {
  const select = types.select(normal, false);
  return select ? { ...LONG_NUMBER, select } : LONG_NUMBER;
}

const PADDED_TEXT: Codec = {
  ...PLAIN,
  decode: withoutPadding,
  freeze: withoutPadding,
};

function withoutPadding(raw: unknown): unknown {
  return typeof raw === "string" && raw.endsWith(" ") ? raw.replace(/ +$/, "") : raw;
}

const INTEGER_BOOLEAN: Codec = {
  ...PLAIN,
  decode: (raw) => (raw === null ? null : Boolean(raw)),
  encode: (value) => (value === null || value === undefined ? value : value === true ? 1 : 0),
  freeze: (raw) => (raw === null ? null : Boolean(raw)),
};

function plainThrough(column: ColumnMetadata, { driver }: DataSource): Codec {
  const decode = (raw: unknown): unknown => driver.prepareHydratedValue(raw, column) as unknown;
  return {
    ...PLAIN,
    decode,
    freeze: decode,
    encode: (value) => driver.preparePersistentValue(value, column) as unknown,
  };
}

/** Dates are remembered as their milliseconds. */
function dateCodec(column: ColumnMetadata, dataSource: DataSource, types: ColumnTypes): Codec {
  const { driver } = dataSource;
  const { datesAreTexts } = types;
  const normal = driver.normalizeType(column);
  const slowDecode = (raw: unknown): unknown => driver.prepareHydratedValue(raw, column) as unknown;
  const slowEncode = (value: unknown): unknown => driver.preparePersistentValue(value, column) as unknown;
  const decode = datesAreTexts
    ? (raw: unknown): unknown => (typeof raw === "string" ? (utcDate(raw) ?? slowDecode(raw)) : slowDecode(raw))
    : slowDecode;
  const encode = datesAreTexts
    ? (value: unknown): unknown => (value instanceof Date ? (utcText(value) ?? slowEncode(value)) : slowEncode(value))
    : (value: unknown): unknown => types.bind(slowEncode(value), normal);
  const freezeValue = (value: unknown): unknown => (value instanceof Date ? value.getTime() : value);
  const { digits } = types.dates(normal, column.precision, dataSource.options);
  const normalize = (value: unknown): unknown => atPrecision(dateOf(value), digits);
  return {
    plain: false,
    freezesValues: true,
    decode,
    encode,
    normalize,
    freeze: (raw) => freezeValue(decode(raw)),
    freezeValue,
    same(value, snapshot) {
      if (value === undefined || value === snapshot) return true;
      if (value === null || snapshot === null) return false;
      if (value instanceof Date && Object.is(value.getTime(), snapshot)) return true;
      const normal = normalize(value);
      return normal instanceof Date && Object.is(normal.getTime(), snapshot);
    },
    thaw: (snapshot) => (typeof snapshot === "number" ? new Date(snapshot) : snapshot),
  };
}

const BYTES: Codec = {
  plain: false,
  freezesValues: true,
  decode: undefined,
  // Drivers know Buffers, and not every one the arrays that Buffers are made of.
  encode: (value) =>
    value instanceof Uint8Array && !Buffer.isBuffer(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : value,
  freeze: copyOfBytes,
  freezeValue: copyOfBytes,
  same(value, snapshot) {
    if (value === undefined || value === snapshot) return true;
    if (!(value instanceof Uint8Array) || !(snapshot instanceof Uint8Array)) return false;
    return Buffer.compare(value, snapshot) === 0;
  },
  thaw: copyOfBytes,
};

/** JSON is remembered as its text. */
function jsonCodec(column: ColumnMetadata, { driver }: DataSource, types: ColumnTypes): Codec {
  // mysql2 may have parsed it or not, and TypeORM parses a text once more: the JSON text "1" would be read as the number 1.
  const asText = types.json === "either" && column.type === "json";
  const decode = asText ? parsed : (raw: unknown): unknown => driver.prepareHydratedValue(raw, column) as unknown;
  const encode = (value: unknown): unknown => driver.preparePersistentValue(value, column) as unknown;
  const select = types.select("json", false);
  // A string that the driver parsed is a value, not a text to parse.
  const parsedByDriver = types.json === "parsed" && column.type !== "simple-json";
  const textOf = (raw: unknown): unknown => {
    if (raw === null || raw === undefined) return null;
    return typeof raw === "string" && !parsedByDriver ? raw : JSON.stringify(raw);
  };
  return {
    plain: false,
    freezesValues: false,
    decode,
    ...(asText && select ? { select } : {}),
    encode,
    freeze: textOf,
    freezeValue: (value) => encode(value) ?? null,
    same(value, snapshot) {
      if (value === undefined) return true;
      const text = attempt(encode, value);
      // NULL and the JSON that says null are read as the same value, so neither is a change of the other.
      return text === snapshot || canonical(parsed(text)) === canonical(parsed(snapshot));
    },
    thaw: parsed,
  };
}

/** The Date of SQLite's `YYYY-MM-DD HH:MM:SS[.mmm]`, which is UTC; undefined for any other text. */
function utcDate(text: string): Date | undefined {
  if (text.length !== 19 && text.length !== 23) return undefined;
  if (text.charCodeAt(10) !== 32 /* space */ || text.charCodeAt(4) !== 45 /* - */) return undefined;
  const time = Date.UTC(
    digits(text, 0, 4),
    digits(text, 5, 7) - 1,
    digits(text, 8, 10),
    digits(text, 11, 13),
    digits(text, 14, 16),
    digits(text, 17, 19),
    text.length === 23 ? digits(text, 20, 23) : 0,
  );
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; and a digit that is none gives NaN.
  return time !== time || text.charCodeAt(0) === 48 /* 0 */ ? undefined : new Date(time);
}

function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let position = from; position < to; position++) {
    const digit = text.charCodeAt(position) - 48;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** SQLite's text for a date, as TypeORM writes it; undefined for years that need more than four digits. */
function utcText(date: Date): string | undefined {
  const time = date.getTime();
  if (!(time >= 0 && time < 253_402_300_800_000)) return undefined;
  const iso = date.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
}
