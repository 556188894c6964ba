import type { DateLimits } from "../../dialect/column-types";
import { inexact, wrongType, type Inspector, type Refusal } from "./refusal";

const INVALID: Refusal = { reason: "invalid-date", words: "it is not a date" };

export function dateInspector({ earliest, latest, isLocal }: DateLimits): Inspector {
  return (value) => {
    if (!(value instanceof Date)) return examineText(value);
    const time = value.getTime();
    if (Number.isNaN(time)) return INVALID;
    if (time < earliest || time > latest) return { reason: "out-of-range", words: "the column has no such year" };
    if (isLocal && !isUnambiguous(value))
      return inexact(
        "this local time occurs twice (clocks are set back), and the column has no time zone",
        "use a timestamptz column",
      );
    return undefined;
  };
}

/** Dates may be given as texts, as TypeORM takes them. */
function examineText(value: unknown): Refusal | undefined {
  if (typeof value !== "string") return wrongType("it takes dates", "new Date(value)");
  const time = new Date(value).getTime();
  if (Number.isNaN(time)) return INVALID;
  return /\.\d{3}\d*[1-9]/.test(value) ? inexact("dates keep milliseconds") : undefined;
}

/** When clocks are set back, an hour occurs twice, and the column does not store which. */
function isUnambiguous(date: Date): boolean {
  const read = new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
    date.getMilliseconds(),
  );
  return read.getTime() === date.getTime() || date.getFullYear() < 100;
}

/** A day without a time, read as a text. A Date is its local day, or its UTC day where the column says `utc: true`. */
export const dayInspector: Inspector = (value) => {
  if (value instanceof Date) return isDayOfDate(value) ? undefined : INVALID;
  if (typeof value !== "string") return wrongType("it takes days", '"2020-12-31"');
  return isDay(value) ? undefined : { ...INVALID, hint: '"2020-12-31"' };
};

function isDayOfDate(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year > 0 && year < 9999;
}

function isDay(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match || match[1] === "0000") return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** @param isDuration MySQL's times go from -838 to 838 hours */
export function timeInspector(isDuration: boolean): Inspector {
  const pattern = isDuration
    ? /^-?\d{2,3}:[0-5]\d(:[0-5]\d(\.(\d+))?)?$/
    : /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.(\d+))?)?$/;
  return (value) => {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? INVALID : undefined;
    return typeof value === "string" && pattern.test(value)
      ? undefined
      : wrongType("it takes times of day", '"23:59:59"');
  };
}
