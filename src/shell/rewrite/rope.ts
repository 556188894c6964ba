/** A range of the source. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** New text that stands for a place of the source: errors in it are reported there. */
export interface Anchor {
  readonly text: string;
  readonly offset: number;
}

/** Rewritten code before it is rendered: new text, ranges of the source, and ropes of both. */
export type Rope = string | Slice | Anchor | readonly Rope[];

/** A range of the rewritten code, and where its start is in the source. */
export interface Mapped {
  readonly at: number;
  readonly length: number;
  readonly start: number;
  /** Whether all of it stands for the same place. */
  readonly isAnchor: boolean;
}

/** Rewritten code with a map to its source. */
export class Rewritten {
  constructor(
    readonly source: string,
    readonly code: string,
    readonly mapped: readonly Mapped[],
  ) {}

  /** The offset in the source for an offset in the code; new text maps to the source that follows it. */
  sourceOffset(offset: number): number {
    let low = 0;
    let high = this.mapped.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = this.mapped[middle]!;
      if (range.at + range.length <= offset) low = middle + 1;
      else high = middle;
    }
    // V8 reports the end of a call.
    const before = this.mapped[low - 1];
    if (before?.isAnchor && before.at + before.length === offset) return before.start;
    const range = this.mapped[low];
    if (!range) return this.source.length;
    return range.isAnchor ? range.start : range.start + Math.max(0, offset - range.at);
  }
}

/** Renders a rope. */
export function render(rope: Rope, source: string): Rewritten {
  const parts: string[] = [];
  const mapped: Mapped[] = [];
  let at = 0;
  const add = (text: string, start?: number, isAnchor = false): void => {
    if (text === "") return;
    parts.push(text);
    if (start !== undefined) mapped.push({ at, length: text.length, start, isAnchor });
    at += text.length;
  };
  const write = (part: Rope): void => {
    if (typeof part === "string") add(part);
    else if (isList(part)) part.forEach(write);
    else if ("text" in part) add(part.text, part.offset, true);
    else add(source.slice(part.start, part.end), part.start);
  };
  write(rope);
  return new Rewritten(source, parts.join(""), mapped);
}

/** A rope without a range of the source. */
export function without(rope: Rope, cut: Slice): Rope {
  if (typeof rope === "string") return rope;
  if (isList(rope)) return rope.map((part) => without(part, cut));
  if ("text" in rope || rope.end <= cut.start || rope.start >= cut.end) return rope;
  return [
    { start: rope.start, end: cut.start },
    { start: cut.end, end: rope.end },
  ];
}

function isList(rope: Rope): rope is readonly Rope[] {
  return Array.isArray(rope);
}

/** The offset of a line (from 1) and column (from 1) in a text. */
export function offsetAt(text: string, line: number, column: number): number {
  let start = 0;
  for (let n = 1; n < line; n += 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) break;
    start = end + 1;
  }
  return Math.min(start + column - 1, text.length);
}

/** The line (from 1) and column (from 1) of an offset in a text. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}
