import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { DeferredConstraints, Statements } from "../../dialect/dialect";
import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { Change } from "../flush/change-set";
import { isPointedAt, leading, type FollowingStatement } from "./key-change";
import type { Instance } from "../state/instance";
import type { UndoLog } from "../rollback/undo-log";
import { encodedValue, storedKeyValues } from "../state/values";

/** A row that holds a value which nobody else has for the moment, so that another can take its own. */
export interface TemporaryValues {
  readonly instance: Instance;
  readonly column: ColumnModel;
  readonly value: unknown;
  /** Whether it is a foreign key that for the moment points at no row. */
  readonly pointsNowhere: boolean;
}

/**
 * The column of a unique constraint that can hold another value for a moment; undefined where none can. A foreign key that
 * has to point at a row can, where the database looks at it later.
 */
export function parkable(columns: readonly ColumnModel[], later: DeferredConstraints): ColumnModel | undefined {
  return (
    columns.find((column) => mayBeNull(column)) ??
    columns.find((column) => !column.isPrimary && !column.metadata.referencedColumn && kindOf(column) !== undefined) ??
    columns.find((column) => !column.isPrimary && kindOf(column) !== undefined && isDeferred(column, later)) ??
    // A key that nobody points at is a value like others; where somebody does, they follow it there and back.
    [...columns]
      .sort((left, right) => Number(isPointedAt(left)) - Number(isPointedAt(right)))
      .find(
        (column) => kindOf(column) !== undefined && (!column.metadata.referencedColumn || isDeferred(column, later)),
      )
  );
}

/** What others point at does not become NULL: their foreign keys may not. */
function mayBeNull(column: ColumnModel): boolean {
  return column.metadata.isNullable && !column.isPrimary && !isPointedAt(column);
}

/** Whether a foreign key can point at no row for a moment: a new row's before the one that it is for is there. */
export function mayPointNowhere({ joins }: RelationModel, later: DeferredConstraints): boolean {
  return joins.every(
    ({ foreign }) =>
      !foreign.isPrimary &&
      foreign.metadata.isUpdate &&
      !isPointedAt(foreign) &&
      (foreign.metadata.isNullable || (kindOf(foreign) !== undefined && isDeferred(foreign, later))),
  );
}

/** Whether what a parked column holds is no row's key. */
export function pointsNowhere({ metadata }: ColumnModel): boolean {
  return metadata.referencedColumn !== undefined && !metadata.isNullable;
}

function isDeferred({ metadata: { relationMetadata } }: ColumnModel, { onlyDeferrable }: DeferredConstraints): boolean {
  return !onlyDeferrable || relationMetadata?.deferrable !== undefined;
}

/**
 * Parks a row: the database has a value that nobody else has, and the object keeps the one that it is to have.
 *
 * @param following what is to be written in the same statement
 * @param own foreign keys of the row that point at itself
 */
export async function park(
  statements: Statements,
  journal: UndoLog,
  { instance, column, value }: TemporaryValues,
  following: readonly FollowingStatement[] = [],
  own: readonly Change[] = [],
): Promise<void> {
  const { dialect } = statements;
  const { primary, table } = instance.model;
  const { lead, parameters } = leading(following);
  const put = (at: ColumnModel, what: unknown): string =>
    `${at.quoted} = ${dialect.placeholder(parameters.push(encodedValue(at, what)))}`;
  const sets = [{ column, value }, ...own].map((change) => put(change.column, change.value));
  const key = storedKeyValues(instance).map((part, place) => put(primary[place]!, part));
  journal.record(instance);
  await statements.run(`${lead}UPDATE ${table} SET ${sets.join(", ")} WHERE ${key.join(" AND ")}`, parameters);
  const snapshot = [...instance.snapshot!];
  snapshot[column.index] = column.codec.freezeValue(value);
  instance.snapshot = snapshot;
}

type Kind = "uuid" | "text" | "number" | "bytes" | "date";

function kindOf({ metadata }: ColumnModel): Kind | undefined {
  if (metadata.transformer || metadata.enum || metadata.isArray) return undefined;
  const type = typeof metadata.type === "function" ? metadata.type.name.toLowerCase() : metadata.type;
  if (type === "uuid") return "uuid";
  if (/^(simple-)?(json|enum|array|set)/.test(type)) return undefined;
  if (/char|text|string|clob/.test(type)) return "text";
  if (/int|number|decimal|numeric|float|double|real/.test(type)) return "number";
  if (/blob|binary|bytea/.test(type)) return "bytes";
  if (/^(date|datetime|timestamp)/.test(type)) return "date";
  return undefined;
}

/** NULL where the column may have it, else a value that nobody else has. */
export function parkedValue(column: ColumnModel): unknown {
  const { metadata } = column;
  if (mayBeNull(column)) return null;
  const length = Number(metadata.length) || 32;
  switch (kindOf(column)!) {
    case "uuid":
      return randomUUID();
    case "text":
      return parkedText(length);
    case "number":
      return parkedNumber(column);
    case "bytes":
      return randomBytes(Math.min(16, length));
    case "date":
      return parkedDate(column);
  }
}

/** Where a column has room for few characters, they are such as no code is made of. */
function parkedText(length: number): string {
  if (length >= SAFE_LENGTH) return randomBytes(16).toString("hex").slice(0, length);
  return Array.from({ length }, () => UNUSUAL[randomInt(UNUSUAL.length)]).join("");
}

const SAFE_LENGTH = 8;
const UNUSUAL = "!#$%&()*+,-./:;<=>?@[]^_{|}~";

/** A number that is far from those in use, and fits the smallest column of its kind. */
function parkedNumber({ metadata: { type, unsigned, precision, scale } }: ColumnModel): unknown {
  const name = String(type);
  const digits = precision ? Math.min(9, precision - (scale ?? 0)) : 9;
  const most = name === "tinyint" ? 127 : /small|int2/.test(name) ? 32_767 : Math.min(2 ** 31 - 1, 10 ** digits - 1);
  const number = randomInt(Math.ceil(most / 2), most) * (unsigned ? 1 : -1);
  return /decimal|numeric|bigint|int8/.test(name) ? String(number) : number;
}

function parkedDate({ metadata: { type } }: ColumnModel): unknown {
  // Seconds of the years 1971 to 2000: every date type of the databases has them.
  const date = new Date(randomInt(31_536_000, 946_684_800) * 1_000);
  return type === "date" ? date.toISOString().slice(0, 10) : date;
}
