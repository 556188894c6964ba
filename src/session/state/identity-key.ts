import type { ColumnModel, EntityModel } from "../../metadata/model";
import { keyOfWrongShape } from "../../query/errors";
import { misuseOf } from "../../query/value-check";
import { isTypeRefusal } from "../../query/value-type";
import { canonical } from "../../metadata/compare";

/**
 * Makes keys of the identity map. 1 and "1" are the same key where the column is a number; the parts of a composite key
 * are kept apart.
 */
export interface KeyMaker {
  /** The key of a row whose primary columns are at these places; undefined where a part is NULL. */
  ofRow(row: readonly unknown[], places: readonly number[]): unknown;
  /** The key of these values; undefined where a part is missing. */
  ofValues(values: readonly unknown[]): unknown;
  /** The parts of a key as `get` accepts it: a value, or an object with all parts. @throws RetortError `query/key` */
  parts(given: unknown): unknown[];
}

const NUMERIC = new Set<unknown>([
  Number,
  ...["int", "integer", "int2", "int4", "int8", "smallint", "mediumint", "tinyint", "bigint", "serial", "bigserial"],
  ...["decimal", "numeric", "float", "double", "double precision", "real"],
]);

const makers = new WeakMap<EntityModel, KeyMaker>();

export function keyMaker(model: EntityModel): KeyMaker {
  let maker = makers.get(model);
  if (!maker) makers.set(model, (maker = model.primary.length === 1 ? singleKey(model) : compositeKey(model)));
  return maker;
}

function singleKey(model: EntityModel): KeyMaker {
  const column = model.primary[0]!;
  const identify = identifier(column);
  const { decode } = column.codec;
  return {
    ofRow(row, places) {
      const raw = row[places[0]!];
      if (raw === null || raw === undefined) return undefined;
      return identify(decode ? decode(raw) : raw);
    },
    ofValues(values) {
      const value = values[0];
      return value === null || value === undefined ? undefined : identify(value);
    },
    parts: (given) => [checkedPart(model, column, isPartsObject(given) ? column.read(given) : given, given)],
  };
}

function compositeKey(model: EntityModel): KeyMaker {
  const identifiers = model.primary.map(identifier);
  const joined = (values: readonly unknown[]): unknown => {
    const parts: unknown[] = [];
    if (values.length === 0) return undefined;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === null || value === undefined) return undefined;
      parts.push(identifiers[index]!(value));
    }
    return JSON.stringify(parts.map((part) => (typeof part === "bigint" ? `${part}n` : part)));
  };
  return {
    ofRow: (row, places) =>
      joined(
        places.map((place, index) => {
          const { decode } = model.primary[index]!.codec;
          return decode ? decode(row[place]) : row[place];
        }),
      ),
    ofValues: joined,
    parts(given) {
      if (!isPartsObject(given))
        throw keyOfWrongShape(model.primary[0] ?? { model, property: "" }, partNames(model), given);
      return model.primary.map((column) => checkedPart(model, column, partOf(column, given), given));
    },
  };
}

/** A part of a key given as an object. A foreign key may be given as the related entity. */
function partOf(column: ColumnModel, given: object): unknown {
  const value = column.isVirtual ? (given as Record<string, unknown>)[column.property] : column.read(given);
  const referenced = column.metadata.referencedColumn;
  return referenced && typeof value === "object" && value !== null
    ? (referenced.getEntityValue(value) as unknown)
    : value;
}

/** A key that no row can have (too long, out of range) is not of the wrong type: it is just not found. */
function checkedPart(model: EntityModel, column: ColumnModel, value: unknown, given: unknown): unknown {
  if (value === null || value === undefined) throw keyOfWrongShape(column, partNames(model), given);
  const refusal = misuseOf(value) ?? column.inspect(value);
  if (isTypeRefusal(refusal)) throw keyOfWrongShape(column, partNames(model), given, refusal);
  return value;
}

function partNames(model: EntityModel): string[] {
  return model.primary.map(({ property }) => property);
}

function isPartsObject(given: unknown): given is object {
  return typeof given === "object" && given !== null && !(given instanceof Date) && !(given instanceof Uint8Array);
}

/** Maps equal values of a key column to one. */
function identifier(column: ColumnModel): (value: unknown) => unknown {
  if (column.metadata.transformer) return (value) => (typeof value === "object" ? canonical(value) : value);
  if (NUMERIC.has(column.metadata.type) || column.metadata.isGenerated === true) return numericIdentity;
  return (value) => (typeof value === "object" ? canonical(value) : value);
}

function numericIdentity(value: unknown): unknown {
  if (typeof value === "number") return value;
  if (typeof value !== "string" && typeof value !== "bigint") return canonical(value);
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  // Beyond 2^53, different integers would become the same number.
  return String(value);
}
