import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileExists } from "../errors";
import type { Repl } from "../repl";

/** A file as it was typed: quotes hold a name with blanks together. */
export interface NamedFile {
  readonly name: string;
  /** Its absolute path: from the project's folder on, `~` being one's home. */
  readonly file: string;
  /** What stands after it. */
  readonly rest: string;
}

/** Takes the name of a file off the front of what follows a command; undefined where nothing follows. */
export function takeFile(argument: string, { options: { root } }: Repl): NamedFile | undefined {
  const [, double, single, bare, rest] = /^(?:"([^"]+)"|'([^']+)'|(\S+))\s*([^]*)$/.exec(argument) ?? [];
  const name = double ?? single ?? bare;
  if (name === undefined) return undefined;
  return { name, file: path.resolve(root, name.replace(/^~(?=$|[\\/])/, os.homedir())), rest: rest! };
}

/** Whether a file may be written: one that is there is written over only where somebody says so. */
export async function mayWrite({ file, name }: NamedFile, sitting: Repl): Promise<boolean> {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return true;
  if (!sitting.ask) throw fileExists(name);
  return (await sitting.ask(`${name} is there already. Write over it? [y]es, [n]o: `)) === "y";
}
