import { CLEAR_LINE, inverse, LINE_START } from "../../terminal/control";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { columnsOf, rowsOf } from "../../terminal/size";
import { cut } from "../../terminal/width";
import { write, writeLines } from "../../terminal/write";
import type { Key } from "./keys";

/** Shows lines page by page as they come: the space bar shows the next page, Enter the next line, q ends. */
export async function pageThrough(
  batches: AsyncIterable<readonly EscapedText[]>,
  output: NodeJS.WriteStream,
  nextKey: () => Promise<Key>,
): Promise<void> {
  const lines = new Lines(batches);
  try {
    for (let step = pageSize(output); ;) {
      await lines.write(step, output);
      if (lines.isEnded) return;
      const bar = escapeLine(` ${lines.rest} · space: page, Enter: row, G: all, q: quit `);
      write(output, inverse(cut(bar, Math.max(8, columnsOf(output) - 1))));
      const key = await nextKey();
      write(output, ansi`${LINE_START}${CLEAR_LINE}`);
      if (key.text === "q" || key.name === "ctrl-c" || key.name === "ctrl-d" || key.name === "escape") return;
      step = stepOf(key, output);
    }
  } finally {
    await lines.close();
  }
}

/** Lines that come in batches; one batch is read ahead, to know whether there are more. */
class Lines {
  private readonly batches: AsyncIterator<readonly EscapedText[]>;
  private waiting: readonly EscapedText[] = [];
  /** The batch behind those that wait; undefined where there is none. */
  private ahead: readonly EscapedText[] | undefined = [];

  constructor(batches: AsyncIterable<readonly EscapedText[]>) {
    this.batches = batches[Symbol.asyncIterator]();
  }

  get isEnded(): boolean {
    return this.ahead === undefined && this.waiting.length === 0;
  }

  /** What is left, as far as it is known. */
  get rest(): string {
    return this.ahead === undefined ? `${this.waiting.length} more rows` : "more rows";
  }

  async write(count: number, output: NodeJS.WriteStream): Promise<void> {
    for (let left = count; left > 0 && !this.isEnded;) {
      const written = this.waiting.slice(0, left);
      writeLines(output, written);
      left -= written.length;
      this.waiting = this.waiting.slice(written.length);
      while (this.waiting.length === 0 && this.ahead) {
        this.waiting = this.ahead;
        const next = await this.batches.next();
        this.ahead = next.done === true ? undefined : next.value;
      }
    }
  }

  async close(): Promise<void> {
    await this.batches.return?.();
  }
}

function stepOf({ text, name }: Key, output: NodeJS.WriteStream): number {
  if (text === "G") return Infinity;
  return name === "return" || name === "enter" || name === "down" ? 1 : pageSize(output);
}

function pageSize(output: NodeJS.WriteStream): number {
  return Math.max(2, rowsOf(output) - 1);
}
