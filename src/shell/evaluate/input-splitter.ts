import type { Parsed } from "../rewrite/parse";

/** A statement or a dot-command. */
export interface ReplInput {
  readonly kind: "statement" | "command";
  readonly text: string;
}

/** A line that can only continue the statement before it; comments too, since it may continue below them. */
const CONTINUES =
  /^\s*(\.\s*[\p{ID_Start}$_]|\?\.|else\b|catch\b|finally\b|&&|\|\||\?\?|[*%<>=?:,|&^)\]}]|instanceof\b|in\b|\/\/)/u;

const COMMAND = /^\.(\w+)(?=\s|$)|^\?/;

/** Splits the lines of a pipe, a file or pasted text into statements and dot-commands. */
export class InputSplitter {
  private lines: string[] = [];
  private isComplete = false;

  /**
   * @param parse decides whether a text is complete
   * @param isCommand whether a dot-command of this name exists
   */
  constructor(
    private readonly parse: (text: string) => Parsed,
    private readonly isCommand: (name: string) => boolean,
  ) {}

  /** Adds a line; gives the inputs that are complete now. A complete statement is held until a line does not continue it. */
  push(line: string): ReplInput[] {
    const inputs: ReplInput[] = [];
    if (this.isComplete && !this.continues(line)) inputs.push(...this.flush());
    if (this.lines.length === 0) {
      if (line.trim() === "") return inputs;
      if (this.commandOf(line) !== undefined) return [...inputs, { kind: "command", text: line.trim() }];
    }
    this.lines.push(line);
    this.isComplete = this.parse(this.text).status !== "incomplete";
    return inputs;
  }

  /** Whether a complete statement is held. */
  get hasComplete(): boolean {
    return this.isComplete;
  }

  /** Gives what is held, complete or not. */
  flush(): ReplInput[] {
    if (this.lines.length === 0) return [];
    const { text } = this;
    this.lines = [];
    this.isComplete = false;
    return text.trim() === "" ? [] : [{ kind: "statement", text }];
  }

  private get text(): string {
    return this.lines.join("\n");
  }

  private continues(line: string): boolean {
    return CONTINUES.test(line) && this.commandOf(line) === undefined;
  }

  /** The name of the dot-command in a line. `.all()` at the start of a line continues the line before. */
  private commandOf(line: string): string | undefined {
    const match = COMMAND.exec(line);
    if (!match) return undefined;
    if (match[1] === undefined) return "?";
    return this.isCommand(match[1]) || this.lines.length === 0 ? match[1] : undefined;
  }
}
