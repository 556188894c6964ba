import { RetortError } from "../../errors";

/** The package manager has printed why. */
export function installFailed(command: string): RetortError {
  return new RetortError("cli/install-failed", "the files are written, but the packages could not be installed", {
    hint: command,
  });
}
