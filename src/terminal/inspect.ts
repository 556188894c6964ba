import { randomInt } from "node:crypto";
import { inspect, type InspectOptions } from "node:util";
import { escapeText, join, trusted, type EscapedText } from "./escaped-text";
import type { Style, TextStyle } from "./style";

/*
 * Node's `inspect` mixes its colours with text that it takes from values as it is: messages of errors, names, what custom
 * inspectors return. So that a value cannot forge a colour, or anything else, its colours are marked by codes that no value can
 * contain, since they are drawn anew in each process; all else is escaped.
 */

const NONCE = `${randomInt(1_000, 10_000)};${randomInt(1_000, 10_000)};${randomInt(1_000, 10_000)}`;
const MARK = new RegExp(`\\x1b\\[${NONCE};(\\d+)m`);

/** Styles of `inspect`, by the numbers that mark them. */
const STYLES: readonly (readonly [kind: string, style: keyof Style])[] = [
  ["special", "accent"],
  ["number", "number"],
  ["bigint", "number"],
  ["boolean", "number"],
  ["undefined", "dim"],
  ["null", "bold"],
  ["string", "string"],
  ["symbol", "string"],
  ["date", "keyword"],
  ["regexp", "bad"],
  ["module", "underline"],
];
const END = STYLES.length;

/** A value as `util.inspect` shows it, escaped and styled. */
export function inspectText(value: unknown, style: Style, options: InspectOptions = {}): EscapedText {
  if (!style.enabled) return escapeText(inspect(value, { ...options, colors: false }));
  const [first, ...marked] = inspectMarked(value, options).split(MARK);
  const texts = [escapeText(first!)];
  for (let index = 0; index < marked.length; index += 2) {
    const text = escapeText(marked[index + 1]!);
    const name = STYLES[Number(marked[index])]?.[1];
    texts.push(name === undefined ? text : (style[name] as TextStyle)(text));
  }
  return join(texts);
}

/** `inspect` looks its colours up in two public tables; they are as before when this returns. */
function inspectMarked(value: unknown, options: InspectOptions): string {
  const styles = { ...inspect.styles };
  const name = (index: number): string => `retort-${index}`;
  try {
    for (const [index, [kind]] of STYLES.entries()) {
      (inspect.styles as Record<string, string>)[kind] = name(index);
      (inspect.colors as Record<string, unknown>)[name(index)] = [`${NONCE};${index}`, `${NONCE};${END}`];
    }
    return inspect(value, { ...options, colors: true });
  } finally {
    Object.assign(inspect.styles, styles);
    for (const index of STYLES.keys()) Reflect.deleteProperty(inspect.colors, name(index));
  }
}

/** A value in one line, without colours. */
export function inspectLine(value: unknown, options: InspectOptions = {}): EscapedText {
  return trusted(
    escapeText(inspect(value, { breakLength: Infinity, compact: true, ...options })).replace(/\s*\n\s*/g, " "),
  );
}
