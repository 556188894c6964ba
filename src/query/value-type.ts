import { messageOf, RetortError } from "../errors";
import type { ValueError } from "../metadata/errors";
import { decimalInspector } from "../metadata/inspection/numbers";
import { wrongType, type Inspector, type Refusal } from "../metadata/inspection/refusal";
import type { ColumnModel } from "../metadata/model";
import { DATE_TYPES } from "../metadata/type-groups";
import { operandRefused, undefinedOperand } from "./errors";
import { misuseOf, parameterRefusal } from "./value-check";

/** How the values of an expression are checked, sent and read. */
export interface ValueType {
  /** Whether values are JavaScript numbers. A number that is too large or too exact is a string. */
  readonly isNumber: boolean;
  /**
   * A value as it is sent; null where it is stored as NULL.
   *
   * @throws ValueError for undefined, and for a value of a type that the expression cannot have
   */
  encode(value: unknown): unknown;
  /** A number that is added to its values, or that multiplies them, as it is sent. @param operator SQL's */
  number(value: unknown, operator: string): unknown;
  /** The error for a value that it cannot be compared with. */
  refused(value: unknown, refusal: Refusal): ValueError;
  /** The value of what the driver returned. */
  decode(raw: unknown): unknown;
  /** The SQL that selects it, where the expression alone would lose something. */
  selected(sql: string): string;
}

/**
 * Refusals of values that no row can have because of their type. MySQL finds a text that begins with no digit by the number 0. A value
 * that is only too long or out of range can be asked for: no row has it.
 */
const TYPE_REFUSALS: ReadonlySet<string> = new Set(["wrong-type", "not-a-number", "invalid-date", "cyclic"]);

/** Whether a value that a condition compares a column with is refused for its JavaScript type. */
export function isTypeRefusal(refusal: Refusal | undefined): refusal is Refusal {
  return refusal !== undefined && TYPE_REFUSALS.has(refusal.reason);
}

/** The type of a column's values. */
export class ColumnType implements ValueType {
  readonly #column: ColumnModel;
  readonly isNumber: boolean;

  constructor(column: ColumnModel) {
    this.#column = column;
    this.isNumber = column.codec.isNumber === true;
  }

  number(value: unknown, operator: string): unknown {
    const { transformer, type } = this.#column.metadata;
    const isAddend = operator === "+" || operator === "-";
    if (transformer) return isAddend ? this.encode(value) : value;
    // Some databases add days to a date.
    return isAddend && (DATE_TYPES.has(type) || type === "date" || type === "time") ? value : this.encode(value);
  }

  refused(value: unknown, refusal: Refusal): ValueError {
    return operandRefused(this.#column.label, this.#column, value, refusal);
  }

  encode(value: unknown): unknown {
    const column = this.#column;
    if (value === undefined) throw undefinedOperand(column.label, column);
    const { encode } = column.codec;
    if (value === null) return encode ? encodedNull(encode) : null;
    const refusal = misuseOf(value);
    if (refusal) throw this.refused(value, refusal);
    const encoded = this.#encodeChecked(value);
    // A transformer that does not know the value may make nothing of it.
    if (encoded === undefined) throw this.refused(value, wrongType("its transformer returns undefined for it"));
    return encoded;
  }

  #encodeChecked(value: unknown): unknown {
    const column = this.#column;
    try {
      const refusal = column.inspect(value);
      if (isTypeRefusal(refusal)) throw this.refused(value, refusal);
      return column.codec.encode ? column.codec.encode(value) : value;
    } catch (error) {
      throw error instanceof RetortError ? error : this.refused(value, wrongType(messageOf(error)));
    }
  }

  decode(raw: unknown): unknown {
    const { decode } = this.#column.codec;
    return decode ? decode(raw) : raw;
  }

  selected(sql: string): string {
    return this.#column.selected(sql);
  }
}

/** A transformer may store null as another value, or not take it. */
function encodedNull(encode: (value: unknown) => unknown): unknown {
  try {
    return encode(null) ?? null;
  } catch {
    return null;
  }
}

const same = <V>(value: V): V => value;

/** A type that no column decides. */
function typeNamed(label: string, inspect: Inspector, more: Partial<ValueType> = {}): ValueType {
  return {
    isNumber: false,
    encode(value) {
      if (value === undefined) throw undefinedOperand(label);
      if (value === null) return null;
      const refusal = misuseOf(value) ?? inspect(value);
      if (refusal) throw this.refused(value, refusal);
      return value;
    },
    number(value) {
      return this.encode(value);
    },
    refused: (value, refusal) => operandRefused(label, undefined, value, refusal),
    decode: same,
    selected: same,
    ...more,
  };
}

/** Servers return counts and sums as strings; one that is no safe JavaScript number stays a string. */
export function asNumber(raw: unknown): unknown {
  if (typeof raw === "bigint") return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
  if (typeof raw !== "string") return raw;
  const number = Number(raw);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? raw : number;
}

export const NUMBER = typeNamed("a number", decimalInspector(undefined, undefined, false), {
  isNumber: true,
  decode: asNumber,
});

export const TEXT = typeNamed("a text", (value) =>
  typeof value === "string" ? undefined : wrongType("it takes texts", "String(value)"),
);

export const BOOLEAN = typeNamed(
  "a condition",
  (value) => (typeof value === "boolean" ? undefined : wrongType("it takes true and false", "Boolean(value)")),
  { decode: (raw) => (raw === null ? null : Boolean(raw)) },
);

/** Values of any type, where nothing is known of them. */
export function anyType(label: string): ValueType {
  return typeNamed(label, parameterRefusal);
}

/** The type of arithmetic with values of another type. */
export function arithmeticType(type: ValueType): ValueType {
  // MySQL's driver returns BIGINT as a string.
  if (!type.isNumber) return type;
  return {
    isNumber: true,
    encode: (value) => type.encode(value),
    number: (value, operator) => type.number(value, operator),
    refused: (value, refusal) => type.refused(value, refusal),
    decode: asNumber,
    selected: same,
  };
}
