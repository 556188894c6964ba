import type * as Commands from "./commands/commands";
import type { ShellContext } from "./context";
import { splitInputs, type ReplInput } from "./evaluate/input-splitter";

/** The dot-commands are loaded when an input looks like one. */
function commands(): typeof Commands {
  return require("./commands/commands") as typeof Commands;
}

/** Runs a text as if it were typed, up to the first error. @returns whether all of it succeeded */
export async function runText(text: string, shell: ShellContext): Promise<boolean> {
  return runInputs(inputsOf(text, shell), shell);
}

/** The statements and dot-commands of a text. */
export function inputsOf(text: string, shell: ShellContext): ReplInput[] {
  return splitInputs(text, {
    parse: (part) => shell.evaluator.parse(part),
    isCommand: (name) => commands().isKnown(name),
  });
}

/** Runs statements and dot-commands, up to the first error. @returns whether all of them succeeded */
export async function runInputs(inputs: readonly ReplInput[], shell: ShellContext): Promise<boolean> {
  for (const { kind, text, linesBefore } of inputs) {
    const succeeded =
      kind === "command" ? await commands().runCommand(text, shell) : await shell.run(text, { linesBefore });
    if (!succeeded) return false;
    if (shell.isExiting) return true;
  }
  return true;
}

/** Whether a text is a dot-command. */
export function isCommand(text: string): boolean {
  return /^[.?]/.test(text) && commands().isCommand(text);
}
