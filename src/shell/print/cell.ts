import { inspect } from "node:util";
import type { Entities } from "./entities";

/** Characters of a value that are worth looking at; a cell is cut to less anyway. */
const LONGEST = 2_000;

/** A value in one line of plain text. */
export function cellText(value: unknown, entities: Entities): string {
  switch (typeof value) {
    case "string":
      return oneLine(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
    case "undefined":
      return "";
    case "object":
      return value === null ? "null" : objectText(value, entities);
    case "function":
      return `[Function${value.name ? `: ${value.name}` : ""}]`;
    default:
      return String(value);
  }
}

function objectText(value: object, entities: Entities): string {
  if (value instanceof Date) return dateText(value);
  if (value instanceof Uint8Array) return bytesText(value);
  const model = entities.of(value);
  if (model) return oneLine(entities.label(value, model));
  if (Array.isArray(value)) {
    const first = entities.of(value[0]);
    if (first) return `[${value.length} × ${first.name}]`;
  }
  const text = inspect(value, {
    depth: 3,
    breakLength: Infinity,
    compact: true,
    maxArrayLength: 20,
    maxStringLength: 200,
  });
  return oneLine(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}

/** `2026-11-22 17:11:25Z`: UTC, with milliseconds where there are any. */
export function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return "Invalid Date";
  return date.toISOString().replace("T", " ").replace(".000Z", "Z");
}

function bytesText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  return `0x${shown}${bytes.length > 8 ? "…" : ""} (${bytes.length} bytes)`;
}

const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** Line ends and control characters made visible: a cell is one line, and data cannot steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, (character) => {
    if (character === "\n") return "↵";
    if (character === "\t") return "→";
    if (character === "\r") return "";
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
