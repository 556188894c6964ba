import { pluralize } from "../../text";
import { ExitCode, RetortError, shortMessage } from "../../errors";
import type { Question } from "./question";

export function unanswered(questions: readonly Question[]): RetortError {
  const lines = questions.map(
    ({ text, query, choices }) =>
      `  ${text}\n${query === undefined ? "" : `    ${query}\n`}${choices.map(({ flag, text: says }) => `    ${flag}    (${says})`).join("\n")}`,
  );
  const subject = questions.length === 1 ? "one change needs an answer" : `${questions.length} changes need an answer`;
  return new RetortError("migrate/unanswered", `${subject}, nothing was written:\n${lines.join("\n")}`, {
    hint: `retort migrate generate, with ${questions.length === 1 ? "one of these flags" : "one of its flags for each"}`,
  });
}

export function badResolution(flag: string, form: string): RetortError {
  return new RetortError("migrate/bad-answer", `${flag} is not valid`, {
    hint: `write ${form}`,
    exitCode: ExitCode.usage,
  });
}

export function unusedResolution(flag: string, suggestion: string | undefined): RetortError {
  return new RetortError("migrate/useless-answer", `${flag} matches no change`, {
    exitCode: ExitCode.usage,
    ...(suggestion !== undefined && { hint: `did you mean ${suggestion}` }),
  });
}

export function conflictingResolutions(subject: string, flags: readonly string[]): RetortError {
  return new RetortError("migrate/answered-twice", `${subject} has two answers: ${flags.join(" and ")}`, {
    hint: "keep one of them",
    exitCode: ExitCode.usage,
  });
}

export function badValue(problem: string, column: string): RetortError {
  return new RetortError("migrate/bad-value", problem, {
    hint: `--backfill ${column}=VALUE, or an SQL expression in parentheses`,
    exitCode: ExitCode.usage,
  });
}

export function pendingMigrations(names: readonly string[]): RetortError {
  const are = pluralize(names.length, "migration is", "migrations are");
  return new RetortError("migrate/pending", `${are} pending; nothing was written`, { hint: "retort migrate up" });
}

export function tableNotReadable(table: string, cause: unknown): RetortError {
  return new RetortError(
    "migrate/not-readable",
    `the rows of table "${table}" cannot be read: ${shortMessage(cause)}`,
    {
      hint: `leave the table alone with "retort": { "migrations": { "ignore": ["${table}"] } } in package.json, or grant SELECT`,
      cause,
    },
  );
}

export function entitiesNotAccepted(table: string, cause: unknown): RetortError {
  const reason = shortMessage(cause);
  return new RetortError("migrate/entities", `the database does not accept the entities' ${table}: ${reason}`, {
    hint: "correct the entity, then generate again",
    exitCode: ExitCode.usage,
    cause,
  });
}

export function proofFailed(what: string, cause?: unknown): RetortError {
  return new RetortError(
    "migrate/proof",
    `the migration failed its trial on a scratch database: ${what}; nothing was written`,
    {
      hint: "write it by hand: retort migrate create NAME",
      ...(cause !== undefined && { cause }),
    },
  );
}

export function nothingToBatch(): RetortError {
  return new RetortError("migrate/nothing-to-batch", "--batched: no rows get a value; nothing was written", {
    hint: "name the value with --backfill User.age=0, or leave --batched out",
    exitCode: ExitCode.usage,
  });
}

export function keyMissing(table: string): RetortError {
  return new RetortError(
    "migrate/key-missing",
    `--batched: ${table} has no primary key that batches could follow; nothing was written`,
    { hint: "leave --batched out: all rows get their value in one statement" },
  );
}

export function batchesAndTriggers(table: string, trigger: string): RetortError {
  return new RetortError(
    "migrate/batches-and-triggers",
    `--batched: the trigger "${trigger}" of ${table} would see every row that is filled; nothing was written`,
    { hint: "leave --batched out: the trigger is off for the one statement; or drop it in a migration before" },
  );
}

export function noProof(reason: string): RetortError {
  return new RetortError("migrate/no-proof", `the migration cannot be proven: ${reason}; nothing was written`, {
    hint: "without --require-proof it is written, and says so",
  });
}

/** Why the existing rows do not allow a change, and a query that selects them. */
export interface RowProblem {
  readonly text: string;
  readonly query?: string | undefined;
}

/** The statements are correct, but the rows do not meet them: a duplicate value before UNIQUE, a foreign key that references no row. */
export function rowsDoNotAllow(refusals: readonly RowProblem[], cause: unknown): RetortError {
  const hint = "fix the rows, then generate again";
  if (refusals.length === 0) {
    const message = `the existing rows do not allow it: ${shortMessage(cause)}; nothing was written`;
    return new RetortError("migrate/rows", message, { hint, cause });
  }
  const lines = refusals.map(({ text, query }) => `  ${text}${query === undefined ? "" : `\n    ${query}`}`);
  return new RetortError(
    "migrate/rows",
    `the existing rows do not allow it; nothing was written:\n${lines.join("\n")}`,
    { hint, cause },
  );
}

/** `down` gives all rows of a dropped column the same value, which its constraint (UNIQUE) does not allow. */
export function downRefused(dropped: readonly string[], cause: unknown): RetortError {
  const flags = dropped.map((column) => `--backfill "${column}=(EXPRESSION)"`).join(" ");
  return new RetortError(
    "migrate/rows",
    `the existing rows do not allow down: ${shortMessage(cause)}; nothing was written`,
    {
      hint: flags
        ? `give the value for the rows on down, as in ('x' || id): ${flags}`
        : "fix the rows, then generate again",
      cause,
    },
  );
}

export function badName(name: string): RetortError {
  return new RetortError("migrate/bad-name", `"${name}" has no letter or digit for a name`, {
    hint: 'retort migrate generate "posts table"',
    exitCode: ExitCode.usage,
  });
}
