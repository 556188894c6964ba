import fs from "node:fs";
import path from "node:path";

/**
 * Writes a file that must not exist yet, whole or not at all: a full disk or a killed process leaves no part of it under its name.
 * @throws what Node throws; EEXIST where the file exists
 */
export function writeNewFile(file: string, text: string): void {
  write(file, text, linkOrCopy);
}

/** The same for a file that may exist; it is replaced. */
export function writeWholeFile(file: string, text: string): void {
  write(file, text, fs.renameSync);
}

function write(file: string, text: string, move: (from: string, to: string) => void): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(temporary, text);
    move(temporary, file);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** A rename would replace an existing file. */
function linkOrCopy(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
    // A file system without hard links.
    fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL);
  }
}
