import fs from "node:fs";
import { loadsItself, noSuchFile, usage } from "../errors";
import type { DotCommand } from "./command";
import { takeFile, type NamedFile } from "./file";

export const load: DotCommand = {
  name: "load",
  takes: "FILE",
  summary: "runs a file as if it were typed; a syntax error runs nothing, the first error stops it",
  async run(argument, shell) {
    const typed = takeFile(argument, shell);
    if (!typed || typed.rest !== "") throw usage("load", ".load FILE");
    if (loading.has(typed.file)) throw loadsItself(typed.name);
    loading.add(typed.file);
    try {
      return await shell.runText(read(typed));
    } finally {
      loading.delete(typed.file);
    }
  },
};

/** Files that are being loaded. */
const loading = new Set<string>();

function read({ name, file }: NamedFile): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw noSuchFile(name, error);
  }
}
