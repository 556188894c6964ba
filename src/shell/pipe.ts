import { pluralize } from "../text";
import { StringDecoder } from "node:string_decoder";
import type * as Commands from "./commands/commands";
import type { ShellContext } from "./context";
import { InputSplitter, type ReplInput } from "./evaluate/input-splitter";

/** Time that a complete statement waits for a line that continues it, where the pipe's writer pauses. In milliseconds. */
const CONTINUATION_TIMEOUT = 40;

/** The dot-commands are loaded when an input looks like one. */
function commands(): typeof Commands {
  return require("./commands/commands") as typeof Commands;
}

/** `-e CODE`: prints the value of the last expression. Unsaved changes make it fail, as in a pipe. */
export async function evaluateOnce(shell: ShellContext, code: string): Promise<number> {
  const text = code.trim();
  if (text === "") return 0;
  const isCommand = /^[.?]/.test(text) && commands().isCommand(text);
  const succeeded = isCommand ? await commands().runCommand(text, shell) : await shell.run(text);
  return succeeded ? exitCodeOf(shell) : 1;
}

/** Runs the statements of a pipe in order, up to the first error. */
export async function readPipe(shell: ShellContext): Promise<number> {
  const splitter = new InputSplitter(
    (text) => shell.evaluator.parse(text),
    (name) => commands().isKnown(name),
  );
  for await (const line of linesOf(shell.options.input, splitter)) {
    const inputs = line === undefined ? splitter.flush() : splitter.push(line);
    for (const input of inputs) {
      if (!(await runInput(input, shell))) return 1;
      if (shell.isExiting) return exitCodeOf(shell);
    }
  }
  for (const input of splitter.flush()) if (!(await runInput(input, shell))) return 1;
  return exitCodeOf(shell);
}

async function runInput({ kind, text }: ReplInput, shell: ShellContext): Promise<boolean> {
  return kind === "command" ? commands().runCommand(text, shell) : shell.run(text);
}

/** 1, with a note, where changes are lost. */
function exitCodeOf(shell: ShellContext): number {
  const { unsaved } = shell;
  if (shell.restrictions.sandbox || (unsaved === 0 && !shell.db.session.inTransaction)) return 0;
  const what = unsaved > 0 ? pluralize(unsaved, "unsaved change") : "flushed changes that were not committed";
  shell.output.message(
    `retort: the input ended with ${what}; end it with db.session.commit() or db.session.rollback()`,
  );
  return 1;
}

/** The lines of a stream; undefined where the writer pauses after a complete statement. */
async function* linesOf(input: NodeJS.ReadableStream, splitter: InputSplitter): AsyncGenerator<string | undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const chunks = (input as AsyncIterable<Buffer | string> & NodeJS.ReadableStream)[Symbol.asyncIterator]();
  let next = chunks.next();
  for (;;) {
    if (splitter.hasComplete && rest === "" && (await isLate(next))) {
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
  const timeout = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), CONTINUATION_TIMEOUT);
  });
  const first = await Promise.race([next, timeout]);
  clearTimeout(timer);
  return first === "late";
}
