import type { DataSource } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { ColumnTypes } from "../dialect/column-types";
import type { Codec } from "./codec";
import { attempt, canonical, copy, isTransparent, parsed, UNSTORABLE } from "./compare";
import { isSameDecimal } from "./inspection/numbers";
import { atPrecision, timeAtPrecision } from "./times";
import { DATE_TYPES, DECIMAL_TYPES, JSON_TYPES, LONG_INTEGER_TYPES } from "./type-groups";

/**
 * The snapshot of a value that was written. A transformer need not return the same parameter twice (salt, encryption),
 * nor the value that it was given (a hash), so the value itself is kept where it can be copied.
 */
class Written {
  /** As a query would return it. */
  readonly row: unknown;
  /** Undefined for an object of a class. */
  readonly value: unknown;

  constructor(row: unknown, value: unknown) {
    this.row = row;
    this.value = value;
  }

  /** For comparisons of snapshots. */
  toJSON(): unknown {
    return this.row;
  }
}

/**
 * Columns with a transformer, lists, days. A value has three forms: the property's, the parameter's, and the one that a
 * query returns (the row's). Snapshots are in the row's form, which is the only one that `decode` takes.
 */
export function encodedCodec(column: ColumnMetadata, dataSource: DataSource, types: ColumnTypes): Codec {
  const { persist, decode } = conversionsOf(column, dataSource);
  const rowOf = rowFormOf(column, types);
  const normal = dataSource.driver.normalizeType(column);
  const kept = keptOf(column, normal, dataSource.options, types);
  const encodeToRow = (value: unknown): unknown => {
    const parameter = persist(value) ?? null;
    return rowOf(kept ? eachMember(parameter, kept) : parameter);
  };
  const sameRows = isLongNumber(column) ? sameNumbers : sameStructure;
  const transforms = column.transformer !== undefined;
  const select = types.select(normal, column.isArray);
  const normalize = kept && normalizer(transforms, persist, kept, (parameter) => decode(rowOf(parameter)));
  return {
    plain: false,
    freezesValues: false,
    decode,
    encode: (value) => types.bind(persist(value), normal),
    ...(select && { select }),
    ...(normalize && { normalize }),
    // A list of the driver's may be written in more than one way. A transformer gets what was read, so that is kept.
    freeze: (raw) => copy(transforms || raw === null ? raw : encodeToRow(decode(raw))),
    freezeValue(value) {
      const row = copy(encodeToRow(value));
      return transforms && value !== null ? new Written(row, isTransparent(value) ? copy(value) : undefined) : row;
    },
    same(value, snapshot) {
      if (value === undefined) return true;
      const { row, value: written } = snapshot instanceof Written ? snapshot : { row: snapshot, value: undefined };
      // Without encoding it again: a transformer may be slow (a password's hash), or return another parameter each time.
      if (transforms && isTransparent(value)) {
        const text = canonical(value);
        if (written !== undefined && text === canonical(written)) return true;
        if (text === canonical(attempt(decode, copy(row)))) return true;
      }
      const encoded = attempt(encodeToRow, value);
      if (sameRows(encoded, row)) return true;
      if (encoded === UNSTORABLE) return false;
      const read = attempt(decode, copy(row));
      if (read === UNSTORABLE) return false;
      if (sameRows(encoded, attempt(encodeToRow, read))) return true;
      return (
        transforms && !isTransparent(value) && !sameRows(encoded, attempt(encodeToRow, value)) && looksLike(value, read)
      );
    },
    thaw(snapshot) {
      if (!(snapshot instanceof Written)) return decode(copy(snapshot));
      return snapshot.value === undefined ? decode(copy(snapshot.row)) : copy(snapshot.value);
    },
  };
}

const sameStructure = (one: unknown, other: unknown): boolean => one === other || canonical(one) === canonical(other);
const sameNumbers = (one: unknown, other: unknown): boolean =>
  sameStructure(one, other) || (one !== null && other !== null && isSameDecimal(String(one), String(other)));

/** Whether an object of a class is the one that was read, where its stored form differs each time. */
function looksLike(value: unknown, read: unknown): boolean {
  const [one, other] = [canonical(value), canonical(read)];
  return one === other && one !== "{}";
}

function isLongNumber({ type, isArray }: ColumnMetadata): boolean {
  return !isArray && (DECIMAL_TYPES.has(type) || LONG_INTEGER_TYPES.has(type));
}

interface Conversions {
  /** Property to parameter, before the dialect prepares it for its driver. */
  readonly persist: (value: unknown) => unknown;
  /** Row to property. */
  readonly decode: (raw: unknown) => unknown;
}

function conversionsOf(column: ColumnMetadata, { driver }: DataSource): Conversions {
  const persist = (value: unknown): unknown => driver.preparePersistentValue(value, column) as unknown;
  const decode = (raw: unknown): unknown => driver.prepareHydratedValue(raw, column) as unknown;
  if (!column.isArray || !isConvertedByMember(column)) return { persist, decode };
  // TypeORM's drivers convert values of these types, but not lists of them.
  const member = variantOf(column, { isArray: false, transformer: undefined });
  const list = variantOf(column, { type: "text" });
  return {
    persist: (value) =>
      eachMember(driver.preparePersistentValue(value, list), (one) =>
        column.type === Boolean ? one : driver.preparePersistentValue(one, member),
      ),
    decode: (raw) =>
      driver.prepareHydratedValue(
        eachMember(raw, (one) => driver.prepareHydratedValue(one, member) as unknown),
        list,
      ) as unknown,
  };
}

function isConvertedByMember({ type }: ColumnMetadata): boolean {
  return type === "date" || type === "time" || type === Boolean || JSON_TYPES.has(type) || DATE_TYPES.has(type);
}

function variantOf(column: ColumnMetadata, changes: Partial<ColumnMetadata>): ColumnMetadata {
  return Object.assign(Object.create(column) as ColumnMetadata, changes);
}

/** Converts the members of a list, and of the lists in it. */
function eachMember(value: unknown, convert: (member: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => eachMember(one, convert));
  return value === null || value === undefined ? value : convert(value);
}

function listLiteral(parameter: unknown): unknown {
  if (!Array.isArray(parameter)) return parameter;
  return `{${parameter.map((one) => `"${String(one).replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}

/** Parameter to row: the form in which a query returns what was written. */
function rowFormOf(column: ColumnMetadata, types: ColumnTypes): (parameter: unknown) => unknown {
  const { type } = column;
  // pg does not know the types of a project's enums, so a list of them is read as its text.
  if (column.isArray && (type === "enum" || type === "simple-enum")) return listLiteral;
  if (types.json === "parsed" && (type === "json" || type === "jsonb"))
    return (parameter) => eachMember(parameter, parsed);
  const isText = !types.longIntegersAreNumbers && (LONG_INTEGER_TYPES.has(type) || DECIMAL_TYPES.has(type));
  const isBoolean = type === "boolean" || type === "bool" || type === Boolean;
  return (parameter) =>
    eachMember(parameter, (one) => {
      if (typeof one === "boolean" && !isBoolean) return Number(one);
      return isText && (typeof one === "number" || typeof one === "bigint") ? String(one) : one;
    });
}

/** The property's value as the column keeps it, for columns of days and times. */
function normalizer(
  transforms: boolean,
  persist: (value: unknown) => unknown,
  kept: (parameter: unknown) => unknown,
  read: (parameter: unknown) => unknown,
): (value: unknown) => unknown {
  return (value) => {
    if (value === null || value === undefined) return value;
    const parameter = persist(value);
    const stored = eachMember(parameter, kept);
    if (transforms) return canonical(parameter) === canonical(stored) ? value : read(stored);
    // A day or a time of day is a text; TypeORM takes a Date for it too.
    return typeof parameter === "string" || Array.isArray(parameter) ? same(value, stored) : value;
  };
}

/** The value itself, where the stored one is no other. */
function same(value: unknown, stored: unknown): unknown {
  return canonical(value) === canonical(stored) ? value : stored;
}

/** What a column of days and times keeps of a parameter; undefined for other columns. */
function keptOf(
  { type, precision }: ColumnMetadata,
  normal: string,
  options: object,
  types: ColumnTypes,
): ((parameter: unknown) => unknown) | undefined {
  if (DATE_TYPES.has(type)) {
    const { digits } = types.dates(normal, precision, options);
    return (parameter) => atPrecision(parameter, digits);
  }
  if (normal === "date") return (parameter) => parameter;
  if (normal === "time" || normal === "time without time zone")
    return (parameter) => timeAtPrecision(parameter, precision ?? types.defaultTimePrecision, types.timeFractions);
  return undefined;
}
