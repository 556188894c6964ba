import { cut } from "../print/width";
import type { Key } from "./keys";

/** Shows lines page by page: blank or Enter goes on, q ends. */
export async function pageThrough(
  lines: readonly string[],
  output: NodeJS.WriteStream,
  nextKey: () => Promise<Key>,
): Promise<void> {
  let at = 0;
  let step = pageOf(output);
  while (at < lines.length) {
    output.write(`${lines.slice(at, at + step).join("\n")}\n`);
    at += step;
    if (at >= lines.length) return;
    const bar = ` ${lines.length - at} more rows · blank: page, Enter: row, G: all, q: end `;
    output.write(`\x1b[7m${cut(bar, Math.max(8, (output.columns || 80) - 1))}\x1b[27m`);
    const key = await nextKey();
    output.write("\r\x1b[K");
    if (key.text === "q" || key.name === "ctrl-c" || key.name === "ctrl-d" || key.name === "escape") return;
    step =
      key.text === "G"
        ? lines.length
        : key.name === "return" || key.name === "enter" || key.name === "down"
          ? 1
          : pageOf(output);
  }
}

function pageOf(output: NodeJS.WriteStream): number {
  return Math.max(2, (output.rows || 24) - 1);
}
