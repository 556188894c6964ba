import { isDumb } from "../terminal/style";
import type { OutputMode, ShellOptions } from "./options";
import { evaluateOnce, readPipe } from "./pipe";
import { Repl } from "./repl";
import { restrict, restrictionsOf } from "./restrictions";

/**
 * Opens the prompt, reads a pipe, or evaluates the code of `-e`, as the options ask for.
 * Closes the session at the end; `db` stays open, it is the caller's.
 * @returns the exit code: 0 done; 1 a statement failed, or a pipe ended with unsaved changes
 */
export async function openShell(options: ShellOptions): Promise<number> {
  const mode = modeOf(options);
  const restrictions = restrictionsOf(options);
  await restrict(options.db, restrictions);
  const terminal = mode === "terminal" && !isDumb(options.env) ? newTerminal(options) : undefined;
  const names = await options.namesOf?.(options.db);
  const repl = new Repl(options, mode, restrictions, terminal, names);
  try {
    if (options.evaluate !== undefined) return await evaluateOnce(repl, options.evaluate);
    if (mode === "pipe") return await readPipe(repl);
    if (!terminal) return await runPlainPrompt(repl);
    const { runPrompt } = require("./prompt/prompt") as typeof import("./prompt/prompt");
    return await runPrompt(repl, terminal);
  } finally {
    repl.close();
    // Rolls back an open transaction, that of a sandbox included.
    await repl.db.session.close();
  }
}

function runPlainPrompt(repl: Repl): Promise<number> {
  const { runOnDumbTerminal } = require("./prompt/dumb-terminal") as typeof import("./prompt/dumb-terminal");
  return runOnDumbTerminal(repl);
}

function modeOf({ evaluate, input, output }: ShellOptions): OutputMode {
  if (evaluate !== undefined) return "once";
  return (input as { isTTY?: boolean }).isTTY && (output as { isTTY?: boolean }).isTTY ? "terminal" : "pipe";
}

/** The prompt's modules are loaded only where there is a terminal. */
function newTerminal(options: ShellOptions): import("./prompt/terminal").PromptTerminal {
  const { PromptTerminal } = require("./prompt/terminal") as typeof import("./prompt/terminal");
  return new PromptTerminal(options);
}
