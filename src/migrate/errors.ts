import path from "node:path";
import { pluralize } from "../text";
import { ExitCode, RetortError, shortMessage } from "../errors";
import { didYouMean } from "../suggestion";
import type { FailureKind } from "../dialect/schema/failure";
import { shorten } from "./history/statement";

// The migration files

function usageError(code: string, message: string, hint?: string, cause?: unknown): RetortError {
  return new RetortError(`migrate/${code}`, message, {
    exitCode: ExitCode.usage,
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}

export function fileDoesNotLoad(file: string, cause: unknown): RetortError {
  return usageError("file-does-not-load", `${file} cannot be loaded: ${shortMessage(cause)}`, `correct ${file}`, cause);
}

export function exportsNoMigration(file: string): RetortError {
  return usageError(
    "exports-no-migration",
    `${file} exports no migration: no class with the methods up and down`,
    "export the class, or move the file out of the migrations folder",
  );
}

/** @param suggestion the line that makes the DataSource find new files, and the file that it belongs in */
export function notFoundAgain(suggestion: { file: string; line: string }): RetortError {
  return usageError(
    "not-found-again",
    "the DataSource's `migrations` would not find a new migration file; nothing was written",
    `in ${suggestion.file}, write ${suggestion.line}`,
  );
}

/**
 * No file matches the DataSource's `migrations`: a folder that was not deployed or built, or a typing error.
 * @param configuration the file that has the patterns
 */
export function noMigrationFound(patterns: readonly string[], configuration: string): RetortError {
  const named = patterns.map((pattern) => `"${pattern}"`).join(", ");
  return usageError(
    "none-found",
    `the DataSource's migrations ${named} match no file`,
    `retort migrate generate NAME    (writes the first), or correct \`migrations\` in ${configuration}`,
  );
}

export function memoryNotInitialized(): RetortError {
  return usageError(
    "not-initialized",
    "a database in memory belongs to one connection, and the DataSource is not initialised",
    "await dataSource.initialize(), then migrate(dataSource)",
  );
}

export function noTimestamp(name: string, file: string | undefined): RetortError {
  return usageError(
    "no-timestamp",
    `the migration ${name || "without a name"}${inFile(file)} has no timestamp: its class name must end in 13 digits`,
    `call it ${name || "Migration"}${Date.now()}`,
  );
}

export function duplicateName(name: string, files: readonly (string | undefined)[]): RetortError {
  const where = files.filter((file) => file !== undefined).join(" and ");
  return usageError(
    "same-name-twice",
    `two migrations are called ${name}${where && `: ${where}`}`,
    "rename one class, with a timestamp of its own",
  );
}

export function cannotConstruct(name: string, file: string | undefined, cause: unknown): RetortError {
  return usageError(
    "cannot-be-made",
    `the constructor of the migration ${name}${inFile(file)} throws: ${shortMessage(cause)}`,
    undefined,
    cause,
  );
}

/**
 * A migration was written for another database than that of the DataSource.
 * @param shown its file
 * @param more how many there are besides
 */
export function otherDatabase(shown: string, written: string, connected: string, more: number): RetortError {
  const others = more === 0 ? "" : ` (and ${more} more)`;
  return usageError(
    "other-database",
    `${shown}${others} is written for ${written}, and the DataSource's database is ${connected}; nothing was done`,
    "let `migrations` name a folder for each database (docs/migrate.md, Two databases); " +
      "if its SQL is right on both, remove the line // retort: and the property retort from it",
  );
}

export function unknownDatabaseWord(shown: string, word: string, known: readonly string[]): RetortError {
  return usageError(
    "unknown-database",
    `${shown} says that it is written for "${word}", which is no database that Retort knows${didYouMean(word, known)}`,
    `write // retort: ${known.join(", or ")}`,
  );
}

// Targets

export function unknownTarget(text: string, suggestion: string): RetortError {
  return usageError(
    "unknown-target",
    `there is no migration "${text}"${suggestion}`,
    "retort migrate status    (lists them)",
  );
}

export function ambiguousTarget(text: string, candidates: readonly string[]): RetortError {
  const shown = candidates.slice(0, 5).join(", ") + (candidates.length > 5 ? " …" : "");
  return usageError(
    "ambiguous-target",
    `"${text}" may be ${candidates.length} migrations: ${shown}`,
    "write more of its name",
  );
}

export function wrongDirection(text: string, command: string, instead: string): RetortError {
  return usageError("wrong-direction", `"${text}" is not a target of ${command}`, instead);
}

export function badCount(text: string): RetortError {
  return usageError("bad-count", `"${text}" is not a number of migrations`, "retort migrate redo 2");
}

export function tooFewApplied(wanted: number, applied: number): RetortError {
  return new RetortError(
    "migrate/past-the-base",
    applied === 0
      ? "nothing can be rolled back: no migration is applied"
      : `${wanted} migrations cannot be rolled back: only ${pluralize(applied, "is", "are")} applied`,
    { hint: applied === 0 ? "retort migrate status" : "retort migrate down base    (rolls all of them back)" },
  );
}

export function tooFewPending(wanted: number, pending: number): RetortError {
  return new RetortError(
    "migrate/past-the-head",
    `${pluralize(wanted, "migration")} cannot be applied: ${pending === 0 ? "none is" : `only ${pluralize(pending, "is", "are")}`} pending`,
    { hint: pending === 0 ? "retort migrate status" : "retort migrate up    (applies all of them)" },
  );
}

// Planning

export function fileMissing(name: string): RetortError {
  return new RetortError(
    "migrate/file-missing",
    `${name} is applied, but its file is missing: it cannot be rolled back`,
    {
      hint: "restore the file (git log --diff-filter=D --name-only), or: retort migrate stamp TARGET",
    },
  );
}

export function editedMigrations(names: readonly string[]): RetortError {
  return new RetortError(
    "migrate/edited",
    `${names.join(", ")} ${names.length === 1 ? "was" : "were"} edited after being applied (--strict)`,
    { hint: "restore the old text, and put the change into a new migration" },
  );
}

/** The rows that are there do not allow what a migration does; nothing was begun. */
export function wouldFail(name: string, problems: readonly string[]): RetortError {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more: retort migrate lint)` : "";
  return new RetortError("migrate/would-fail", `${name} must fail: ${problems[0]}${more}; nothing was run`, {
    hint: "fix the rows, or let an earlier migration fix them; --no-lint runs it anyway",
  });
}

/** A squashed migration cannot be run where some of its parts have been, nor count as applied. */
export function partlyReplacedError(name: string, missing: readonly string[]): RetortError {
  return new RetortError(
    "migrate/partly-replaced",
    `${name} was squashed from migrations of which some are applied here and some are not: ${missing.join(", ")}`,
    { hint: "restore the old files (git), retort migrate up, then use the squashed one again" },
  );
}

// Taking over

export function nothingToTakeOver(): RetortError {
  return new RetortError("migrate/nothing-to-take-over", "the database has no table; nothing was written", {
    hint: "retort migrate generate NAME    (writes a migration that creates what the entities declare)",
  });
}

/** A baseline would create what migrations that are not applied create. */
export function baselineBesidePending(names: readonly string[]): RetortError {
  return new RetortError(
    "migrate/pending",
    `${pluralize(names.length, "migration is", "migrations are")} pending (${names[0]!}${names.length > 1 ? " …" : ""}); nothing was written`,
    { hint: "if the database has what they do: retort migrate stamp head; else: retort migrate up" },
  );
}

/** @param withFile whether any of the applied migrations has a file */
export function baselineBesideApplied(names: readonly string[], withFile: boolean): RetortError {
  const are = pluralize(names.length, "migration is", "migrations are");
  return new RetortError(
    "migrate/already-applied",
    `${are} applied already (${names[0]!}${names.length > 1 ? " …" : ""}); nothing was written`,
    {
      hint: withFile
        ? "the project needs no baseline: retort migrate generate NAME goes on from here; one file for all of them: retort migrate squash base..head"
        : "retort migrate baseline --purge    (takes the place of what is applied and has no file)",
    },
  );
}

// Squashing

export function badRange(text: string): RetortError {
  return usageError("bad-range", `"${text}" is not a range of migrations`, "retort migrate squash FIRST..LAST");
}

export function tooFewToSquash(count: number): RetortError {
  return usageError(
    "too-few",
    `there ${count === 1 ? "is 1 migration" : `are ${count} migrations`} in that range`,
    "name two or more",
  );
}

export function rangePartlyApplied(names: readonly string[]): RetortError {
  return new RetortError(
    "migrate/unevenly-applied",
    `some of the range are applied and some are not: ${names.join(", ")}`,
    {
      hint: "retort migrate up",
    },
  );
}

export function sharesItsFile(name: string, file: string): RetortError {
  return usageError(
    "shares-its-file",
    `${file} would be deleted, and has ${name}, which is not in the range`,
    "give each class a file of its own, or squash all of the file's migrations",
  );
}

export function squashNotProven(problem: string): RetortError {
  return new RetortError(
    "migrate/squash-not-proven",
    `the squashed migration does not do the same as the originals: ${problem}`,
    {
      hint: "nothing was written; squash a smaller range",
    },
  );
}

// Running

/** Where and how a migration failed. */
export interface Failure {
  readonly name: string;
  readonly direction: "up" | "down";
  /** The file as one would type it. */
  readonly file: string | undefined;
  /** The statement that failed and its number, when it was a statement. */
  readonly statement?: { readonly number: number; readonly sql: string } | undefined;
  /** What became of it: "it was rolled back". */
  readonly outcome: string;
  readonly cause: unknown;
  /** What kept the statement from being done. */
  readonly kind: FailureKind;
}

/** What to do about a failure of the kind; the file is to be corrected where there is nothing to say. */
const ADVICE: Readonly<Partial<Record<FailureKind, string>>> = {
  rows: "retort migrate lint shows the rows; correct them",
  conversion: "correct the values that cannot be converted",
  permission: "grant the right to the user of the DataSource, or connect as the owner of the object",
  "read-only": "connect to the server that accepts writes",
  space: "make room on the disk of the database",
  connection: "look whether the server runs (retort doctor)",
};

/** How the file is to be corrected. */
const CORRECTIONS: Readonly<Partial<Record<FailureKind, string>>> = {
  missing: " (retort migrate check says what the database lacks)",
  name: " (a shorter name)",
  dependents: " (drop what needs it before, and create it again after)",
};

export function migrationFailed(failure: Failure): RetortError {
  const { name, direction, file, statement, outcome, cause, kind } = failure;
  const place = placeOf(statement);
  const message = shortMessage(cause);
  if (cause instanceof RetortError && cause.code === "migrate/lock-not-free")
    return new RetortError(cause.code, `${name} (${direction}) failed${place}: ${message}`, {
      hint: `${outcome}; ${cause.hint}`,
      retryable: true,
      cause,
    });
  const isThere = direction === "up" && kind === "exists";
  const stamp = isThere ? `if the database has all of it already: retort migrate stamp ${name}; else ` : "";
  const advice = ADVICE[kind] ?? `${stamp}correct ${file ?? name}${CORRECTIONS[kind] ?? ""}`;
  return new RetortError("migrate/failed", `${name} (${direction}) failed${place}: ${message}`, {
    hint: `${outcome}; ${advice}, then: retort migrate ${direction}`,
    ...(kind === "connection" && { retryable: true }),
    cause,
  });
}

export function leftHalfApplied(failure: Failure): RetortError {
  const { name, direction, file, statement, outcome, cause, kind } = failure;
  const place = placeOf(statement);
  const advice = ADVICE[kind] ?? `correct ${file ?? name} or the rows${CORRECTIONS[kind] ?? ""}`;
  return new RetortError("migrate/half-applied", `${name} (${direction}) failed${place}: ${shortMessage(cause)}`, {
    hint: `${outcome}; ${advice}, then: retort migrate ${direction}    (resumes there)`,
    exitCode: ExitCode.halfApplied,
    cause,
  });
}

/** Rows that point at nothing, found before the commit. */
export function danglingKeys(name: string, direction: string, found: readonly string[]): RetortError {
  return new RetortError(
    "migrate/dangling-keys",
    `${name} (${direction}) failed: it would leave ${found.join(" and ")}`,
    {
      hint: "it was rolled back; delete those rows in the migration, or keep the rows that they reference",
    },
  );
}

/** A migration that needs what it has itself changed cannot be shown without being run. */
export function cannotBeShown(name: string, direction: string, cause: unknown): RetortError {
  return new RetortError(
    "migrate/cannot-be-shown",
    `${name} (${direction}) cannot be shown without being run: ${shortMessage(cause)}`,
    { hint: "try it on a copy of the database", cause },
  );
}

export function noScratch(cause: unknown): RetortError {
  return new RetortError("migrate/no-scratch", `no scratch database can be created: ${shortMessage(cause)}`, {
    hint: "let the user create databases (PostgreSQL: ALTER USER … CREATEDB; MySQL: GRANT CREATE ON *.*), or use another one",
    cause,
  });
}

export function cannotCopy(cause: unknown): RetortError {
  return new RetortError("migrate/no-copy", `the schema cannot be copied: ${shortMessage(cause)}`, {
    hint: "retort migrate generate --verbose    (shows the statement)",
    cause,
  });
}

/** @param differences what the copy lacks or has otherwise, a line each */
export function copyDiffers(differences: readonly string[]): RetortError {
  const more = differences.length > 2 ? ` (and ${differences.length - 2} more)` : "";
  return new RetortError(
    "migrate/no-copy",
    `the scratch database is not like the project's: ${differences.slice(0, 2).join("; ")}${more}`,
  );
}

export function notProven(name: string, problem: string): RetortError {
  return new RetortError("migrate/not-proven", `${name} failed verification: ${problem}`, {
    hint: "the project's database was not touched; correct the migration, then: retort migrate verify",
  });
}

/** The lock, or the write lock of the database, cannot be had at all. */
export function cannotWrite(cause: unknown): RetortError {
  return new RetortError("migrate/cannot-write", `the database cannot be written to: ${shortMessage(cause)}`, {
    hint: "check the owner and the permissions of the file and its folder, or the user's rights",
    cause,
  });
}

export function lockTimeout(milliseconds: number, what: string): RetortError {
  return new RetortError("migrate/locked", `${what} for ${milliseconds / 1000} s`, {
    hint: "try again, or wait longer: --lock-timeout 60",
    exitCode: ExitCode.locked,
    retryable: true,
  });
}

export function lockLost(name: string): RetortError {
  return new RetortError(
    "migrate/lock-lost",
    `the connection that held the migration lock was lost; ${name} was not started`,
    {
      hint: "retort migrate up",
      retryable: true,
    },
  );
}

/** @param milliseconds how long a lease lasts without being renewed */
export function leaseLost(milliseconds: number): RetortError {
  return new RetortError(
    "migrate/lock-lost",
    `another run took over the migration lock, because this one did not renew it for ${milliseconds / 1000} s; this one was stopped, and its open transaction rolled back`,
    { hint: "retort migrate status", retryable: true },
  );
}

/** A lock of the database that others had for too long. @param holders who, where the server says it */
export function lockNotFree(
  milliseconds: number,
  tries: number,
  holders: string | undefined,
  cause: unknown,
): RetortError {
  const who = holders === undefined ? "" : `; ${holders}`;
  return new RetortError(
    "migrate/lock-not-free",
    `a lock was not free within ${milliseconds / 1000} s, in ${pluralize(tries, "try", "tries")}${who}`,
    { hint: "end what holds it, or wait longer: --ddl-lock-timeout 30", retryable: true, cause },
  );
}

/** Whether another run may have the migration lock: what it does must not be touched. */
export function isLockLost(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "migrate/lock-lost";
}

// Half-applied history

export function halfAppliedError(name: string, direction: "up" | "down", statements: number): RetortError {
  const what = direction === "up" ? "applied" : "rolled back";
  return new RetortError(
    "migrate/half-applied",
    `${name} is only half ${what}: ${pluralize(statements, "statement is", "statements are")} done`,
    {
      hint: `retort migrate ${direction}    (resumes there), or finish it by hand and: retort migrate stamp TARGET`,
      exitCode: ExitCode.halfApplied,
    },
  );
}

export function cannotResume(name: string, position: number, done: string, now: string | undefined): RetortError {
  const says = now === undefined ? "ends before it" : `now says ${shorten(now, 60)}`;
  return new RetortError(
    "migrate/cannot-go-on",
    `${name} is half-applied, and its file has changed: statement ${position} was ${shorten(done, 60)}; the file ${says}`,
    {
      hint: "put the statements that are done back into the file, or finish by hand and: retort migrate stamp TARGET",
      exitCode: ExitCode.halfApplied,
    },
  );
}

function placeOf(statement: Failure["statement"]): string {
  if (!statement) return "";
  return statement.number === 0 ? " at the commit" : ` at statement ${statement.number}, ${shorten(statement.sql)}`;
}

function inFile(file: string | undefined): string {
  return file === undefined ? "" : ` in ${file}`;
}

/** A path as messages show it: relative to the project's folder. */
export function displayPath(root: string, file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative.split(path.sep).join("/");
}

function fileExists(file: string): RetortError {
  return new RetortError("migrate/file-exists", `${file} already exists`, { hint: "choose another name" });
}

/** A migration file that could not be written: it exists, the disk is full, its folder is not writable. */
export function fileNotWritten(file: string, cause: unknown): RetortError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "EEXIST") return fileExists(file);
  // `ENOSPC: no space left on device, write`
  const why = message.replace(/^[A-Z]+: |, \w+( '.*)?$/g, "");
  return new RetortError("migrate/file-not-written", `${file} cannot be written: ${why}`, {
    hint: "nothing was written; make room, or check the folder's permissions",
    cause,
  });
}

// Commands that read

/**
 * The database refused a statement of a command, which is no migration's.
 * @param command as it is typed
 */
export function statementRefused(command: string, kind: FailureKind, cause: unknown): RetortError {
  const { query } = (cause ?? {}) as { query?: unknown };
  const statement = typeof query === "string" ? ` (${shorten(query)})` : "";
  const advice = ADVICE[kind] ?? `${command} --verbose shows where it comes from`;
  return new RetortError("migrate/refused", `${command}: ${shortMessage(cause)}${statement}`, {
    hint: kind in ADVICE ? `${advice}, then: ${command}` : advice,
    ...(kind === "connection" && { retryable: true }),
    cause,
  });
}
