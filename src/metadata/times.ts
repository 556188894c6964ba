/** A date without the digits of a second that its column does not keep; any other value as it is. */
export function atPrecision(value: unknown, digits: number): unknown {
  if (digits >= 3 || !(value instanceof Date)) return value;
  const unit = 10 ** (3 - digits);
  const time = Math.floor(value.getTime() / unit) * unit;
  return time === value.getTime() || Number.isNaN(time) ? value : new Date(time);
}

/** The date that a text stands for; any other value, and a text that is no date, as it is. */
export function dateOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date;
}

/**
 * The time of day as it is read from the column.
 *
 * @param fraction whether the database returns the digits of a second as given, all of them, or without zeros at the end
 */
export function timeAtPrecision(value: unknown, digits: number, fraction: "given" | "padded" | "shortest"): unknown {
  const match = typeof value === "string" && fraction !== "given" ? TIME.exec(value) : null;
  if (!match) return value;
  const [, minutes, seconds = "00", given = ""] = match;
  const kept = given.slice(0, digits);
  const shown = fraction === "padded" ? kept.padEnd(digits, "0") : kept.replace(/0+$/, "");
  return `${minutes}:${seconds}${shown === "" ? "" : `.${shown}`}`;
}

const TIME = /^(-?\d{2,3}:\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
