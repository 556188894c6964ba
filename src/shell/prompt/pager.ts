import { CLEAR_LINE, inverse, LINE_START } from "../../terminal/control";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { columnsOf, rowsOf } from "../../terminal/size";
import { cut } from "../../terminal/width";
import { write, writeLines } from "../../terminal/write";
import type { Key } from "./keys";

/** Shows lines page by page: the space bar shows the next page, Enter the next line, q ends. */
export async function pageThrough(
  lines: readonly EscapedText[],
  output: NodeJS.WriteStream,
  nextKey: () => Promise<Key>,
): Promise<void> {
  let at = 0;
  let step = pageSize(output);
  while (at < lines.length) {
    writeLines(output, lines.slice(at, at + step));
    at += step;
    if (at >= lines.length) return;
    const bar = escapeLine(` ${lines.length - at} more rows · space: page, Enter: row, G: all, q: quit `);
    write(output, inverse(cut(bar, Math.max(8, columnsOf(output) - 1))));
    const key = await nextKey();
    write(output, ansi`${LINE_START}${CLEAR_LINE}`);
    if (key.text === "q" || key.name === "ctrl-c" || key.name === "ctrl-d" || key.name === "escape") return;
    step = stepOf(key, lines.length, output);
  }
}

function stepOf({ text, name }: Key, all: number, output: NodeJS.WriteStream): number {
  if (text === "G") return all;
  return name === "return" || name === "enter" || name === "down" ? 1 : pageSize(output);
}

function pageSize(output: NodeJS.WriteStream): number {
  return Math.max(2, rowsOf(output) - 1);
}
