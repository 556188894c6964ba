import {
  CLEAR_BELOW,
  CLEAR_LINE,
  cursorForward,
  cursorUp,
  HIDE_CURSOR,
  LINE_START,
  NEXT_LINE,
  SHOW_CURSOR,
} from "../../terminal/control";
import {
  ansi,
  EMPTY,
  join,
  linesOf,
  repeat,
  slice,
  withoutStyles,
  type EscapedText,
} from "../../terminal/escaped-text";
import { columnsOf, rowsOf } from "../../terminal/size";
import type { TextStyle } from "../../terminal/style";
import { graphemes, isDisputed, widthOf } from "../../terminal/width";
import { write, type Stream } from "../../terminal/write";

/** What is drawn: the prompt, the text of the input, a suggestion after it, and lines below. */
export interface Frame {
  readonly prompt: EscapedText;
  /** Stands before the second line and those after it. */
  readonly continuation: EscapedText;
  readonly text: EscapedText;
  /** Offset in the text. */
  readonly cursor: number;
  /** Colours the text without changing its characters. */
  highlight(text: EscapedText): EscapedText;
  /** Dimmed text after the end: what could be typed. */
  readonly suggestion: EscapedText;
  readonly dim: TextStyle;
  /** Completions. None of these lines is wider than the screen. */
  readonly below: readonly EscapedText[];
}

export interface Screen extends Stream {
  readonly columns?: number;
  readonly rows?: number;
}

/** A position on the screen, relative to the first row that is drawn. */
interface Position {
  readonly row: number;
  readonly column: number;
}

interface Line {
  readonly prompt: EscapedText;
  readonly text: EscapedText;
  readonly suggestion: EscapedText;
  /** Where the line ends, relative to its own first row. */
  readonly end: Position;
  /** Columns with the prompt. */
  readonly width: number;
}

/** Draws the input in place of what it drew before. */
export class View {
  /** The row of the cursor in what was drawn. */
  private cursorRow = 0;
  /** Widths of the lines that were drawn, up to the cursor's, to find the cursor when the terminal wraps them again. */
  private drawn: { readonly above: readonly number[]; readonly before: number } = { above: [], before: 0 };

  constructor(private readonly screen: Screen) {}

  get columns(): number {
    return Math.max(8, columnsOf(this.screen));
  }

  private get rows(): number {
    return Math.max(4, rowsOf(this.screen));
  }

  draw(frame: Frame): void {
    const lines = layout(frame, this.columns);
    const height = lines.reduce((sum, line) => sum + line.end.row + 1, 0) + frame.below.length;
    if (height < this.rows) this.drawAll(frame, lines, height);
    else this.drawWindow(frame, lines);
  }

  /** Leaves the whole text on the screen and moves to the row below it. */
  finish(frame: Frame): void {
    const textOnly = { ...frame, below: [], suggestion: EMPTY };
    const lines = layout(textOnly, this.columns);
    const { end } = lines.at(-1)!;
    const isWrapped = end.column === 0 && end.row > 0;
    write(this.screen, ansi`${this.toTop()}${bodyOf(textOnly, lines)}${isWrapped ? EMPTY : NEXT_LINE}${CLEAR_BELOW}`);
    this.forget();
  }

  /** Removes what was drawn from the screen. */
  erase(): void {
    write(this.screen, ansi`${this.toTop()}${CLEAR_BELOW}`);
    this.forget();
  }

  /** Something else was written since: the next frame is drawn below it. */
  forget(): void {
    this.cursorRow = 0;
    this.drawn = { above: [], before: 0 };
  }

  /** The terminal has another width and has wrapped the lines again. */
  resized(): void {
    const { above, before } = this.drawn;
    const rows = above.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / this.columns)), 0);
    this.cursorRow = rows + Math.floor(before / this.columns);
  }

  private drawAll(frame: Frame, lines: readonly Line[], height: number): void {
    const { position, line, before, typed } = cursorOf(frame, lines, this.columns);
    const below = frame.below.map((text) => ansi`${NEXT_LINE}${text}${CLEAR_LINE}`);
    // Terminals disagree on the width of such emoji: the text before the cursor is written again to move the cursor.
    const again =
      isDisputed(typed) && before < this.columns ? ansi`${lines[line]!.prompt}${frame.highlight(typed)}` : undefined;
    this.put(ansi`${bodyOf(frame, lines)}${join(below)}`, height - 1, position, again);
    this.drawn = { above: lines.slice(0, line).map(({ width }) => width), before };
  }

  /** The rows around the cursor of a text that is higher than the screen; without colours and completions. */
  private drawWindow(frame: Frame, lines: readonly Line[]): void {
    const height = this.rows - 1;
    const rows = lines.flatMap((line) => screenRowsOf(line, this.columns));
    const { position } = cursorOf(frame, lines, this.columns);
    const first = Math.min(Math.max(0, position.row - Math.floor(height / 2)), Math.max(0, rows.length - height));
    const shown = rows.slice(first, first + height);
    const cursor = { row: position.row - first, column: position.column };
    const texts = shown.map((row) => (widthOf(row) < this.columns ? ansi`${row}${CLEAR_LINE}` : row));
    this.put(join(texts, NEXT_LINE), shown.length - 1, cursor);
    this.drawn = { above: shown.slice(0, cursor.row).map(widthOf), before: cursor.column };
  }

  /** Writes rows over those that were drawn, and places the cursor. */
  private put(text: EscapedText, lastRow: number, cursor: Position, before?: EscapedText): void {
    const back = ansi`${cursorUp(lastRow - cursor.row)}${LINE_START}${before ?? cursorForward(cursor.column)}`;
    write(this.screen, ansi`${HIDE_CURSOR}${this.toTop()}${text}${CLEAR_BELOW}${back}${SHOW_CURSOR}`);
    this.cursorRow = cursor.row;
  }

  private toTop(): EscapedText {
    return ansi`${cursorUp(this.cursorRow)}${LINE_START}`;
  }
}

function layout(frame: Frame, columns: number): Line[] {
  const texts = linesOf(frame.text);
  return texts.map((text, index) => {
    const prompt = index === 0 ? frame.prompt : frame.continuation;
    const suggestion = index === texts.length - 1 ? frame.suggestion : EMPTY;
    const whole = ansi`${blanks(prompt)}${text}${suggestion}`;
    return { prompt, text, suggestion, end: advance(whole, columns), width: widthOf(whole) };
  });
}

function blanks(prompt: EscapedText): EscapedText {
  return repeat(ansi` `, widthOf(prompt));
}

/** The cursor's position, its line, and what precedes it in that line: columns with the prompt, and the text. */
function cursorOf(
  frame: Frame,
  lines: readonly Line[],
  columns: number,
): { position: Position; line: number; before: number; typed: EscapedText } {
  let start = 0;
  let row = 0;
  for (const [index, line] of lines.entries()) {
    const end = start + line.text.length;
    if (frame.cursor <= end) {
      const typed = slice(line.text, 0, frame.cursor - start);
      const before = ansi`${blanks(line.prompt)}${typed}`;
      const inside = advance(before, columns);
      const position = { row: row + inside.row, column: inside.column };
      return { position, line: index, before: widthOf(before), typed };
    }
    row += line.end.row + 1;
    start = end + 1;
  }
  return { position: { row, column: 0 }, line: lines.length, before: 0, typed: EMPTY };
}

/** Prompts and text. Long lines are left to the terminal to wrap, so that they can be copied as one. */
function bodyOf(frame: Frame, lines: readonly Line[]): EscapedText {
  const highlighted = linesOf(frame.highlight(frame.text));
  const texts = lines.map(({ prompt, suggestion, end }, index) => {
    // After the last column the cursor stays there; a blank moves it to the next row.
    const over = end.column === 0 && end.row > 0 ? ansi` ${LINE_START}` : EMPTY;
    return ansi`${prompt}${highlighted[index]!}${frame.dim(suggestion)}${over}${CLEAR_LINE}`;
  });
  return join(texts, NEXT_LINE);
}

/** Where the cursor is after a text that begins at the left margin. */
function advance(text: EscapedText, columns: number): Position {
  if (/^[\x20-\x7e]*$/.test(text)) return { row: Math.floor(text.length / columns), column: text.length % columns };
  let row = 0;
  let column = 0;
  for (const grapheme of graphemes(text)) {
    const width = widthOf(grapheme);
    if (column + width > columns) {
      row += 1;
      column = 0;
    }
    column += width;
    if (column === columns) {
      row += 1;
      column = 0;
    }
  }
  return { row, column };
}

/** The rows of a line as the screen shows them, without styles. */
function screenRowsOf({ prompt, text, suggestion }: Line, columns: number): EscapedText[] {
  const rows = [EMPTY];
  let width = 0;
  for (const grapheme of graphemes(ansi`${withoutStyles(prompt)}${text}${suggestion}`)) {
    const next = widthOf(grapheme);
    if (width + next > columns) {
      rows.push(EMPTY);
      width = 0;
    }
    rows[rows.length - 1] = ansi`${rows.at(-1)!}${grapheme}`;
    width += next;
  }
  if (width === columns) rows.push(EMPTY);
  return rows;
}
