import { StringDecoder } from "node:string_decoder";
import { pluralize } from "../text";
import type * as Commands from "./commands/commands";
import type { Repl } from "./repl";
import { Statements, type Piece } from "./evaluate/statements";

/** How long a statement that is whole waits for a line that goes on with it, when whoever writes the pipe pauses. In milliseconds. */
const PATIENCE = 40;

/** Dot-commands are loaded when something looks like one. */
function commands(): typeof Commands {
  return require("./commands/commands") as typeof Commands;
}

/** `-e CODE`: shows the value of the last expression; changes that would be lost make it a failure, as in a pipe. */
export async function evaluateOnce(sitting: Repl, code: string): Promise<number> {
  const text = code.trim();
  if (text === "") return 0;
  const command = /^[.?]/.test(text) && commands().isCommand(text);
  const done = command ? await commands().runCommand(text, sitting) : await sitting.run(text);
  return done ? leftUnsaved(sitting) : 1;
}

/** Runs what comes through a pipe statement by statement, in order, and stops at the first error. */
export async function readPipe(sitting: Repl): Promise<number> {
  const statements = new Statements(
    (text) => sitting.evaluator.parse(text),
    (name) => commands().isKnown(name),
  );
  for await (const line of linesOf(sitting.options.input, statements)) {
    const pieces = line === undefined ? statements.end() : statements.take(line);
    for (const piece of pieces) {
      if (!(await runPiece(piece, sitting))) return 1;
      if (sitting.leaving) return leftUnsaved(sitting);
    }
  }
  for (const piece of statements.end()) if (!(await runPiece(piece, sitting))) return 1;
  return leftUnsaved(sitting);
}

async function runPiece({ kind, text }: Piece, sitting: Repl): Promise<boolean> {
  return kind === "command" ? commands().runCommand(text, sitting) : sitting.run(text);
}

function leftUnsaved(sitting: Repl): number {
  const { unsaved } = sitting;
  if (sitting.restrictions.sandbox || (unsaved === 0 && !sitting.db.session.inTransaction)) return 0;
  const what = unsaved > 0 ? pluralize(unsaved, "unsaved change") : "flushed changes that were not committed";
  sitting.note([`retort: the input ended with ${what}; end it with db.session.commit() or db.session.rollback()`]);
  return 1;
}

/** The lines of a stream; undefined where the writer pauses after a statement that is whole. */
async function* linesOf(input: NodeJS.ReadableStream, statements: Statements): AsyncGenerator<string | undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const chunks = (input as AsyncIterable<Buffer | string> & NodeJS.ReadableStream)[Symbol.asyncIterator]();
  let next = chunks.next();
  for (;;) {
    if (statements.holdsWhole && rest === "" && (await isLate(next))) {
      yield undefined;
      continue;
    }
    const chunk = await next;
    if (chunk.done) break;
    next = chunks.next();
    rest += typeof chunk.value === "string" ? chunk.value : decoder.write(chunk.value);
    const lines = rest.split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) yield line;
  }
  rest += decoder.end();
  if (rest !== "") yield rest;
}

async function isLate(next: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), PATIENCE);
  });
  const first = await Promise.race([next, late]);
  clearTimeout(timer);
  return first === "late";
}
