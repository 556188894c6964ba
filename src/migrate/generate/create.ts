import fs from "node:fs";
import path from "node:path";
import type { MigrationContext } from "../context";
import { classNameOf, fileNameOf, renderFile } from "./render";
import { fileExists } from "./errors";
import { nextTimestamp } from "./generate";

/** A new, empty migration. */
export interface CreatedMigration {
  readonly name: string;
  readonly timestamp: number;
  /** Absolute. */
  readonly file: string;
}

/** Writes a migration that does nothing yet. @throws migrate/bad-name, migrate/file-exists */
export function createMigration(
  context: Pick<MigrationContext, "folder" | "language" | "moduleFormat">,
  words: string,
): CreatedMigration {
  const timestamp = nextTimestamp(context.folder);
  const name = classNameOf(words, timestamp);
  const file = path.join(context.folder, fileNameOf(words, timestamp, context));
  const up = [{ comment: "What is to be done: await queryRunner.query(`…`)", statements: [] }];
  const down = [{ comment: "What takes it back", statements: [] }];
  const text = renderFile({ className: name, up, down }, context);
  fs.mkdirSync(context.folder, { recursive: true });
  try {
    fs.writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? fileExists(file) : error;
  }
  return { name, timestamp, file };
}
