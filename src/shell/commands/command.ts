import type { ShellContext } from "../context";

/** A dot-command; `.help` and completion read the table of them. */
export interface DotCommand {
  readonly name: string;
  /** What follows the name: `[Entity]`, `on|off`. */
  readonly takes?: string;
  /** One line for `.help`. */
  readonly summary: string;
  /** More lines for `.help name`. */
  readonly details?: readonly string[];
  /** Completions of the argument. */
  completions?(shell: ShellContext): readonly string[];
  /** @returns whether it succeeded; undefined counts as success */
  run(argument: string, shell: ShellContext): Promise<boolean | void> | boolean | void;
}
