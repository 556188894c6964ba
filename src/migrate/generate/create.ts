import { databaseTypeOf } from "../../dialect/database-type";
import { writeMigration } from "../files/write";
import type { MigrationContext } from "../context";
import { classNameOf, fileNameOf, renderFile } from "./render";
import { nextTimestamp } from "./generate";

/** A new, empty migration. */
export interface CreatedMigration {
  readonly name: string;
  readonly timestamp: number;
  /** Absolute. */
  readonly file: string;
}

/** Writes a migration that does nothing yet. @throws migrate/bad-name, migrate/file-exists, migrate/not-found-again */
export function createMigration(
  context: Pick<MigrationContext, "dataSource" | "place">,
  words: string,
): CreatedMigration {
  const timestamp = nextTimestamp(context);
  const name = classNameOf(words, timestamp);
  const place = context.place.newFile(fileNameOf(words, timestamp));
  const up = [{ comment: "What is to be done: await queryRunner.query(`…`)", statements: [] }];
  const down = [{ comment: "What takes it back", statements: [] }];
  const text = renderFile({ className: name, database: databaseTypeOf(context.dataSource), up, down }, place);
  writeMigration(place.file, text);
  return { name, timestamp, file: place.file };
}
