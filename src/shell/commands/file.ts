import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { escapeLine } from "../../terminal/escaped-text";
import { fileExists } from "../errors";
import type { ShellContext } from "../context";

/** A file name at the start of an argument; one with blanks is quoted. */
export interface NamedFile {
  readonly name: string;
  /** Its absolute path, relative to the project's folder; `~` is the home folder. */
  readonly file: string;
  /** The rest of the argument. */
  readonly rest: string;
}

/** Splits the file name off an argument; undefined where the argument is empty. */
export function takeFile(argument: string, { options: { root } }: ShellContext): NamedFile | undefined {
  const [, double, single, bare, rest] = /^(?:"([^"]+)"|'([^']+)'|(\S+))\s*([^]*)$/.exec(argument) ?? [];
  const name = double ?? single ?? bare;
  if (name === undefined) return undefined;
  return { name, file: path.resolve(root, name.replace(/^~(?=$|[\\/])/, os.homedir())), rest: rest! };
}

/** Whether a file may be written; asks where it exists. @throws shell/file-exists without a terminal */
export async function mayWrite({ file, name }: NamedFile, shell: ShellContext): Promise<boolean> {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return true;
  if (!shell.terminal) throw fileExists(name);
  return (await shell.terminal.ask(escapeLine(`${name} already exists. Overwrite? [y]es, [n]o: `))) === "y";
}

/**
 * A stream into a file that is created now. One that opens its file later could do so after a failure, when the file is removed again.
 * @throws where the file exists, or cannot be created
 */
export async function createFile(file: string, mode: number | undefined): Promise<fs.WriteStream> {
  return (await fs.promises.open(file, "wx", mode)).createWriteStream();
}
