import type { Repl } from "../repl";

/** A dot-command. The table of them is what `.help` prints and what Tab completes. */
export interface DotCommand {
  readonly name: string;
  /** What follows the name: `[Entity]`, `on|off`. */
  readonly takes?: string;
  /** One line for `.help`. */
  readonly summary: string;
  /** More lines for `.help name`. */
  readonly details?: readonly string[];
  /** What Tab offers after the name. */
  completions?(sitting: Repl): readonly string[];
  /** Does it. Gives whether it succeeded, where it does not throw; nothing counts as yes. */
  run(argument: string, sitting: Repl): Promise<boolean | void> | boolean | void;
}
