import { ExitCode, RetortError } from "../../errors";

export function badDuration(text: string): RetortError {
  return new RetortError("cli/bad-duration", `"${text}" is not a duration`, {
    hint: "write seconds, or a number with its unit: 10, 500ms, 2m",
    exitCode: ExitCode.usage,
  });
}

export function nameMissing(command: string): RetortError {
  return new RetortError("cli/name-missing", "the migration needs a name", {
    hint: `retort migrate ${command} "posts table"`,
    exitCode: ExitCode.usage,
  });
}

/** A question was answered with Ctrl-C or no. */
export function interrupted(): RetortError {
  return new RetortError("cli/interrupted", "stopped at a question: nothing was done");
}
