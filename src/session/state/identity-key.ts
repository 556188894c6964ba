import type { ColumnModel, EntityModel } from "../../metadata/model";
import { keyOfWrongShape } from "../../query/errors";
import { canonical } from "../../metadata/codec";

/**
 * Keys of the identity map. Key 1 and key "1" are one identity where the column is a number; the parts of a composite
 * key cannot run into each other.
 */
export interface KeyMaker {
  /** The key of a row, whose primary columns stand at these places; undefined where a part is NULL. */
  ofRow(row: readonly unknown[], places: readonly number[]): unknown;
  /** The key of an object as it is now; undefined where a part is missing. */
  ofValues(values: readonly unknown[]): unknown;
  /** The parts of what somebody gave as a key: a value, or an object with every part. */
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
      if (!isPartsObject(given)) throw keyOfWrongShape(model.name, partNames(model), given);
      return model.primary.map((column) => checkedPart(model, column, partOf(column, given), given));
    },
  };
}

/** A part of a key given as an object; a foreign key in it may be given as the related entity. */
function partOf(column: ColumnModel, given: object): unknown {
  const value = column.isVirtual ? (given as Record<string, unknown>)[column.property] : column.read(given);
  const referenced = column.metadata.referencedColumn;
  return referenced && typeof value === "object" && value !== null
    ? (referenced.getEntityValue(value) as unknown)
    : value;
}

function checkedPart(model: EntityModel, column: ColumnModel, value: unknown, given: unknown): unknown {
  if (value === null || value === undefined || isOfWrongType(column, value))
    throw keyOfWrongShape(model.name, partNames(model), given);
  return value;
}

/** A key that no row can have (too long, out of range) is none of the wrong type: nothing is found by it. */
function isOfWrongType(column: ColumnModel, value: unknown): boolean {
  switch (column.inspect(value)?.reason) {
    case "wrong-type":
    case "not-a-number":
    case "invalid-date":
      return true;
    default:
      return false;
  }
}

function partNames(model: EntityModel): string[] {
  return model.primary.map(({ property }) => property);
}

function isPartsObject(given: unknown): given is object {
  return typeof given === "object" && given !== null && !(given instanceof Date) && !(given instanceof Uint8Array);
}

/** What makes two values of a key column the same. */
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
  // Beyond 2^53 two numbers could fall together; fractions and texts stay what they are.
  return String(value);
}
