import type { Theme } from "../print/theme";
import { cut, padEnd, widthOf } from "../print/width";

/** What could stand in place of a stretch of the text. */
export interface Completions {
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly text: string;
  /** What it is: `column varchar`, `relation`. */
  readonly note?: string;
  /** What is typed behind it where it is the only one. */
  readonly after?: string;
}

const ROWS = 6;

/** Completions below the input, one of which may be chosen. */
export class Menu {
  private chosen = -1;
  private end: number;

  constructor(private readonly completions: Completions) {
    this.end = completions.end;
  }

  /** Goes on to the next (or the previous) one; gives what is to be replaced, and by what. */
  choose(step: number): { start: number; end: number; text: string } {
    const { candidates, start } = this.completions;
    this.chosen = (this.chosen + step + candidates.length + (this.chosen < 0 && step < 0 ? 1 : 0)) % candidates.length;
    const { text } = candidates[this.chosen]!;
    const end = this.end;
    this.end = start + text.length;
    return { start, end, text };
  }

  /** As many columns as fit; the rows around the chosen one. */
  lines(columns: number, theme: Theme): string[] {
    const { candidates } = this.completions;
    const width = Math.min(columns - 2, Math.max(...candidates.map(({ text }) => widthOf(text))) + 2);
    const across = Math.max(1, Math.floor((columns - 1) / width));
    const rows = Math.ceil(candidates.length / across);
    const chosenRow = this.chosen < 0 ? 0 : this.chosen % rows;
    const first = Math.min(Math.max(0, chosenRow - ROWS + 2), Math.max(0, rows - ROWS));
    const shown = Array.from({ length: Math.min(ROWS, rows) }, (_, row) => {
      const cells = Array.from({ length: across }, (_each, column) => {
        const index = column * rows + first + row;
        const candidate = candidates[index];
        if (!candidate) return "";
        const text = padEnd(cut(candidate.text, width - 2), width - 2);
        return index === this.chosen ? `\x1b[7m ${text}\x1b[27m ` : ` ${theme.name(text)} `;
      });
      return cells.join("");
    });
    const more = rows > ROWS ? [theme.quiet(` … ${candidates.length} in all`)] : [];
    const note = candidates[this.chosen]?.note;
    return [...shown, ...more, ...(note ? [theme.quiet(cut(` ${note}`, columns - 1))] : [])];
  }
}
