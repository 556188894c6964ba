import { ansi, EMPTY, trusted, type EscapedText } from "./escaped-text";

/*
 * How many columns text takes in a terminal, and how it is cut to fit. Most text is ASCII, whose width is its length; only other text
 * (CJK, emoji, accents that are characters of their own) loads a library.
 */

type Measure = (text: string) => number;

const ASCII = /^[\x20-\x7e]*$/;

let measure: Measure | undefined;

/** Columns that a text takes. Escape sequences take none. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : library()(text);
}

/** Emoji: alone, joined, with a skin tone; flags; signs that are asked to be drawn as emoji. */
const DISPUTED = /[\p{Extended_Pictographic}\u200d\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}\u{1f1e6}-\u{1f1ff}]/u;

/**
 * Whether terminals do not agree on how wide a text is: some draw a family as one emoji, others its
 * members side by side.
 */
export function isDisputed(text: string): boolean {
  return !ASCII.test(text) && DISPUTED.test(text);
}

function library(): Measure {
  return (measure ??= (require("string-width") as { default: Measure }).default);
}

/** The text cut to so many columns, with `…` for what was cut. */
export function cut(text: EscapedText, columns: number): EscapedText {
  if (ASCII.test(text)) return text.length <= columns ? text : trusted(`${text.slice(0, Math.max(0, columns - 1))}…`);
  // What is far too long is not measured to its end.
  const head = text.length > columns * 8 + 64 ? text.slice(0, columns * 8 + 64) : text;
  if (head.length === text.length && widthOf(text) <= columns) return text;
  let width = 0;
  let kept = "";
  for (const grapheme of graphemes(head)) {
    const next = widthOf(grapheme);
    if (width + next > columns - 1) break;
    width += next;
    kept += grapheme;
  }
  return trusted(`${kept}…`);
}

/** Words in lines of no more than so many columns. */
export function wrap(text: EscapedText, columns: number): EscapedText[] {
  const lines = [EMPTY];
  for (const word of text.split(" ").map(trusted)) {
    const line = lines.at(-1)!;
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > columns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : ansi`${line} ${word}`;
  }
  return lines;
}

let segmenter: Intl.Segmenter | undefined;

/** User-perceived characters: a family emoji is one, a letter with its accent is one. */
export function graphemes<T extends string>(text: T): T[] {
  if (ASCII.test(text)) return [...text] as T[];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment as T);
}

export function padEnd(text: EscapedText, columns: number): EscapedText {
  return trusted(text + " ".repeat(Math.max(0, columns - widthOf(text))));
}
