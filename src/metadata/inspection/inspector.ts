import type { DataSource } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import { databaseTypeOf, type DatabaseType } from "../../dialect/database-type";
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
import { NOT_A_NUMBER, wrongType, type Inspector } from "./refusal";
import {
  bitsInspector,
  bytesInspector,
  mysqlBytesLimit,
  mysqlTextInspector,
  textInspector,
  trailingBlanks,
  uuidInspector,
} from "./texts";
import {
  dateInspector,
  dayInspector,
  EVERY_DATE,
  FOUR_BYTE_SECONDS,
  FOUR_DIGIT_YEARS,
  FROM_YEAR_1000,
  timeInspector,
} from "./times";

/**
 * What a column does not keep as it is given, found before anything is sent. Databases differ in what they refuse
 * themselves, what they round, cut or fill, and SQLite takes nearly anything: whoever writes a value is to read that value.
 */
export function inspectorOf(column: ColumnMetadata, dataSource: DataSource): Inspector {
  const family = databaseTypeOf(dataSource);
  const one = inspectorOfType(column, dataSource, family);
  const whole = column.isArray && !isEnum(column) ? arrayInspector(one) : one;
  return column.transformer ? afterTransformer(column, whole) : whole;
}

/** A transformer's column keeps what the transformer makes; what comes back is the transformer's business. */
function afterTransformer({ transformer }: ColumnMetadata, inspect: Inspector): Inspector {
  const steps = [transformer!].flat();
  return (value) => {
    const made = steps.reduce<unknown>((given, step) => step.to(given) as unknown, value);
    if (made === null || made === undefined) return undefined;
    const refusal = inspect(made);
    return refusal?.reason === "wrong-type" && typeof made !== "object" ? undefined : refusal;
  };
}

function isEnum({ type }: ColumnMetadata): boolean {
  return type === "enum" || type === "simple-enum" || type === "set";
}

const BOOLEANS = new Set<unknown>([Boolean, "boolean", "bool"]);
const JSONS = new Set<unknown>(["json", "jsonb", "simple-json"]);

function inspectorOfType(column: ColumnMetadata, dataSource: DataSource, family: DatabaseType): Inspector {
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
  if (BYTE_TYPES.has(type) || isByteClass(type)) return inspectorOfBytes(column, normal, family);
  return inspectorNamed(column, normal, dataSource, family);
}

function inspectorNamed(
  column: ColumnMetadata,
  normal: string,
  dataSource: DataSource,
  family: DatabaseType,
): Inspector {
  const bits = INTEGER_BITS[normal];
  if (bits !== undefined) return inspectorOfIntegers(column, normal, bits, family);
  switch (normal) {
    case "double":
    case "double precision":
    case "real":
    case "float":
      return inspectorOfFloats(normal, family);
    case "decimal":
    case "numeric":
    case "dec":
    case "fixed":
      return inspectorOfDecimals(column, family);
    case "datetime":
    case "timestamp":
    case "timestamp with time zone":
    case "timestamp without time zone":
      return inspectorOfDates(column, normal, dataSource, family);
    case "date":
      return dayInspector(column.utc === true);
    case "time":
    case "time without time zone":
      return timeInspector(column.precision ?? (family === "mysql" ? 0 : 6), family === "mysql");
    case "uuid":
      return uuidInspector;
    case "bit":
      return family === "mysql" ? bitsInspector(Number(column.length || 1)) : anyInspector;
    default:
      return TEXTS.has(normal) ? inspectorOfTexts(column, normal, dataSource, family) : anyInspector;
  }
}

const TEXTS = new Set([
  ...["varchar", "character varying", "nvarchar", "varying character", "native character", "text", "clob", "citext"],
  ...["char", "character", "nchar", "tinytext", "mediumtext", "longtext"],
]);

/** SQLite's own integers have 64 bits, whatever databases elsewhere mean by the word. */
function inspectorOfIntegers(column: ColumnMetadata, normal: string, bits: number, family: DatabaseType): Inspector {
  const wide = family === "sqlite" && (normal === "integer" || normal === "int");
  const unsigned = column.unsigned || normal.startsWith("unsigned");
  return integerInspector(
    wide ? 64 : bits,
    family !== "postgres" && unsigned,
    family === "mysql" && normal === "tinyint",
  );
}

function inspectorOfFloats(normal: string, family: DatabaseType): Inspector {
  const takesInfinity = family !== "mysql";
  if (family === "postgres" && normal === "real") return singleInspector(takesInfinity, shortestSingle);
  if (family === "mysql" && normal === "float") return singleInspector(takesInfinity, sixDigits);
  return doubleInspector(takesInfinity);
}

function inspectorOfDecimals({ precision, scale }: ColumnMetadata, family: DatabaseType): Inspector {
  const declared = typeof precision === "number" || typeof scale === "number";
  if (!declared && family !== "mysql") return decimalInspector(undefined, undefined, family === "sqlite");
  return decimalInspector(precision ?? (family === "mysql" ? 10 : undefined), scale ?? 0, family === "sqlite");
}

function inspectorOfDates(
  { precision }: ColumnMetadata,
  normal: string,
  { options }: DataSource,
  family: DatabaseType,
): Inspector {
  if (family === "sqlite") return dateInspector({ digits: 3, ...FOUR_DIGIT_YEARS, isLocal: false });
  const digits = precision ?? (family === "mysql" ? 0 : 6);
  if (family === "postgres")
    return dateInspector({ digits, ...EVERY_DATE, isLocal: normal === "timestamp without time zone" });
  const { timezone = "local" } = options as { timezone?: string };
  const years = normal === "timestamp" ? FOUR_BYTE_SECONDS : FROM_YEAR_1000;
  return dateInspector({ digits, ...years, isLocal: timezone === "local" });
}

function inspectorOfTexts(
  column: ColumnMetadata,
  normal: string,
  { driver }: DataSource,
  family: DatabaseType,
): Inspector {
  const declared = Number(driver.getColumnLength(column)) || undefined;
  if (normal !== "char" && normal !== "character" && normal !== "nchar")
    return family === "mysql" && declared === undefined ? mysqlTextInspector(normal) : textInspector(declared);
  if (family === "sqlite") return textInspector(declared);
  return textInspector(declared ?? 1, trailingBlanks);
}

function inspectorOfBytes(column: ColumnMetadata, normal: string, family: DatabaseType): Inspector {
  const declared = Number(column.length) || undefined;
  if (family !== "mysql") return bytesInspector(declared, false, family === "sqlite");
  if (normal === "binary") return bytesInspector(declared ?? 1, true, false);
  return bytesInspector(declared ?? (normal === "varbinary" ? 255 : mysqlBytesLimit(normal)), false, false);
}

const booleanInspector: Inspector = (value) =>
  typeof value === "boolean" ? undefined : wrongType("it takes true and false", "Boolean(value)");

/** Types of which nothing else is known. */
const anyInspector: Inspector = (value) => {
  if (typeof value === "number" && Number.isNaN(value)) return NOT_A_NUMBER;
  if (value instanceof Date && Number.isNaN(value.getTime())) return { reason: "invalid-date", words: "it is no date" };
  return typeof value === "function" || typeof value === "symbol"
    ? wrongType(`a ${typeof value} cannot be stored`)
    : undefined;
};
