import type { MigrationInterface } from "typeorm";
import { DATABASES, type DatabaseType } from "../../dialect/database-type";
import { otherDatabase, unknownDatabaseWord } from "../errors";

/*
 * SQL that is generated for one database fails on another, or means something else there. So a generated file says which one it is
 * for, twice: in a comment on its first line, for readers, and in a property of the class, which is still there where the compiler
 * removes comments or a bundler puts many files into one.
 */

/** The databases that a comment or a property may name, other than by their types. */
const ALIASES: Readonly<Record<string, DatabaseType>> = {
  "better-sqlite3": "sqlite",
  sqlite3: "sqlite",
  postgresql: "postgres",
  cockroachdb: "postgres",
  mariadb: "mysql",
};

/** The comment of a new file, its first line. */
export function databaseComment(database: DatabaseType): string {
  return `// retort: ${database}`;
}

/** The property of a new file's class. */
export function databaseProperty(database: DatabaseType): string {
  return `retort = "${database}";`;
}

/**
 * The databases that a migration was written for: those that its file's comment or its property names. Undefined where neither does:
 * a migration that was written by hand, or generated before files said it.
 * @param text of the file, where it is known
 * @throws migrate/unknown-database
 */
export function databasesOf(
  text: string | undefined,
  instance: MigrationInterface,
  shown: string,
): readonly DatabaseType[] | undefined {
  const words = (text !== undefined && wordsInComment(text)) || wordsInProperty(instance);
  return words?.map((word) => {
    const database = word in DATABASES ? (word as DatabaseType) : ALIASES[word];
    if (!database) throw unknownDatabaseWord(shown, word, Object.keys(DATABASES));
    return database;
  });
}

/** The text as it was before it said its database, so that saying it later is no change of a migration that is applied. */
export function withoutComment(text: string): string {
  return text.replace(/^(\uFEFF?)\/\/ *retort: *[\w-]+(?: *, *[\w-]+)* *\n\n?/, "$1");
}

/** `// retort: sqlite`, or several with commas, in a line of its own before the first code. */
function wordsInComment(text: string): string[] | undefined {
  for (const line of text.split("\n")) {
    const bare = line.replace(/^\uFEFF/, "").trim();
    const [, words] = /^\/\/ *retort: *([\w-]+(?: *, *[\w-]+)*)$/.exec(bare) ?? [];
    if (words !== undefined) return words.split(/ *, */).map((word) => word.toLowerCase());
    // "use strict" is the compiler's, and comes before the file's own comments.
    if (!/^($|\/\/|\/\*|\*|["']use strict["'];?$)/.test(bare)) return undefined;
  }
  return undefined;
}

function wordsInProperty(instance: MigrationInterface): string[] | undefined {
  const { retort } = instance as { retort?: unknown };
  return typeof retort === "string" ? retort.split(/ *, */) : undefined;
}

/** A migration, as far as this matters. */
interface Written {
  readonly name: string;
  readonly file: string | undefined;
  readonly databases: readonly DatabaseType[] | undefined;
}

/** @throws migrate/other-database where a migration was written for other databases than this one */
export function refuseOtherDatabases(
  migrations: readonly Written[],
  database: DatabaseType,
  show: (file: string) => string,
): void {
  const others = migrations.filter(({ databases }) => databases && !databases.includes(database));
  const [first] = others;
  if (!first?.databases) return;
  throw otherDatabase(
    first.file === undefined ? first.name : show(first.file),
    first.databases.map((one) => DATABASES[one]).join(" and "),
    DATABASES[database],
    others.length - 1,
  );
}
