import { ExitCode, RetortError } from "../../errors";

export function badDuration(text: string): RetortError {
  return new RetortError("bad-duration", `"${text}" is no length of time.`, {
    hint: "Write seconds, or a number with its unit: 10, 500ms, 2m",
    exitCode: ExitCode.usage,
  });
}
