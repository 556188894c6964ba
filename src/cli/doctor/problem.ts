import { RetortError, shortMessage } from "../../errors";

/** Something that is wrong with a project, and what to do about it. */
export interface Problem {
  /** Stable: that of the error that another command would end with, or `doctor/…`. */
  readonly code: string;
  /** One line. */
  readonly message: string;
  /** The next thing to type or to change. */
  readonly hint: string | undefined;
}

/** The problem that an error tells of. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RetortError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "doctor/error", message: shortMessage(error), hint: "add --verbose to see where it comes from" };
}
