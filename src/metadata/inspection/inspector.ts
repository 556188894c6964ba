import type { DataSource } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { ColumnTypes } from "../../dialect/column-types";
import { dialectOf } from "../../dialect/dialects";
import { BYTE_TYPES, isByteClass } from "../byte-types";
import { arrayInspector, enumInspector, jsonInspector, listInspector } from "./documents";
import {
  decimalInspector,
  doubleInspector,
  INTEGER_BITS,
  integerInspector,
  shortestSingle,
  singleInspector,
  sixDigits,
} from "./numbers";
import { DECIMAL_TYPES } from "../type-groups";
import { NOT_A_NUMBER, wrongType, type Inspector, type Refusal } from "./refusal";
import {
  bitsInspector,
  bytesInspector,
  refusingNul,
  textBytesInspector,
  textInspector,
  trailingBlanks,
  uuidInspector,
} from "./texts";
import { dateInspector, dayInspector, timeInspector } from "./times";

/**
 * Finds values that a column would not store as they are, before anything is sent. Databases differ in what they reject,
 * round, truncate or pad, and SQLite accepts nearly anything; the value that is read must be the one that was written.
 */
export function inspectorOf(column: ColumnMetadata, dataSource: DataSource): Inspector {
  const { columnTypes } = dialectOf(dataSource);
  const one = inspectorOfMember(column, dataSource, columnTypes);
  const whole = column.isArray && !isEnum(column) ? arrayInspector(one) : one;
  const checked = columnTypes.refusesNul ? refusingNul(whole) : whole;
  return column.transformer ? afterTransformer(column, checked, columnTypes) : checked;
}

/** Lists of decimals are read as lists of numbers, unlike decimals. */
function inspectorOfMember(column: ColumnMetadata, dataSource: DataSource, types: ColumnTypes): Inspector {
  const inspect = inspectorOfType(column, dataSource, types);
  if (!column.isArray || !DECIMAL_TYPES.has(column.type)) return inspect;
  const asNumbers = decimalInspector(undefined, undefined, true);
  return (value) => inspect(value) ?? asNumbers(value);
}

/** Checks what the transformer returns. Strings and numbers may be of another type: the transformer reads them back. */
function afterTransformer({ transformer }: ColumnMetadata, inspect: Inspector, types: ColumnTypes): Inspector {
  const steps = [transformer!].flat();
  // SQLite keeps any text in a column of dates.
  const isKept = ({ reason }: Refusal): boolean =>
    reason === "wrong-type" || (reason === "invalid-date" && types.datesAreTexts);
  return (value) => {
    const made = steps.reduce<unknown>((given, step) => step.to(given) as unknown, value);
    if (made === null || made === undefined) return undefined;
    const refusal = inspect(made);
    return refusal && isKept(refusal) && typeof made !== "object" ? undefined : refusal;
  };
}

function isEnum({ type }: ColumnMetadata): boolean {
  return type === "enum" || type === "simple-enum" || type === "set";
}

const BOOLEANS = new Set<unknown>([Boolean, "boolean", "bool"]);
const JSONS = new Set<unknown>(["json", "jsonb", "simple-json"]);

function inspectorOfType(column: ColumnMetadata, dataSource: DataSource, types: ColumnTypes): Inspector {
  const { type } = column;
  if (BOOLEANS.has(type)) return booleanInspector;
  if (JSONS.has(type)) return jsonInspector;
  if (type === "simple-array") return listInspector;
  if (isEnum(column))
    return column.enum
      ? enumInspector(column.enum as (string | number)[], column.isArray || type === "set", type === "set")
      : anyInspector;
  const { driver } = dataSource;
  const normal = driver.normalizeType(column);
  if (BYTE_TYPES.has(type) || isByteClass(type)) return inspectorOfBytes(column, normal, types);
  if ((driver.spatialTypes as string[]).includes(normal)) return spatialInspector(column);
  return inspectorNamed(column, normal, dataSource, types);
}

function inspectorNamed(column: ColumnMetadata, normal: string, dataSource: DataSource, types: ColumnTypes): Inspector {
  const bits = INTEGER_BITS[normal];
  if (bits !== undefined) return inspectorOfIntegers(column, normal, bits, types);
  switch (normal) {
    case "double":
    case "double precision":
    case "real":
    case "float":
      return inspectorOfFloats(normal, types);
    case "decimal":
    case "numeric":
    case "dec":
    case "fixed":
      return inspectorOfDecimals(column, types);
    case "datetime":
    case "timestamp":
    case "timestamp with time zone":
    case "timestamp without time zone":
      return inspectorOfDates(column, normal, dataSource, types);
    case "date":
      return dayInspector;
    case "time":
    case "time without time zone":
      return timeInspector(types.timesAreDurations);
    case "uuid":
      return uuidInspector;
    case "bit":
      return types.bitsAreBytes ? bitsInspector(Number(column.length || 1)) : anyInspector;
    default:
      return TEXTS.has(normal) ? inspectorOfTexts(column, normal, dataSource, types) : anyInspector;
  }
}

const TEXTS = new Set([
  ...["varchar", "character varying", "nvarchar", "varying character", "native character", "text", "clob", "citext"],
  ...["char", "character", "nchar", "tinytext", "mediumtext", "longtext"],
]);

function inspectorOfIntegers(column: ColumnMetadata, normal: string, bits: number, types: ColumnTypes): Inspector {
  const isWide = types.integersHave64Bits && (normal === "integer" || normal === "int");
  const isUnsigned = column.unsigned || normal.startsWith("unsigned");
  return integerInspector(
    isWide ? 64 : bits,
    isUnsigned && types.supportsUnsignedIntegers,
    types.tinyintTakesBooleans && normal === "tinyint",
  );
}

function inspectorOfFloats(normal: string, { singlePrecision, supportsInfinity }: ColumnTypes): Inspector {
  if (singlePrecision?.type !== normal) return doubleInspector(supportsInfinity);
  return singleInspector(supportsInfinity, singlePrecision.digits === "shortest" ? shortestSingle : sixDigits);
}

function inspectorOfDecimals({ precision, scale }: ColumnMetadata, types: ColumnTypes): Inspector {
  const { decimalsAreDoubles, defaultDecimalPrecision } = types;
  const isDeclared = typeof precision === "number" || typeof scale === "number";
  if (!isDeclared && defaultDecimalPrecision === undefined)
    return decimalInspector(undefined, undefined, decimalsAreDoubles);
  return decimalInspector(precision ?? defaultDecimalPrecision, scale ?? 0, decimalsAreDoubles);
}

function inspectorOfDates(
  { precision }: ColumnMetadata,
  normal: string,
  { options }: DataSource,
  types: ColumnTypes,
): Inspector {
  return dateInspector(types.dates(normal, precision, options));
}

function inspectorOfTexts(
  column: ColumnMetadata,
  normal: string,
  { driver }: DataSource,
  types: ColumnTypes,
): Inspector {
  const declared = Number(driver.getColumnLength(column)) || undefined;
  if (normal !== "char" && normal !== "character" && normal !== "nchar")
    return declared === undefined ? textBytesInspector(types.textBytes(normal)) : textInspector(declared);
  return types.charBlanks === "kept" ? textInspector(declared) : textInspector(declared ?? 1, trailingBlanks);
}

function inspectorOfBytes(column: ColumnMetadata, normal: string, types: ColumnTypes): Inspector {
  return bytesInspector(types.bytes(normal, Number(column.length) || undefined), types.bytesTakeTexts);
}

const booleanInspector: Inspector = (value) =>
  typeof value === "boolean" ? undefined : wrongType("it takes true and false", "Boolean(value)");

/** A spatial value is written by a function of the database, which is not part of a flush. */
function spatialInspector({ propertyName }: ColumnMetadata): Inspector {
  return () =>
    wrongType(
      "a session does not write spatial columns",
      `query.update({ ${propertyName}: sql\`ST_GeomFromText(\${value})\` })`,
    );
}

/** For types that have no inspector of their own. */
const anyInspector: Inspector = (value) => {
  if (typeof value === "number" && Number.isNaN(value)) return NOT_A_NUMBER;
  if (value instanceof Date && Number.isNaN(value.getTime()))
    return { reason: "invalid-date", words: "it is not a date" };
  return typeof value === "function" || typeof value === "symbol"
    ? wrongType(`a ${typeof value} cannot be stored`)
    : undefined;
};
