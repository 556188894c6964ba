import type BetterSqlite3 from "better-sqlite3";

/** Of larger databases a dry run copies the schema only, in bytes. */
const MAX_COPIED_BYTES = 64 * 1024 * 1024;

/** A copy of the database in memory, on which a dry run sends its statements. */
export function copyInMemory(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const pages = Number(original.pragma("page_count", { simple: true }));
  if (pages === 0) return new sqlite(":memory:");
  const size = pages * Number(original.pragma("page_size", { simple: true }));
  return size <= MAX_COPIED_BYTES ? wholeCopy(original, sqlite) : schemaCopy(original, sqlite);
}

function wholeCopy(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const bytes = original.serialize();
  // A database in memory has no write-ahead log; the header must not ask for one. https://sqlite.org/fileformat2.html
  bytes[18] = bytes[19] = 1;
  return new sqlite(bytes);
}

function schemaCopy(original: BetterSqlite3.Database, sqlite: typeof BetterSqlite3): BetterSqlite3.Database {
  const copy = new sqlite(":memory:");
  const statements = original
    .prepare<[], { sql: string }>(
      `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
       ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid`,
    )
    .all();
  for (const { sql } of statements) copy.exec(sql);
  return copy;
}
