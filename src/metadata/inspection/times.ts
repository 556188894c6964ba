import type { DateLimits } from "../../dialect/column-types";
import { inexact, wrongType, type Inspector, type Refusal } from "./refusal";

const INVALID: Refusal = { reason: "invalid-date", words: "it is no date" };

export function dateInspector({ digits, earliest, latest, isLocal }: DateLimits): Inspector {
  const unit = 10 ** Math.max(0, 3 - digits);
  return (value) => {
    if (!(value instanceof Date)) return examineText(value, unit);
    const time = value.getTime();
    if (Number.isNaN(time)) return INVALID;
    if (time < earliest || time > latest) return { reason: "out-of-range", words: "the column has no such year" };
    if (unit > 1 && time % unit !== 0) return coarser(digits);
    if (isLocal && !isSaidByClocks(value))
      return inexact("clocks are set back here then, and the column knows no time zone", "a timestamptz column does");
    return undefined;
  };
}

function coarser(digits: number): Refusal {
  const kept = digits === 0 ? "whole seconds" : `${digits} digits of a second`;
  return inexact(`it keeps ${kept}`, "give the column precision: 3, or date.setMilliseconds(0)");
}

/** Dates may be given as texts, as TypeORM takes them. */
function examineText(value: unknown, unit: number): Refusal | undefined {
  if (typeof value !== "string") return wrongType("it takes dates", "new Date(value)");
  const time = new Date(value).getTime();
  if (Number.isNaN(time)) return INVALID;
  if (/\.\d{3}\d*[1-9]/.test(value)) return inexact("dates keep milliseconds");
  return time % unit !== 0 ? coarser(unit === 1000 ? 0 : unit === 100 ? 1 : 2) : undefined;
}

/** Twice a year an hour comes back: what clocks show then is two times, and the column could not tell which. */
function isSaidByClocks(date: Date): boolean {
  const said = new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
    date.getMilliseconds(),
  );
  return said.getTime() === date.getTime() || date.getFullYear() < 100;
}

/** A day without a time, read as a text. */
export function dayInspector(utc: boolean): Inspector {
  return (value) => {
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) return INVALID;
      const midnight = new Date(value);
      if (utc) midnight.setUTCHours(0, 0, 0, 0);
      else midnight.setHours(0, 0, 0, 0);
      return midnight.getTime() === value.getTime()
        ? undefined
        : inexact("it keeps the day alone", 'give it as a text: "2020-12-31"');
    }
    if (typeof value !== "string") return wrongType("it takes days", '"2020-12-31"');
    return isDay(value) ? undefined : { ...INVALID, hint: '"2020-12-31"' };
  };
}

function isDay(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match || match[1] === "0000") return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** @param isDuration MySQL's times go from -838 to 838 hours */
export function timeInspector(digits: number, isDuration: boolean): Inspector {
  const pattern = isDuration
    ? /^-?\d{2,3}:[0-5]\d(:[0-5]\d(\.(\d+))?)?$/
    : /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.(\d+))?)?$/;
  return (value) => {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? INVALID : undefined;
    if (typeof value !== "string" || !pattern.test(value)) return wrongType("it takes times of day", '"23:59:59"');
    const fraction = (/\.(\d+)$/.exec(value)?.[1] ?? "").replace(/0+$/, "");
    return fraction.length > digits ? inexact(`it keeps ${digits} digits of a second`) : undefined;
  };
}
