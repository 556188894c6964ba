import { writeNewFile, writeWholeFile } from "../../new-file";
import { fileNotWritten } from "../errors";

/**
 * Writes a migration file, whole or not at all.
 * @param replacing the file may exist and is replaced
 * @throws migrate/file-exists, migrate/file-not-written
 */
export function writeMigration(file: string, text: string, replacing = false): void {
  try {
    if (replacing) writeWholeFile(file, text);
    else writeNewFile(file, text);
  } catch (error) {
    throw fileNotWritten(file, error);
  }
}
