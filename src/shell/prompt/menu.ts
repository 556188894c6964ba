import { inverse } from "../../terminal/control";
import { ansi, EMPTY, escapeLine, join, type EscapedText } from "../../terminal/escaped-text";
import type { Style } from "../../terminal/style";
import { cut, padEnd, widthOf } from "../../terminal/width";
import type { Completions } from "../complete/completions";

/** Rows of completions that are shown at once. */
const ROWS = 6;

/** Completions below the input, one of which can be chosen. */
export class Menu {
  private chosen = -1;
  private end: number;

  constructor(private readonly completions: Completions) {
    this.end = completions.end;
  }

  /** Chooses the next or the previous one; gives the range to replace and its new text. */
  choose(step: number): { start: number; end: number; text: string } {
    const { candidates, start } = this.completions;
    this.chosen = (this.chosen + step + candidates.length + (this.chosen < 0 && step < 0 ? 1 : 0)) % candidates.length;
    const { text } = candidates[this.chosen]!;
    const end = this.end;
    this.end = start + text.length;
    return { start, end, text };
  }

  /** As many columns as fit; the rows around the chosen one. */
  lines(columns: number, style: Style): EscapedText[] {
    const { candidates } = this.completions;
    const width = Math.min(columns - 2, Math.max(...candidates.map(({ text }) => widthOf(escapeLine(text)))) + 2);
    const across = Math.max(1, Math.floor((columns - 1) / width));
    const rows = Math.ceil(candidates.length / across);
    const chosenRow = this.chosen < 0 ? 0 : this.chosen % rows;
    const first = Math.min(Math.max(0, chosenRow - ROWS + 2), Math.max(0, rows - ROWS));
    const shown = Array.from({ length: Math.min(ROWS, rows) }, (_, row) => {
      const cells = Array.from({ length: across }, (_each, column) => {
        const index = column * rows + first + row;
        const candidate = candidates[index];
        if (!candidate) return EMPTY;
        const text = padEnd(cut(escapeLine(candidate.text), width - 2), width - 2);
        return index === this.chosen ? ansi`${inverse(ansi` ${text}`)} ` : ansi` ${style.accent(text)} `;
      });
      return join(cells);
    });
    const more = rows > ROWS ? [style.dim(ansi` … ${candidates.length} in all`)] : [];
    const note = candidates[this.chosen]?.note;
    return [...shown, ...more, ...(note ? [style.dim(cut(escapeLine(` ${note}`), columns - 1))] : [])];
  }
}
