/** Why a column cannot take a value. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** Follows "User.age cannot be 300: ". */
  readonly words: string;
  readonly hint?: string | undefined;
}

export type RefusalReason =
  /** NULL, where the column has to have a value. */
  | "missing"
  | "wrong-type"
  | "not-a-number"
  | "invalid-date"
  | "cyclic"
  // Some databases accept these, and store another value or none.
  | "too-long"
  | "out-of-range"
  | "inexact";

/** Examines a value that is not null; undefined where the column stores it unchanged. */
export type Inspector = (value: unknown) => Refusal | undefined;

/** Refusals that are left to the database in a session that is not `strict`. */
export function isLeftToDatabase({ reason }: Refusal): boolean {
  return reason === "too-long" || reason === "out-of-range" || reason === "inexact";
}

export function wrongType(words: string, hint?: string): Refusal {
  return { reason: "wrong-type", words, hint };
}

export function inexact(words: string, hint?: string): Refusal {
  return { reason: "inexact", words, hint };
}

export const NOT_A_NUMBER: Refusal = {
  reason: "not-a-number",
  words: "it is not a number",
  hint: "use null for an unknown number",
};
