import type { Database } from "../session/database";
import type { EscapedText } from "../terminal/escaped-text";
import type { Evaluator } from "./evaluate/evaluator";
import type { Names } from "./names";
import type { ShellOptions } from "./options";
import type { Entities } from "./print/entities";
import type { Output } from "./print/output";
import type { Restrictions } from "./restrictions";
import type { StatementSummary } from "./sql/statement-stats";

/** What an interactive terminal can do and a pipe cannot. */
export interface Terminal {
  /** The inputs of this project, oldest first. */
  readonly history: { readonly entries: readonly string[] };
  /** Shows lines page by page. */
  page(lines: AsyncIterable<readonly EscapedText[]>): Promise<void>;
  /** Asks a question that one key answers; gives the letter, or "" where it was cancelled. */
  ask(question: EscapedText): Promise<string>;
  /** The next input takes several lines, until Ctrl-D. */
  compose(): void;
}

/** An input that succeeded, and whether its value was printed. */
export interface SavedInput {
  readonly text: string;
  readonly isPrinted: boolean;
}

export interface RunOptions {
  /** Whether more statements follow at once: the values of assignments are not printed then. */
  readonly hasMore?: boolean;
  /** Lines before the statement in the text that it was taken from; they count in the location of an error. */
  readonly linesBefore?: number;
}

/** The state and functions of the shell that commands, help, completion and the prompt use. */
export interface ShellContext {
  readonly options: ShellOptions;
  readonly restrictions: Restrictions;
  /** Replaced by `.reload`, as `entities` is. */
  readonly db: Database;
  readonly entities: Entities;
  readonly names: Names;
  readonly output: Output;
  readonly evaluator: Evaluator;
  /** Undefined in a pipe and with `-e`. */
  readonly terminal: Terminal | undefined;
  /** The inputs that succeeded, for `.save`. */
  readonly inputs: readonly SavedInput[];
  /** What the last input sent. */
  readonly statements: StatementSummary;
  /** The error of the last input, where it failed. */
  readonly lastError: unknown;
  /** The number of objects that a commit would write. */
  readonly unsaved: number;
  /** Set by `.exit`. */
  isExiting: boolean;
  /** Prints the SQL that is sent: `.echo`. */
  isEchoing: boolean;
  /** Prints how long each input took as a whole: `.timing`. */
  isTiming: boolean;

  /**
   * Runs a statement and prints its value or its error.
   * @returns whether it succeeded
   */
  run(text: string, options?: RunOptions): Promise<boolean>;
  /** Runs a whole text (a file) as if it were typed, up to the first error. @returns whether all of it succeeded */
  runText(text: string): Promise<boolean>;
  /** The value of an expression; prints nothing. @throws what the expression throws */
  valueOf(text: string): Promise<unknown>;
  /** Does the work of a command and prints a summary of the statements that it sent. */
  summarized<T>(work: () => Promise<T>): Promise<T>;
  /** Commits and prints a summary or the error. @returns whether it succeeded */
  commit(): Promise<boolean>;
  /** Prints an error that did not come from a statement. */
  reportError(error: unknown): void;
  /** Ends the running statement, in the database as well. */
  interrupt(): void;
  /** @throws Interrupted where Ctrl-C was pressed: for the long work of commands */
  throwIfInterrupted(): void;
  /**
   * Continues with another database under its restrictions, after the project was loaded again.
   * @param names those of the project's start file
   */
  useDatabase(db: Database, restrictions: Restrictions, names?: Readonly<Record<string, unknown>>): void;
}
