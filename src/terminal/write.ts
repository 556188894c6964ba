import { inAscii, isAsciiLocale } from "./ascii";
import { ansi, escapeText, join, type EscapedText } from "./escaped-text";

/** A stream that may be a terminal. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Writes text that people read. Everything that Retort shows goes through here. */
export function write(stream: Stream, text: EscapedText): void {
  stream.write(stream.isTTY === true && isAsciiLocale(process.env) ? inAscii(text) : text);
}

/** Writes lines; none writes nothing. */
export function writeLines(stream: Stream, lines: readonly EscapedText[]): void {
  if (lines.length > 0) write(stream, ansi`${join(lines, ansi`\n`)}\n`);
}

/**
 * Writes data that programs read (JSON, CSV, SQL, what a script prints): a file or a pipe gets it unchanged, a terminal gets it
 * escaped.
 */
export function writeData(stream: Stream, data: string, isTerminal = stream.isTTY === true): void {
  if (isTerminal) write(stream, escapeText(data));
  else stream.write(data);
}
