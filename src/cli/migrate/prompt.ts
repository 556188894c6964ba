import readline from "node:readline/promises";
import type { CommandContext } from "../command";

/** Whether somebody is there to answer. Data on stdout may go elsewhere; questions stand on stderr. */
export function isTerminal({ io }: Pick<CommandContext, "io">): boolean {
  return io.stdin.isTTY && io.stderr.isTTY;
}

/** Asks for yes or no; Enter alone means no. */
export async function confirm(command: Pick<CommandContext, "io">, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(command, `${question} [y/N] `)).trim());
}

export interface PromptChoice {
  /** What choosing it gives; a `VALUE` at its end is asked for. */
  readonly flag: string;
  readonly text: string;
  readonly wantsValue?: boolean;
}

/** Asks which of several; asks again until one of them is chosen. */
export async function choose(
  command: Pick<CommandContext, "io" | "note">,
  question: string,
  choices: readonly PromptChoice[],
): Promise<string> {
  command.note(question);
  choices.forEach(({ flag, text }, index) => command.note(`  ${index + 1}  ${text}  (${flag})`));
  for (;;) {
    const answer = (await ask(command, `1–${choices.length}, or Ctrl-C: `)).trim();
    const chosen = choices[Number(answer) - 1];
    if (!chosen) continue;
    return chosen.wantsValue ? withValue(chosen, await ask(command, "Value: ")) : chosen.flag;
  }
}

function withValue({ flag }: PromptChoice, value: string): string {
  return `${flag.slice(0, flag.lastIndexOf("VALUE"))}${value}`;
}

async function ask({ io }: Pick<CommandContext, "io">, question: string): Promise<string> {
  const lines = readline.createInterface({ input: io.stdin, output: io.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
