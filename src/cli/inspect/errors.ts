import path from "node:path";
import { ExitCode, RetortError } from "../../errors";
import { displayPath } from "../../migrate/errors";

const ADDRESSES = "--database postgres://user@host/name, mysql://user@host/name or the path of an SQLite file";

export function unknownAddress(scheme: string): RetortError {
  const message = `no database has an address that begins with "${scheme}"`;
  return new RetortError("cli/unknown-address", message, { exitCode: ExitCode.usage, hint: ADDRESSES });
}

export function noDatabase(file: string): RetortError {
  const message = `there is no database ${path.relative(process.cwd(), file) || file}`;
  return new RetortError("cli/no-database", message, { exitCode: ExitCode.usage, hint: ADDRESSES });
}

/** @param address of the database @param names what the command line has named */
export function nothingFound(address: string, names: readonly string[]): RetortError {
  const message = names.length > 0 ? `${address} has no table ${names.join(", ")}` : `${address} has no tables`;
  return new RetortError("cli/nothing-to-inspect", message, {
    hint: names.length > 0 ? "retort inspect    (all tables)" : "--schema NAME, where they are in another schema",
  });
}

/** `retort inspect --out` replaces nothing. */
export function filesExist(root: string, files: readonly string[]): RetortError {
  const names = files.map((file) => displayPath(root, file)).join(", ");
  return new RetortError("cli/files-exist", `${names}: there already, and not replaced; nothing was written`, {
    exitCode: ExitCode.usage,
    hint: "--out another folder, or name the tables that are new",
  });
}
