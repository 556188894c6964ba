import { graphemes } from "../../terminal/width";

/** The text of an input, of one line or several, with a cursor, undo and a kill buffer. */
export class Buffer {
  text = "";
  cursor = 0;
  private killed = "";
  private readonly undone: { text: string; cursor: number }[] = [];
  private lastEdit: "insert" | "other" = "other";

  set(text: string, cursor = text.length): void {
    this.remember("other");
    this.text = text;
    this.cursor = cursor;
  }

  /** Empties the text and the undo list. */
  clear(): void {
    this.text = "";
    this.cursor = 0;
    this.undone.length = 0;
  }

  insert(typed: string): void {
    this.remember("insert");
    this.text = this.text.slice(0, this.cursor) + typed + this.text.slice(this.cursor);
    this.cursor += typed.length;
  }

  /** Replaces a range. */
  replace(start: number, end: number, text: string): void {
    this.remember("other");
    this.text = this.text.slice(0, start) + text + this.text.slice(end);
    this.cursor = start + text.length;
  }

  undo(): void {
    const before = this.undone.pop();
    if (!before) return;
    this.text = before.text;
    this.cursor = before.cursor;
    this.lastEdit = "other";
  }

  // Moving --------------------------------------------------------------------------------------------------------------

  left(): void {
    this.cursor = this.before();
  }

  right(): void {
    this.cursor = this.after();
  }

  wordLeft(): void {
    this.cursor = this.wordStart();
  }

  wordRight(): void {
    this.cursor = this.wordEnd();
  }

  lineStart(): void {
    this.cursor = this.startOfLine();
  }

  lineEnd(): void {
    this.cursor = this.endOfLine();
  }

  start(): void {
    this.cursor = 0;
  }

  end(): void {
    this.cursor = this.text.length;
  }

  /** Moves a line up or down; false where there is none. */
  up(): boolean {
    const start = this.startOfLine();
    if (start === 0) return false;
    const column = this.cursor - start;
    const above = this.startOfLine(start - 1);
    this.cursor = Math.min(above + column, start - 1);
    return true;
  }

  down(): boolean {
    const end = this.endOfLine();
    if (end === this.text.length) return false;
    const column = this.cursor - this.startOfLine();
    this.cursor = Math.min(end + 1 + column, this.endOfLine(end + 1));
    return true;
  }

  get atEnd(): boolean {
    return this.cursor === this.text.length;
  }

  // Deleting ------------------------------------------------------------------------------------------------------------

  backspace(): void {
    this.remove(this.before(), this.cursor);
  }

  delete(): void {
    this.remove(this.cursor, this.after());
  }

  killWordLeft(): void {
    this.kill(this.wordStart(), this.cursor);
  }

  /** As Ctrl-W in a terminal: back to the previous blank. */
  killToBlank(): void {
    const before = this.text.slice(0, this.cursor);
    this.kill(before.search(/\S*\s*$/), this.cursor);
  }

  killWordRight(): void {
    this.kill(this.cursor, this.wordEnd());
  }

  killToEnd(): void {
    const end = this.endOfLine();
    this.kill(this.cursor, end === this.cursor ? Math.min(end + 1, this.text.length) : end);
  }

  killToStart(): void {
    this.kill(this.startOfLine(), this.cursor);
  }

  yank(): void {
    this.insert(this.killed);
  }

  transpose(): void {
    if (this.cursor === 0 || this.text.length < 2) return;
    const at = this.cursor === this.text.length ? this.cursor - 1 : this.cursor;
    const [left, right] = [this.text[at - 1]!, this.text[at]!];
    this.replace(at - 1, at + 1, right + left);
  }

  private kill(start: number, end: number): void {
    if (start === end) return;
    this.killed = this.text.slice(start, end);
    this.remove(start, end);
  }

  private remove(start: number, end: number): void {
    if (start === end) return;
    this.remember("other");
    this.text = this.text.slice(0, start) + this.text.slice(end);
    this.cursor = start;
  }

  private remember(edit: "insert" | "other"): void {
    // Consecutive letters are undone together.
    if (edit === "insert" && this.lastEdit === "insert" && this.undone.length > 0) return;
    this.lastEdit = edit;
    this.undone.push({ text: this.text, cursor: this.cursor });
    if (this.undone.length > 200) this.undone.shift();
  }

  // Positions -----------------------------------------------------------------------------------------------------------

  /** A character may be several code units: an emoji with its skin tone. */
  private before(): number {
    const start = Math.max(0, this.cursor - 64);
    const last = graphemes(this.text.slice(start, this.cursor)).at(-1);
    return this.cursor - (last?.length ?? 0);
  }

  private after(): number {
    const [first] = graphemes(this.text.slice(this.cursor, this.cursor + 64));
    return this.cursor + (first?.length ?? 0);
  }

  private wordStart(): number {
    return this.text.slice(0, this.cursor).search(/[\p{L}\p{N}_$]*[^\p{L}\p{N}_$]*$/u);
  }

  private wordEnd(): number {
    const match = /^[^\p{L}\p{N}_$]*[\p{L}\p{N}_$]*/u.exec(this.text.slice(this.cursor));
    return this.cursor + (match?.[0].length ?? 0);
  }

  private startOfLine(from = this.cursor): number {
    return this.text.lastIndexOf("\n", from - 1) + 1;
  }

  private endOfLine(from = this.cursor): number {
    const end = this.text.indexOf("\n", from);
    return end < 0 ? this.text.length : end;
  }
}
