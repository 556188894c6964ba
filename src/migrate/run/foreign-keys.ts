import { pluralize } from "../../text";
import { danglingKeys } from "../errors";
import { cannotBreakForeignKeys } from "../history/statement";
import type { DanglingRows, MigrationDatabase } from "./databases/contract";
import type { Step } from "./plan";
import type { SentStatement } from "./intercept";

/**
 * Foreign keys are off while a migration runs on SQLite; afterwards there may be no more dangling rows than before.
 * The check reads all tables, so it is only made for migrations that could have made dangling rows.
 */
export class ForeignKeyCheck {
  readonly #database: MigrationDatabase;
  #before: DanglingRows | undefined;

  constructor(database: MigrationDatabase) {
    this.#database = database;
  }

  async before({ sql }: SentStatement): Promise<void> {
    if (this.#before || !this.#database.danglingRows || cannotBreakForeignKeys(sql)) return;
    this.#before = await this.#database.danglingRows();
  }

  async refuseNewDangling({ migration, direction }: Step): Promise<void> {
    const before = this.#before;
    if (!before || !this.#database.danglingRows) return;
    const after = await this.#database.danglingRows();
    const more = [...after].filter(([what, rows]) => rows > (before.get(what) ?? 0));
    // A renamed table has its old dangling rows under a new name.
    if (more.length === 0 || total(after) <= total(before)) return;
    throw danglingKeys(
      migration.name,
      direction,
      more.map(([what, rows]) => `${pluralize(rows, "row")} of ${what}`),
    );
  }
}

function total(rows: DanglingRows): number {
  return [...rows.values()].reduce((sum, count) => sum + count, 0);
}
