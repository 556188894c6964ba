/** A change that is not made without an answer, because rows could be lost or a value is needed. */
export interface Question {
  readonly about: "table" | "column" | "index" | "view" | "values" | "narrowing";
  /** One line, with the number of rows. */
  readonly text: string;
  /** A SELECT that shows them. */
  readonly query?: string | undefined;
  /** The number of rows that the change concerns. */
  readonly rows: number;
  /** At least one. */
  readonly choices: readonly Choice[];
}

export interface Choice {
  /** The flag that gives this answer in a script: `--drop User.legacy`. */
  readonly flag: string;
  readonly text: string;
  /** The flag ends in `VALUE`, a placeholder for a value that has to be asked for. */
  readonly wantsValue?: boolean;
  /** Says what is wrong with a value, so that it can be asked for again. */
  readonly problem?: (value: string) => string | undefined;
}

/** Asks the question on a terminal; resolves to the flag of the chosen answer, with VALUE replaced. */
export type Ask = (question: Question) => Promise<string>;
