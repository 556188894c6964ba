import { Query } from "../../query/query";
import type { EscapedText } from "../../terminal/escaped-text";
import type { ShellContext } from "../context";
import type { DotCommand } from "./command";
import { queryOfClass, valueOrLast } from "./value";

/** Rows of a query that are held in memory and drawn as one table. */
const BATCH_SIZE = 500;

export const all: DotCommand = {
  name: "all",
  takes: "[QUERY]",
  summary: "prints every row of the last value, or of a query, page by page",
  details: ["The rows of a query are read as they are shown: .all User.query.orderBy('id')"],
  async run(argument, shell) {
    const value = await valueOrLast(argument, shell);
    if (value === undefined) return shell.output.message("nothing was printed yet");
    const source = queryOfClass(value, shell);
    if (source instanceof Query) return shell.summarized(() => show(tablesOf(source as Query, shell), shell));
    await show(linesOf(value, shell), shell);
  },
};

async function show(lines: AsyncIterable<readonly EscapedText[]>, shell: ShellContext): Promise<void> {
  if (shell.terminal) await shell.terminal.page(lines);
  else for await (const some of lines) shell.output.print(some);
}

async function* linesOf(value: unknown, shell: ShellContext): AsyncGenerator<readonly EscapedText[]> {
  yield shell.output.printer.print(value, Number.MAX_SAFE_INTEGER).lines;
}

/** A table for each batch of rows, so that any number of them can be shown. */
async function* tablesOf(query: Query, shell: ShellContext): AsyncGenerator<readonly EscapedText[]> {
  let rows: unknown[] = [];
  for await (const row of query.stream()) {
    shell.throwIfInterrupted();
    rows.push(row);
    if (rows.length < BATCH_SIZE) continue;
    yield* linesOf(rows, shell);
    rows = [];
  }
  if (rows.length > 0) yield* linesOf(rows, shell);
}
