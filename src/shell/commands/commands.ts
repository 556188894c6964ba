import { awaiting } from "../../awaited-work";
import { unknownDotCommand } from "../errors";
import type { ShellContext } from "../context";
import type { DotCommand } from "./command";
import { diff } from "./diff";
import { editor } from "./editor";
import { explain } from "./explain";
import { exportRows } from "./export";
import { helpOn } from "./help";
import { history } from "./history";
import { load } from "./load";
import { migrate } from "./migrate";
import { reload } from "./reload";
import { save } from "./save";
import { entities, schema } from "./schema";
import { all } from "./all";
import { echo, exit, format, reveal, timing } from "./settings";
import { sql } from "./sql";

/** Every dot-command, in the order of `.help`. */
export const commands: readonly DotCommand[] = [
  helpOn(() => commands),
  entities,
  schema,
  diff,
  sql,
  explain,
  echo,
  format,
  timing,
  reveal,
  all,
  exportRows,
  reload,
  migrate,
  load,
  save,
  history,
  editor,
  exit,
];

/** Whether a text is a dot-command, known or not, or `?name`. No JavaScript begins like that. */
export function isCommand(text: string): boolean {
  return /^\?\s*(?:[\p{ID_Start}$_]|$)|^\.[a-z]\w*(?:\s|$)/u.test(text);
}

/** Whether there is a dot-command of this name. */
export function isKnown(name: string): boolean {
  return commands.some((command) => command.name === name);
}

/** Runs a dot-command and prints its error. @returns whether it succeeded */
export async function runCommand(text: string, shell: ShellContext): Promise<boolean> {
  try {
    if (text.startsWith("?")) return await runCommand(`.help ${text.slice(1).trim()}`, shell);
    const [, name, argument] = /^\.(\w+)\s*([^]*)$/.exec(text) ?? [];
    const command = commands.find((candidate) => candidate.name === name);
    if (!command)
      throw unknownDotCommand(
        name ?? "",
        commands.map((candidate) => candidate.name),
      );
    const succeeded = (await awaiting(`.${command.name}`, async () => command.run(argument!.trim(), shell))) ?? true;
    // `.reveal` lasts for one statement or one command.
    if (command !== reveal) shell.output.secrets.revealed = false;
    return succeeded;
  } catch (error) {
    shell.reportError(error);
    return false;
  }
}
