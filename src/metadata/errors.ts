import { inspect } from "node:util";
import { RetortError, type RetortErrorDetails } from "../errors";
import { didYouMean } from "../suggestion";
import type { Refusal } from "./inspection/refusal";

export function unknownEntity(name: string, known: readonly string[]): RetortError {
  return new RetortError(
    "metadata/unknown-entity",
    `${name} is not an entity of this DataSource${didYouMean(name, known)}`,
    {
      hint: `known entities: ${known.join(", ") || "none"}`,
    },
  );
}

export function notAnEntity(value: unknown, known: readonly string[]): RetortError {
  return new RetortError("metadata/not-an-entity", `${describe(value)} is not an entity`, {
    hint: known.length > 0 ? `make one with db.create(${known[0]}, { … })` : "the DataSource has no entities",
  });
}

/**
 * A value that its column would not keep as it is, or that a query cannot compare its column with. Its code is `value/` and the
 * reason: `undefined`, `missing`, `wrong-type`, `not-a-number`, `invalid-date`, `cyclic`, `too-long`, `out-of-range`, `inexact`;
 * for a key, `query/key`.
 */
export class ValueError extends RetortError {
  /** The name of the entity; undefined where the value belongs to no column (`func.count().gt("x")`). */
  readonly entity: string | undefined;
  /** The property, `name.first` in an embedded. */
  readonly property: string | undefined;
  /** What was to be written, or to be compared with. */
  readonly value: unknown;

  /** @internal */
  constructor(code: string, message: string, details: RetortErrorDetails, at: Place | undefined, value: unknown) {
    super(code, message, details);
    this.name = "ValueError";
    this.entity = at?.model.name;
    this.property = at?.property;
    this.value = value;
  }
}

/** The column or relation that a value is for. */
export interface Place {
  readonly model: { readonly name: string };
  readonly property: string;
}

/** @param owner the object, in words */
export function valueRefused(at: Place, value: unknown, { reason, words, hint }: Refusal, owner?: string): ValueError {
  const of = owner === undefined || owner === at.model.name ? "" : ` (of ${owner})`;
  return new ValueError(
    `value/${reason}`,
    `${at.model.name}.${at.property} cannot be ${shown(value)}: ${words}${of}`,
    hint === undefined ? {} : { hint },
    at,
    value,
  );
}

export function valueMissing(at: Place, owner?: string): ValueError {
  const of = owner === undefined || owner === at.model.name ? "" : ` (of ${owner})`;
  return new ValueError(
    "value/missing",
    `${at.model.name}.${at.property} has no value, and its column is NOT NULL${of}`,
    { hint: `set ${at.property}, or declare it nullable` },
    at,
    null,
  );
}

/** A value in a message, shortened. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 40, maxArrayLength: 5 });
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** A value as messages name it: `an object of class Money`, `undefined`, `5`, `'x'`. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return `the class ${value.name} itself`;
  if (typeof value !== "object") return shown(value);
  const { name } = (value as { constructor?: { name?: string } }).constructor ?? {};
  return !name || name === "Object" ? "a plain object" : `an object of class ${name}`;
}
