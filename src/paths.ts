import fs from "node:fs";

/** Whether a path leads to a file, along symbolic links too. */
export function isFile(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
