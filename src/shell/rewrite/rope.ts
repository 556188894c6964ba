/** A range of the source. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Rewritten code before it is rendered: new text, ranges of the source, and ropes of both. */
export type Rope = string | Slice | readonly Rope[];

interface Mapped extends Slice {
  /** Where the range starts in the rewritten code. */
  readonly at: number;
}

/** Rewritten code with a map to its source. */
export class Rewritten {
  constructor(
    readonly source: string,
    readonly code: string,
    private readonly mapped: readonly Mapped[],
  ) {}

  /** The offset in the source for an offset in the code; new text maps to the source that follows it. */
  sourceOffset(offset: number): number {
    let low = 0;
    let high = this.mapped.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slice = this.mapped[middle]!;
      if (slice.at + (slice.end - slice.start) <= offset) low = middle + 1;
      else high = middle;
    }
    const slice = this.mapped[low];
    if (!slice) return this.source.length;
    return slice.start + Math.max(0, offset - slice.at);
  }
}

/** Renders a rope. */
export function render(rope: Rope, source: string): Rewritten {
  const parts: string[] = [];
  const mapped: Mapped[] = [];
  let at = 0;
  const write = (part: Rope): void => {
    if (typeof part === "string") {
      parts.push(part);
      at += part.length;
    } else if (isSlice(part)) {
      if (part.end <= part.start) return;
      parts.push(source.slice(part.start, part.end));
      mapped.push({ at, start: part.start, end: part.end });
      at += part.end - part.start;
    } else {
      part.forEach(write);
    }
  };
  write(rope);
  return new Rewritten(source, parts.join(""), mapped);
}

function isSlice(rope: Slice | readonly Rope[]): rope is Slice {
  return !Array.isArray(rope);
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
