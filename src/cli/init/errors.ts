import { ExitCode, RetortError } from "../../errors";

/** The package manager has printed why. */
export function installFailed(command: string): RetortError {
  return new RetortError("cli/install-failed", "the files are written, but the packages could not be installed", {
    hint: command,
  });
}

/** Nest's token of a DataSource is made of its name, which has to be written into the new file. */
export function nestNameUnknown(written: string, file: string): RetortError {
  return new RetortError(
    "cli/nest-name",
    `${file}: the name of a DataSource is no text, nor a constant that is one: ${written}`,
    {
      exitCode: ExitCode.usage,
      hint: "write the name as a text while retort init runs, or write the data source by hand",
    },
  );
}

/** The address is not shown: it may have a password. */
export function addressOfNoServer(): RetortError {
  return new RetortError("cli/unknown-address", "--url is not the address of a server", {
    exitCode: ExitCode.usage,
    hint: "--url postgres://user@host/name, --url mysql://user@host/name, or --database sqlite for a file in this folder",
  });
}

export function addressOfOther(database: string, server: string): RetortError {
  return new RetortError("cli/other-database", `--database says ${database}, and --url is the address of ${server}`, {
    exitCode: ExitCode.usage,
    hint: "leave --database out",
  });
}
