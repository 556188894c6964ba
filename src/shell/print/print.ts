import { ansi, escapeText, join } from "../../terminal/escaped-text";
import { write, writeData, type Stream } from "../../terminal/write";
import type { Printer } from "./printer";

type PrintFunction = (values: readonly unknown[]) => void;

/** Set while a shell is open, and by `retort run`. */
let printFunction: PrintFunction | undefined;

/** Prints values as Python's `print` does: text as it is, other values as the prompt shows them, with blanks between. */
export function print(...values: unknown[]): void {
  if (printFunction) printFunction(values);
  else console.log(...values);
}

/** Replaces what `print()` does; the returned function restores it. */
export function redirectPrint(to: PrintFunction): () => void {
  const before = printFunction;
  printFunction = to;
  return () => {
    printFunction = before;
  };
}

/** Prints to a stream. Text is data: only a terminal gets it escaped. */
export function printTo(stream: Stream, isTerminal: boolean, printer: Printer, values: readonly unknown[]): void {
  if (isTerminal) {
    const texts = values.map((value) => (typeof value === "string" ? escapeText(value) : printer.text(value)));
    return write(stream, ansi`${join(texts, ansi` `)}\n`);
  }
  const texts = values.map((value): string => (typeof value === "string" ? value : printer.text(value)));
  writeData(stream, `${texts.join(" ")}\n`);
}
