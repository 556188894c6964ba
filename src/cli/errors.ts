import { ExitCode, RetortError } from "../errors";
import { didYouMean } from "../suggestion";

function usage(code: string, message: string, hint: string): RetortError {
  return new RetortError(`cli/${code}`, message, { exitCode: ExitCode.usage, hint });
}

export function unknownCommand(word: string, group: string, names: readonly string[]): RetortError {
  return usage("unknown-command", `unknown command "${word}"${meant(word, names)}`, `${group} --help`);
}

export function unknownOption(flag: string, command: string, flags: readonly string[]): RetortError {
  return usage("unknown-option", `${command} has no option "${flag}"${meant(flag, flags)}`, `${command} --help`);
}

/** A prefix (`--dry` for `--dry-run`) is more likely than a misspelling. */
function meant(word: string, known: readonly string[]): string {
  const longer = word.replace(/^-+/, "").length > 1 && known.find((name) => name.startsWith(word));
  return longer ? didYouMean(longer, [longer]) : didYouMean(word, known);
}

export function commandMissing(group: string): RetortError {
  return usage("command-missing", `${group} needs a command`, `${group} --help`);
}

export function invalidUsage(message: string, command: string): RetortError {
  return usage("usage", message, `${command} --help`);
}

/** `retort run`: the file threw, or what it did was refused. */
export function fileThrew(where: string, message: string, cause: unknown, hint?: string): RetortError {
  return new RetortError("cli/file-threw", `${where}: ${message}`, { cause, ...(hint !== undefined && { hint }) });
}

export function fileMissing(file: string): RetortError {
  return usage("file-missing", `there is no file ${file}`, "retort run FILE [args…]");
}

/** `retort types --check`: the file is missing or outdated. */
export function typesDiffer(file: string, isMissing: boolean): RetortError {
  const what = isMissing ? `there is no ${file}` : `${file} does not match the entities`;
  return new RetortError("cli/types-differ", what, { hint: "retort types    (writes it)" });
}

/** Node has nothing left to do, and what is awaited has not settled. Node itself exits with 13 then. */
export function neverSettles(what = "the command"): RetortError {
  return new RetortError(
    "cli/never-settles",
    `${what} never settles: it awaits a promise that nothing is left to settle`,
    {
      exitCode: ExitCode.unsettled,
      hint: "look for a Promise that is neither resolved nor rejected, or a callback that is never called",
    },
  );
}

export function startFileGivesNoNames(file: string): RetortError {
  return usage(
    "start-file",
    `${file} gives no names for the prompt`,
    "export default (db) => ({ name: value }), or export const name = value",
  );
}
