import type { Parsed } from "../rewrite/parse";

/** One thing to run: a statement, or a dot-command. */
export interface Piece {
  readonly kind: "statement" | "command";
  readonly text: string;
}

/** A line that can only go on with what stands before it; remarks stay with it, since it may go on below them. */
const CONTINUES =
  /^\s*(\.\s*[\p{ID_Start}$_]|\?\.|else\b|catch\b|finally\b|&&|\|\||\?\?|[*%<>=?:,|&^)\]}]|instanceof\b|in\b|\/\/)/u;

const COMMAND = /^\.(\w+)(?=\s|$)|^\?/;

/** Puts the lines of a pipe, of a file or of something pasted together to whole statements. */
export class Statements {
  private lines: string[] = [];
  private isWhole = false;

  /**
   * @param parse decides whether a text is whole
   * @param isCommand whether a dot-command of this name exists
   */
  constructor(
    private readonly parse: (text: string) => Parsed,
    private readonly isCommand: (name: string) => boolean,
  ) {}

  /** Takes a line; gives what is certainly whole now. A whole statement is held until the next line does not go on with it. */
  take(line: string): Piece[] {
    const pieces: Piece[] = [];
    if (this.isWhole && !this.continues(line)) pieces.push(...this.end());
    if (this.lines.length === 0) {
      if (line.trim() === "") return pieces;
      if (this.commandOf(line) !== undefined) return [...pieces, { kind: "command", text: line.trim() }];
    }
    this.lines.push(line);
    this.isWhole = this.parse(this.text).status !== "incomplete";
    return pieces;
  }

  /** Whether lines are held that could be run now. */
  get holdsWhole(): boolean {
    return this.isWhole;
  }

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** Gives what is held, whole or not. */
  end(): Piece[] {
    if (this.lines.length === 0) return [];
    const { text } = this;
    this.lines = [];
    this.isWhole = false;
    return text.trim() === "" ? [] : [{ kind: "statement", text }];
  }

  private get text(): string {
    return this.lines.join("\n");
  }

  private continues(line: string): boolean {
    return CONTINUES.test(line) && this.commandOf(line) === undefined;
  }

  /** The name of the dot-command in a line. `.all()` at the start of a line goes on with the line before. */
  private commandOf(line: string): string | undefined {
    const match = COMMAND.exec(line);
    if (!match) return undefined;
    if (match[1] === undefined) return "?";
    return this.isCommand(match[1]) || this.lines.length === 0 ? match[1] : undefined;
  }
}
