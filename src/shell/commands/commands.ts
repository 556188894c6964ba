import { unknownDotCommand } from "../errors";
import type { Repl } from "../repl";
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
import { all, echo, exit, format, reveal, timing } from "./settings";
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

/** Whether a text is a dot-command's, known or not, or asks about a name (`?User`): JavaScript begins nothing like that. */
export function isCommand(text: string): boolean {
  return /^\?\s*(?:[\p{ID_Start}$_]|$)|^\.[a-z]\w*(?:\s|$)/u.test(text);
}

/** Whether there is a dot-command of this name. */
export function isKnown(name: string): boolean {
  return commands.some((command) => command.name === name);
}

/** Runs a dot-command; an error is shown. Gives whether it succeeded. */
export async function runCommand(text: string, sitting: Repl): Promise<boolean> {
  try {
    if (text.startsWith("?")) return await runCommand(`.help ${text.slice(1).trim()}`, sitting);
    const [, name, argument] = /^\.(\w+)\s*([^]*)$/.exec(text) ?? [];
    const command = commands.find((candidate) => candidate.name === name);
    if (!command)
      throw unknownDotCommand(
        name ?? "",
        commands.map((candidate) => candidate.name),
      );
    const done = (await command.run(argument!.trim(), sitting)) ?? true;
    // `.reveal` is for one statement, or for one command.
    if (command !== reveal) sitting.secrets.revealed = false;
    return done;
  } catch (error) {
    sitting.complain(error);
    return false;
  }
}
