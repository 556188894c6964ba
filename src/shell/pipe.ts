import { StringDecoder } from "node:string_decoder";
import { pluralize } from "../text";
import type { ShellContext } from "./context";
import { inputsOf, isCommand, runInputs } from "./run-inputs";

/** `-e CODE`: prints the value of the last expression. Unsaved changes make it fail, as in a pipe. */
export async function evaluateOnce(shell: ShellContext, code: string): Promise<number> {
  const text = code.trim();
  if (text === "") return 0;
  const inputs = inputsOf(text, shell);
  // Without a dot-command it is one program, of which the last value is printed.
  const hasCommand = inputs.some(({ kind }) => kind === "command");
  const succeeded = hasCommand ? await runInputs(inputs, shell) : await shell.run(text);
  return succeeded ? exitCodeOf(shell) : 1;
}

/**
 * Runs a pipe: reads all of it, since a syntax error anywhere runs nothing, then runs its statements in order, up to the first error. A
 * writer that waits for answers needs a terminal; where the input is one (and only the output is not), each input runs when it is whole.
 */
export async function readPipe(shell: ShellContext): Promise<number> {
  const { input } = shell.options;
  const texts = (input as { isTTY?: boolean }).isTTY ? typedTexts(input, shell) : [await wholeText(input)];
  for await (const text of texts) {
    if (!(await runInputs(inputsOf(text, shell), shell))) return 1;
    if (shell.isExiting) break;
  }
  return exitCodeOf(shell);
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

async function wholeText(input: NodeJS.ReadableStream): Promise<string> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  for await (const chunk of input) text += typeof chunk === "string" ? chunk : decoder.write(chunk);
  return text + decoder.end();
}

/** The inputs that are typed at a terminal: lines, put together until they are complete. */
async function* typedTexts(input: NodeJS.ReadableStream, shell: ShellContext): AsyncGenerator<string> {
  const { createInterface } = require("node:readline") as typeof import("node:readline");
  let text = "";
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    text += text === "" ? line : `\n${line}`;
    if (!isCommand(text) && shell.evaluator.parse(text).status === "incomplete") continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}
