import { graphemes, isDisputed, widthOf } from "../print/width";

/** What is to be seen: the prompt, the text being typed, what stands faintly after it, and lines below. */
export interface Picture {
  readonly prompt: string;
  /** Stands before the second line and those after it. */
  readonly continuation: string;
  readonly text: string;
  readonly cursor: number;
  /** Colours a text without changing its letters. */
  colour(text: string): string;
  /** Faint text after the end: what could be typed. */
  readonly suggestion: string;
  /** Lines below: completions. None is wider than the screen. */
  readonly below: readonly string[];
}

export interface Screen {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** A place on the screen, counted from the first row of what is drawn. */
interface Place {
  readonly row: number;
  readonly column: number;
}

interface Line {
  readonly prompt: string;
  readonly text: string;
  readonly suggestion: string;
  /** Where the line ends, counted from its own first row. */
  readonly end: Place;
  /** Columns with the prompt. */
  readonly width: number;
}

const ESC = "\x1b[";
const HIDE = `${ESC}?25l`;
const SHOW = `${ESC}?25h`;
const CLEAR_LINE = `${ESC}K`;
const CLEAR_BELOW = `${ESC}J`;

/** Draws the input in place, over what it drew before. */
export class View {
  /** The row of the cursor in what was drawn. */
  private cursorRow = 0;
  /** Widths of the lines that were drawn, up to the cursor's, to find the cursor again when the terminal wraps them anew. */
  private drawn: { readonly above: readonly number[]; readonly before: number } = { above: [], before: 0 };

  constructor(private readonly screen: Screen) {}

  get columns(): number {
    return Math.max(8, this.screen.columns ?? 80);
  }

  private get rows(): number {
    return Math.max(4, this.screen.rows ?? 24);
  }

  draw(picture: Picture): void {
    const lines = linesOf(picture, this.columns);
    const height = lines.reduce((sum, line) => sum + line.end.row + 1, 0) + picture.below.length;
    if (height < this.rows) this.drawWhole(picture, lines, height);
    else this.drawWindow(picture, lines);
  }

  /** Leaves the whole text on the screen and goes to the row below it. */
  finish(picture: Picture): void {
    const plain = { ...picture, below: [], suggestion: "" };
    const lines = linesOf(plain, this.columns);
    const { end } = lines.at(-1)!;
    const wrapped = end.column === 0 && end.row > 0;
    this.screen.write(`${this.toTop()}${bodyOf(plain, lines)}${wrapped ? "" : "\r\n"}${CLEAR_BELOW}`);
    this.forget();
  }

  /** Takes what was drawn off the screen. */
  erase(): void {
    this.screen.write(`${this.toTop()}${CLEAR_BELOW}`);
    this.forget();
  }

  /** Forgets what was drawn: something else was written since. */
  forget(): void {
    this.cursorRow = 0;
    this.drawn = { above: [], before: 0 };
  }

  /** The terminal has another width and has wrapped the lines anew. */
  resized(): void {
    const { above, before } = this.drawn;
    const rows = above.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / this.columns)), 0);
    this.cursorRow = rows + Math.floor(before / this.columns);
  }

  private drawWhole(picture: Picture, lines: readonly Line[], height: number): void {
    const { place, line, before, typed } = cursorOf(picture, lines, this.columns);
    const below = picture.below.map((text) => `\r\n${text}${CLEAR_LINE}`).join("");
    // Only the terminal knows where the cursor stands behind such emoji: what stands before it is written once more.
    const again = isDisputed(typed) && before < this.columns ? lines[line]!.prompt + picture.colour(typed) : undefined;
    this.put(`${bodyOf(picture, lines)}${below}`, height - 1, place, again);
    this.drawn = { above: lines.slice(0, line).map(({ width }) => width), before };
  }

  /** The rows around the cursor of a text that is higher than the screen; no colours, no completions. */
  private drawWindow(picture: Picture, lines: readonly Line[]): void {
    const height = this.rows - 1;
    const rows = lines.flatMap((line) => rowsOf(line, this.columns));
    const { place } = cursorOf(picture, lines, this.columns);
    const first = Math.min(Math.max(0, place.row - Math.floor(height / 2)), Math.max(0, rows.length - height));
    const shown = rows.slice(first, first + height);
    const cursor = { row: place.row - first, column: place.column };
    const text = shown.map((row) => (widthOf(row) < this.columns ? `${row}${CLEAR_LINE}` : row)).join("\r\n");
    this.put(text, shown.length - 1, cursor);
    this.drawn = { above: shown.slice(0, cursor.row).map(widthOf), before: cursor.column };
  }

  /** Writes rows over those that were drawn, and puts the cursor where it belongs. */
  private put(text: string, lastRow: number, cursor: Place, before?: string): void {
    const up = lastRow - cursor.row;
    const across = before ?? (cursor.column > 0 ? `${ESC}${cursor.column}C` : "");
    const back = `${up > 0 ? `${ESC}${up}A` : ""}\r${across}`;
    this.screen.write(`${HIDE}${this.toTop()}${text}${CLEAR_BELOW}${back}${SHOW}`);
    this.cursorRow = cursor.row;
  }

  private toTop(): string {
    return `${this.cursorRow > 0 ? `${ESC}${this.cursorRow}A` : ""}\r`;
  }
}

function linesOf(picture: Picture, columns: number): Line[] {
  const texts = picture.text.split("\n");
  return texts.map((text, index) => {
    const prompt = index === 0 ? picture.prompt : picture.continuation;
    const suggestion = index === texts.length - 1 ? picture.suggestion : "";
    const blank = " ".repeat(widthOf(prompt));
    const whole = `${blank}${text}${suggestion}`;
    return { prompt, text, suggestion, end: advance(whole, columns), width: widthOf(whole) };
  });
}

/** The cursor's place, its line, and what of that line stands before it: its columns with the prompt, and its text. */
function cursorOf(
  picture: Picture,
  lines: readonly Line[],
  columns: number,
): { place: Place; line: number; before: number; typed: string } {
  let start = 0;
  let row = 0;
  for (const [index, line] of lines.entries()) {
    const end = start + line.text.length;
    if (picture.cursor <= end) {
      const typed = line.text.slice(0, picture.cursor - start);
      const before = " ".repeat(widthOf(line.prompt)) + typed;
      const inside = advance(before, columns);
      return { place: { row: row + inside.row, column: inside.column }, line: index, before: widthOf(before), typed };
    }
    row += line.end.row + 1;
    start = end + 1;
  }
  return { place: { row, column: 0 }, line: lines.length, before: 0, typed: "" };
}

/** Prompts and text. The terminal wraps long lines itself, so that they can be copied as one. */
function bodyOf(picture: Picture, lines: readonly Line[]): string {
  const coloured = picture.colour(picture.text).split("\n");
  return lines
    .map(({ prompt, suggestion, end }, index) => {
      const faint = suggestion ? `${ESC}90m${suggestion}${ESC}39m` : "";
      // After the last column the cursor hangs there; a blank brings it into the next row.
      const over = end.column === 0 && end.row > 0 ? " \r" : "";
      return `${prompt}${coloured[index]}${faint}${over}${CLEAR_LINE}`;
    })
    .join("\r\n");
}

/** Where the cursor stands after a text that begins at the left margin. */
function advance(text: string, columns: number): Place {
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

/** The rows of a line as the screen shows them. */
function rowsOf({ prompt, text, suggestion }: Line, columns: number): string[] {
  const plain = prompt.replace(/\x1b\[[0-9;]*m/g, "");
  const rows = [""];
  let width = 0;
  for (const grapheme of graphemes(plain + text + suggestion)) {
    const next = widthOf(grapheme);
    if (width + next > columns) {
      rows.push("");
      width = 0;
    }
    rows[rows.length - 1] += grapheme;
    width += next;
  }
  if (width === columns) rows.push("");
  return rows;
}
