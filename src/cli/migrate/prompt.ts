import { ansi, escapeText } from "../../terminal/escaped-text";
import { write } from "../../terminal/write";
import type { CommandContext } from "../command";
import { interrupted } from "./errors";

/** Whether questions can be asked. They are written to stderr; stdout may be redirected. */
export function isTerminal({ io }: Pick<CommandContext, "io">): boolean {
  return io.stdin.isTTY && io.stderr.isTTY;
}

/** Asks for yes or no; Enter alone means no. */
export async function confirm(command: Pick<CommandContext, "io">, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(command, `${question} [y/N] `)).trim());
}

export interface PromptChoice {
  /** The result of choosing it; a `VALUE` at its end is asked for. */
  readonly flag: string;
  readonly text: string;
  readonly wantsValue?: boolean;
  readonly problem?: (value: string) => string | undefined;
}

/** Asks to choose one, until the answer is valid. A single choice is asked as yes or no, or for its value. */
export async function choose(
  command: Pick<CommandContext, "io" | "note">,
  question: string,
  choices: readonly PromptChoice[],
): Promise<string> {
  command.note(question);
  const [only] = choices;
  if (only && choices.length === 1) return confirmOnly(command, only);
  choices.forEach(({ flag, text }, index) => command.note(`  ${index + 1}  ${text}  (${flag})`));
  for (;;) {
    const answer = (await ask(command, `1–${choices.length}, or Ctrl-C: `)).trim();
    const chosen = choices[Number(answer) - 1];
    if (chosen) return chosen.wantsValue ? withValue(command, chosen) : chosen.flag;
  }
}

async function confirmOnly(command: Pick<CommandContext, "io" | "note">, choice: PromptChoice): Promise<string> {
  command.note(`  ${choice.text}  (${choice.flag})`);
  if (choice.wantsValue) return withValue(command, choice);
  if (!(await confirm(command, "Is that right?"))) throw interrupted();
  return choice.flag;
}

async function withValue(
  command: Pick<CommandContext, "io" | "note">,
  { flag, problem }: PromptChoice,
): Promise<string> {
  for (;;) {
    const value = await ask(command, "Value, or Ctrl-C: ");
    const wrong = value && problem?.(value);
    if (wrong) command.note(wrong);
    else if (value) return `${flag.slice(0, flag.lastIndexOf("VALUE"))}${value}`;
  }
}

async function ask({ io }: Pick<CommandContext, "io">, question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return await lines.question(escapeText(question));
  } catch (error) {
    // Ctrl-C and Ctrl-D.
    if ((error as Error).name !== "AbortError") throw error;
    write(io.stderr, ansi`\n`);
    throw interrupted();
  } finally {
    lines.close();
  }
}
