import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { DeferredConstraints, Statements } from "../../dialect/dialect";
import type { ColumnModel, RelationModel } from "../../metadata/model";
import type { Change } from "../state/changes";
import { isReferenced } from "../flush/referenced-columns";
import { withClause, type ReferencingUpdate } from "./key-change";
import type { Instance } from "../state/instance";
import type { UndoLog } from "../state/undo-log";
import { encodedValue, storedKeyValues } from "../state/values";

/** A value that no other row has, which a row holds for a moment so that another row can take its own. */
export interface TemporaryValue {
  readonly instance: Instance;
  readonly column: ColumnModel;
  readonly value: unknown;
  /** Whether it is a foreign key that refers to no row meanwhile. */
  readonly isDangling: boolean;
}

/**
 * The column of a unique constraint that can hold a temporary value; undefined where none can. A foreign key that must not
 * be NULL can, where the database checks the constraint later.
 */
export function columnForTemporaryValue(
  columns: readonly ColumnModel[],
  constraints: DeferredConstraints,
): ColumnModel | undefined {
  return (
    columns.find((column) => mayBeNull(column)) ??
    columns.find((column) => !column.isPrimary && !column.metadata.referencedColumn && kindOf(column) !== undefined) ??
    columns.find((column) => !column.isPrimary && kindOf(column) !== undefined && isDeferred(column, constraints)) ??
    // A key comes last: where foreign keys refer to it, they have to be updated twice.
    [...columns]
      .sort((left, right) => Number(isReferenced(left)) - Number(isReferenced(right)))
      .find(
        (column) =>
          kindOf(column) !== undefined && (!column.metadata.referencedColumn || isDeferred(column, constraints)),
      )
  );
}

/** A referenced column cannot be NULL: the foreign keys that refer to it would have to be NULL too. */
function mayBeNull(column: ColumnModel): boolean {
  return column.metadata.isNullable && !column.isPrimary && !isReferenced(column);
}

/** Whether a foreign key can refer to no row for a moment: because it may be NULL, or because the constraint is checked later. */
export function mayDangle({ joins }: RelationModel, constraints: DeferredConstraints): boolean {
  return joins.every(
    ({ foreign }) =>
      !foreign.isPrimary &&
      foreign.metadata.isUpdate &&
      !isReferenced(foreign) &&
      (foreign.metadata.isNullable || (kindOf(foreign) !== undefined && isDeferred(foreign, constraints))),
  );
}

/** Whether a column is a foreign key that must not be NULL, so that its temporary value refers to no row. */
export function isRequiredForeignKey({ metadata }: ColumnModel): boolean {
  return metadata.referencedColumn !== undefined && !metadata.isNullable;
}

function isDeferred({ metadata: { relationMetadata } }: ColumnModel, { onlyDeferrable }: DeferredConstraints): boolean {
  return !onlyDeferrable || relationMetadata?.deferrable !== undefined;
}

/**
 * Writes a temporary value to a row; the object keeps its own.
 *
 * @param referencing UPDATEs of referencing rows, to be part of the statement
 * @param own foreign keys of the row that refer to itself
 */
export async function writeTemporaryValue(
  statements: Statements,
  undoLog: UndoLog,
  { instance, column, value }: TemporaryValue,
  referencing: readonly ReferencingUpdate[] = [],
  own: readonly Change[] = [],
): Promise<void> {
  const { dialect } = statements;
  const { primary, table } = instance.model;
  const { lead, parameters } = withClause(referencing);
  const put = (at: ColumnModel, what: unknown): string =>
    `${at.quoted} = ${dialect.placeholder(parameters.push(encodedValue(at, what)))}`;
  const sets = [{ column, value }, ...own].map((change) => put(change.column, change.value));
  const key = storedKeyValues(instance).map((part, place) => put(primary[place]!, part));
  undoLog.record(instance);
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

/** NULL where the column may be NULL, else a value that no other row has. */
export function temporaryValue(column: ColumnModel): unknown {
  const { metadata } = column;
  if (mayBeNull(column)) return null;
  const length = Number(metadata.length) || 32;
  switch (kindOf(column)!) {
    case "uuid":
      return randomUUID();
    case "text":
      return temporaryText(length);
    case "number":
      return temporaryNumber(column);
    case "bytes":
      return randomBytes(Math.min(16, length));
    case "date":
      return temporaryDate(column);
  }
}

/** In a short column, characters that codes and names hardly contain make a collision unlikely. */
function temporaryText(length: number): string {
  if (length >= SAFE_LENGTH) return randomBytes(16).toString("hex").slice(0, length);
  return Array.from({ length }, () => UNUSUAL[randomInt(UNUSUAL.length)]).join("");
}

const SAFE_LENGTH = 8;
const UNUSUAL = "!#$%&()*+,-./:;<=>?@[]^_{|}~";

/** A number that is unlikely to be in use, and fits the smallest column of its type. */
function temporaryNumber({ metadata: { type, unsigned, precision, scale } }: ColumnModel): unknown {
  const name = String(type);
  const digits = precision ? Math.min(9, precision - (scale ?? 0)) : 9;
  const most = name === "tinyint" ? 127 : /small|int2/.test(name) ? 32_767 : Math.min(2 ** 31 - 1, 10 ** digits - 1);
  const number = randomInt(Math.ceil(most / 2), most) * (unsigned ? 1 : -1);
  return /decimal|numeric|bigint|int8/.test(name) ? String(number) : number;
}

function temporaryDate({ metadata: { type } }: ColumnModel): unknown {
  // Between 1971 and 2000, which every date type of every database can store.
  const date = new Date(randomInt(31_536_000, 946_684_800) * 1_000);
  return type === "date" ? date.toISOString().slice(0, 10) : date;
}
