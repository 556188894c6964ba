import { inexact, NOT_A_NUMBER, wrongType, type Inspector, type Refusal } from "./refusal";

/** The bits of a database's integer types. */
export const INTEGER_BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  int2: 16,
  mediumint: 24,
  int: 32,
  integer: 32,
  int4: 32,
  bigint: 64,
  int8: 64,
  "unsigned big int": 64,
};

const INTEGER = /^-?\d+$/;

/** @param takesBooleans whether true is another word for 1, as in MySQL's tinyint */
export function integerInspector(bits: number, unsigned: boolean, takesBooleans: boolean): Inspector {
  const least = unsigned ? 0n : -(2n ** BigInt(bits - 1));
  const most = unsigned ? 2n ** BigInt(bits) - 1n : 2n ** BigInt(bits - 1) - 1n;
  // Beyond 2^53 a JavaScript number may stand for another one than was meant.
  const lowest = Math.max(Number(least), Number.MIN_SAFE_INTEGER);
  const highest = Math.min(Number(most), Number.MAX_SAFE_INTEGER);
  const outside: Refusal = { reason: "out-of-range", words: `it takes whole numbers from ${least} to ${most}` };
  const examine = (value: unknown): Refusal | undefined => {
    switch (typeof value) {
      case "number":
        if (Number.isNaN(value)) return NOT_A_NUMBER;
        if (!Number.isFinite(value)) return outside;
        if (!Number.isInteger(value)) return inexact("it takes whole numbers", "Math.round(value)");
        if (value < Number(least) || value > Number(most)) return outside;
        return inexact("beyond 2^53 JavaScript's numbers are not exact", 'give it as a text ("…") or a bigint (…n)');
      case "bigint":
        return value < least || value > most ? outside : undefined;
      case "string":
        if (!INTEGER.test(value)) return wrongType("it takes whole numbers");
        return BigInt(value) < least || BigInt(value) > most ? outside : undefined;
      case "boolean":
        return takesBooleans ? undefined : wrongType("it takes whole numbers", "Number(value)");
      default:
        return wrongType("it takes whole numbers");
    }
  };
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= lowest && value <= highest
      ? undefined
      : examine(value);
}

/** Floating-point numbers of eight bytes: JavaScript's own. */
export function doubleInspector(takesInfinity: boolean): Inspector {
  return (value) =>
    typeof value === "number" && value - value === 0 ? undefined : examineFloat(value, takesInfinity, undefined);
}

/** Floating-point numbers of four bytes. @param shown the number as the database returns it */
export function singleInspector(takesInfinity: boolean, shown: (value: number) => number): Inspector {
  return (value) => examineFloat(value, takesInfinity, shown);
}

function examineFloat(
  value: unknown,
  takesInfinity: boolean,
  shown: ((value: number) => number) | undefined,
): Refusal | undefined {
  if (typeof value !== "number" && typeof value !== "string" && typeof value !== "bigint")
    return wrongType("it takes numbers");
  const number = Number(value);
  if (Number.isNaN(number)) return typeof value === "number" ? NOT_A_NUMBER : wrongType("it takes numbers");
  if (typeof value === "string" && value.trim() === "") return wrongType("it takes numbers");
  if (!Number.isFinite(number))
    return takesInfinity && typeof value === "number"
      ? undefined
      : { reason: "out-of-range", words: "it takes finite numbers" };
  if (typeof value !== "number" && !isSameDecimal(String(value), String(number)))
    return inexact("it has more digits than a floating-point number keeps", "a decimal column keeps them");
  return shown && shown(number) !== number
    ? inexact("the column keeps fewer digits", "a column of double precision keeps them")
    : undefined;
}

/** A `real` of PostgreSQL, which returns the fewest digits that identify the number. */
export function shortestSingle(value: number): number {
  const single = Math.fround(value);
  for (let digits = 6; digits <= 9; digits++) {
    const text = single.toPrecision(digits);
    if (Math.fround(Number(text)) === single) return Number(text);
  }
  return single;
}

/** A `float` of MySQL, which returns six digits. */
export function sixDigits(value: number): number {
  return Number(Math.fround(value).toPrecision(6));
}

/**
 * @param precision digits in all, undefined for any number
 * @param scale digits behind the point, undefined for any number
 * @param isDouble a floating-point number is read, whatever the type is called (SQLite; lists on PostgreSQL)
 */
export function decimalInspector(
  precision: number | undefined,
  scale: number | undefined,
  isDouble: boolean,
): Inspector {
  return (value) => {
    if (typeof value === "number" && Number.isNaN(value)) return NOT_A_NUMBER;
    if (typeof value !== "number" && typeof value !== "string" && typeof value !== "bigint")
      return wrongType("it takes numbers, or texts of digits");
    const decimal = decimalOf(String(value));
    if (!decimal) {
      return typeof value === "number"
        ? { reason: "out-of-range", words: "it takes finite numbers" }
        : wrongType("it takes numbers, or texts of digits");
    }
    if (scale !== undefined && decimal.fraction.length > scale)
      return inexact(`it keeps ${scale} digits behind the point`, "round it, or give the column a larger scale");
    if (precision !== undefined && decimal.whole.length > precision - (scale ?? 0))
      return { reason: "out-of-range", words: `it keeps ${precision - (scale ?? 0)} digits before the point` };
    if (isDouble && typeof value !== "number" && !isSameDecimal(String(value), String(Number(value))))
      return inexact(
        "the database returns decimals as floating-point numbers here, which have fewer digits",
        "a varchar column keeps them all",
      );
    return undefined;
  };
}

/** The digits of a number without zeros that say nothing; undefined for a text that is no number. */
function decimalOf(text: string): { negative: boolean; whole: string; fraction: string } | undefined {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (!match || (match[2] === "" && match[3] === "")) return undefined;
  const [, sign, before = "", after = "", exponent] = match;
  const digits = before + after;
  const point = before.length + Number(exponent ?? 0);
  const whole = (point <= 0 ? "" : digits.slice(0, point).padEnd(point, "0")).replace(/^0+/, "");
  const fraction = (point < 0 ? "0".repeat(-point) + digits : digits.slice(point)).replace(/0+$/, "");
  return { negative: sign === "-" && whole + fraction !== "", whole, fraction };
}

/** Whether two texts are the same number, however it is written. */
export function isSameDecimal(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [decimalOf(one), decimalOf(other)];
  return (
    left !== undefined &&
    right !== undefined &&
    left.negative === right.negative &&
    left.whole === right.whole &&
    left.fraction === right.fraction
  );
}
