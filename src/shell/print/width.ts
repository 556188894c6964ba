/*
 * How wide text stands in a terminal, and how it is cut. Most text is ASCII, whose width is its length; only other text
 * (CJK, emoji, accents that are characters of their own) loads the library that knows.
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
export function cut(text: string, columns: number): string {
  if (ASCII.test(text)) return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
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
  return `${kept}…`;
}

/** Words in lines of no more than so many columns. */
export function wrapped(text: string, columns: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > columns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character: a family emoji is one, a letter with its accent is one. */
export function graphemes(text: string): string[] {
  if (ASCII.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}
