import type BetterSqlite3 from "better-sqlite3";

/*
 * The process that reads for a prompt (see ./stoppable-reads): SQLite's statements cannot be ended in the process that runs them.
 */

/** What the process is started with. */
export interface ReadProcessOptions {
  /** The file of better-sqlite3 that the application uses. */
  readonly driver: string;
  readonly database: string;
  /** Milliseconds that a statement waits for a lock. */
  readonly timeout: number;
  readonly nativeBinding: string | undefined;
}

export interface ReadRequest {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export type ReadAnswer =
  | { readonly rows: readonly unknown[][]; readonly columns: readonly string[] }
  /** The caller runs the statement itself, and gets the error that belongs to it. */
  | { readonly failed: string };

// Ctrl-C reaches every process of the terminal; what it ends is decided by the one that has started this one.
process.on("SIGINT", () => undefined);

let handle: BetterSqlite3.Database | undefined;

if (process.send)
  process.on("message", ({ options, sql, parameters }: ReadRequest & { options: ReadProcessOptions }) => {
    process.send!(answerTo(options, sql, parameters));
  });

function answerTo(options: ReadProcessOptions, sql: string, parameters: readonly unknown[]): ReadAnswer {
  try {
    handle ??= opened(options);
    const statement = handle.prepare<unknown[], unknown[]>(sql).raw(true);
    return { rows: statement.all(...parameters), columns: statement.columns().map(({ name }) => name) };
  } catch (error) {
    return { failed: String(error) };
  }
}

function opened({ driver, database, timeout, nativeBinding }: ReadProcessOptions): BetterSqlite3.Database {
  const Database = require(driver) as typeof BetterSqlite3;
  return new Database(database, {
    readonly: true,
    fileMustExist: true,
    timeout,
    ...(nativeBinding && { nativeBinding }),
  });
}
