import { inspect } from "node:util";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import type { Entities } from "./entities";

/** Characters of a value that are formatted; a cell is cut to fewer. */
const MAX_LENGTH = 2_000;

/** A value in one line. */
export function cellText(value: unknown, entities: Entities): EscapedText {
  switch (typeof value) {
    case "string":
      return shortened(value);
    case "undefined":
      return ansi``;
    case "object":
      return value === null ? ansi`null` : objectText(value, entities);
    case "function":
      return escapeLine(`[Function${value.name ? `: ${value.name}` : ""}]`);
    default:
      return escapeLine(String(value));
  }
}

function objectText(value: object, entities: Entities): EscapedText {
  if (value instanceof Date) return escapeLine(dateText(value));
  if (value instanceof Uint8Array) return escapeLine(bytesText(value));
  const model = entities.of(value);
  if (model) return escapeLine(entities.label(value, model));
  if (Array.isArray(value)) {
    const first = entities.of(value[0]);
    if (first) return ansi`[${value.length} × ${escapeLine(first.name)}]`;
  }
  return shortened(
    inspect(value, { depth: 3, breakLength: Infinity, compact: true, maxArrayLength: 20, maxStringLength: 200 }),
  );
}

function shortened(text: string): EscapedText {
  return escapeLine(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
}

/** `2026-11-22 17:11:25Z`: UTC, with milliseconds unless they are zero. */
export function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return "Invalid Date";
  return date.toISOString().replace("T", " ").replace(".000Z", "Z");
}

function bytesText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  return `0x${shown}${bytes.length > 8 ? "…" : ""} (${bytes.length} bytes)`;
}
