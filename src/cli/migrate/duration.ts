import { badDuration } from "./errors";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, "": 1000 };

/** Reads `10`, `10s`, `500ms` or `2m` as milliseconds; a bare number means seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(text.trim());
  if (!match) throw badDuration(text);
  return Number(match[1]) * UNITS[match[2]!]!;
}
