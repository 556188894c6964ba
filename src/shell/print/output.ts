import type { Database } from "../../session/database";
import { ansi, escapeText, linesOf, repeat, slice, type EscapedText } from "../../terminal/escaped-text";
import { columnsOf, rowsOf } from "../../terminal/size";
import { isDumb, plain, styleFor, type Style, type TextStyle } from "../../terminal/style";
import { widthOf, wrap } from "../../terminal/width";
import { writeData, writeLines } from "../../terminal/write";
import type { OutputMode, ResultFormat, ShellOptions } from "../options";
import type { Entities } from "./entities";
import { printTo } from "./print";
import { Printer } from "./printer";
import { Secrets } from "./secrets";

/** Columns where the output has no width. */
const DEFAULT_WIDTH = 120;
/** Lines of the screen that are left free below a result. */
const FREE_LINES = 6;

type OutputOptions = Pick<ShellOptions, "output" | "error" | "env" | "format" | "settings">;
type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Prints values and notes: where, how wide, how much, in which format. */
export class Output {
  readonly style: Style;
  readonly secrets: Secrets;
  /** Changed by `.format`. */
  format: ResultFormat;
  /** The last value that was printed, and how much of it was not; `.all` prints the rest. */
  lastPrinted: { readonly value: unknown; readonly hidden: number } | undefined;
  /** Of the database that is in use. */
  printer!: Printer;
  private entities!: Entities;
  private readonly stream: OutputStream;

  constructor(
    private readonly options: OutputOptions,
    readonly mode: OutputMode,
  ) {
    this.stream = options.output;
    this.style = mode === "terminal" ? styleFor(this.stream, options.env) : plain;
    this.secrets = new Secrets(options.settings?.secrets);
    this.format = options.format ?? "table";
  }

  useDatabase(db: Database, entities: Entities): void {
    this.entities = entities;
    this.printer = new Printer({
      entities,
      db,
      secrets: this.secrets,
      style: this.style,
      width: () => this.width,
      limit: () => this.limit,
    });
  }

  /** Whether the output is read on a screen, where everything has to be escaped. */
  get isTerminal(): boolean {
    return this.mode === "terminal" || this.stream.isTTY === true;
  }

  /** Columns of the terminal. */
  get width(): number {
    return columnsOf(this.stream, DEFAULT_WIDTH);
  }

  /** Rows of a list that are printed at once; in a pipe all of them. */
  private get limit(): number {
    return this.mode === "terminal" ? Math.max(10, rowsOf(this.stream) - FREE_LINES) : Number.MAX_SAFE_INTEGER;
  }

  /** Prints results: values, and what a command was asked for. */
  print(lines: readonly EscapedText[]): void {
    writeLines(this.stream, lines);
  }

  /** Prints what is not a result; in a pipe it goes to stderr. */
  note(lines: readonly EscapedText[]): void {
    writeLines(this.mode === "terminal" ? this.stream : this.options.error, lines);
  }

  /** Prints text that people read, with lines that fit the terminal. */
  printText(lines: readonly EscapedText[]): void {
    this.print(this.fitting(lines));
  }

  /** Prints a message, in one style. */
  message(text: string, style: TextStyle = plain.bold): void {
    this.note(this.fitting(linesOf(escapeText(text))).map(style));
  }

  /** At a terminal, lines that are too long go on below, indented, between two words. */
  fitting(lines: readonly EscapedText[]): EscapedText[] {
    if (this.mode !== "terminal") return [...lines];
    return lines.flatMap((line) => (widthOf(line) <= this.width ? [line] : wrapped(line, this.width)));
  }

  /** Prints a value in the current format. */
  showValue(value: unknown, limit?: number): void {
    if (this.format !== "table") return this.writeFormatted(value, this.format);
    const { lines, hidden, of } = this.printer.print(value, limit);
    this.print(lines);
    this.lastPrinted = { value, hidden };
    if (hidden > 0) this.message(`… ${hidden} more${of === "lines" ? " lines" : ""}; .all shows them`, this.style.dim);
  }

  private writeFormatted(value: unknown, format: Exclude<ResultFormat, "table">): void {
    const { formatted } = require("./formats") as typeof import("./formats");
    for (const line of formatted(value, format, { entities: this.entities, secrets: this.secrets }))
      writeData(this.stream, `${line}\n`, this.isTerminal);
  }

  /** What `print()` does at the prompt. */
  printValues(values: readonly unknown[]): void {
    printTo(this.stream, this.isTerminal, this.printer, values);
  }

  /** Draws over the current line: progress. */
  get progressStream(): OutputStream | undefined {
    return this.mode === "terminal" && !isDumb(this.options.env) ? this.stream : undefined;
  }
}

/** A line in lines that fit; those after the first are indented more than it is, as far as a long word leaves room. */
function wrapped(line: EscapedText, width: number): EscapedText[] {
  const blanks = /^ */.exec(line)![0].length;
  return wrap(slice(line, blanks), width - blanks - 2).map((part, index) => {
    const indent = Math.min(index === 0 ? blanks : blanks + 2, width - widthOf(part));
    return ansi`${repeat(ansi` `, indent)}${part}`;
  });
}
