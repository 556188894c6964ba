import { restrict, restrictionsOf } from "./restrictions";
import { evaluateOnce, readPipe } from "./pipe";
import { Repl, type OutputMode } from "./repl";
import type { ShellDatabase } from "./world";

/** How results are written. `table` is for people; the others are for scripts. */
export type ResultFormat = "table" | "json" | "csv" | "ndjson";

/** The part of the project's `retort` settings that the shell reads. */
export interface ShellSettings {
  /** More names at the prompt. */
  readonly names?: Record<string, unknown>;
  /** Columns printed as `••••` besides the usual ones: `token`, or `User.token`. */
  readonly secrets?: readonly string[];
  /** Hosts that open read-only unless `--write` is given, although they look local. */
  readonly guard?: readonly string[];
  /** Hosts that open for writing, although they look remote. */
  readonly trust?: readonly string[];
}

/** What the shell may do with migrations; the CLI hands it in, since the shell does not know them. */
export interface MigrateHook {
  /** How many migrations are not applied yet. Sends one SELECT at the most. */
  pending(): Promise<number>;
  /** Runs `retort migrate …args` on the shell's own DataSource, printing to its streams; gives the exit code. */
  run(args: readonly string[]): Promise<number>;
}

export interface ShellOptions {
  readonly db: ShellDatabase;
  /** The project's folder: imports are resolved there and the history is kept for it. */
  readonly root: string;
  readonly settings?: ShellSettings;

  readonly input: NodeJS.ReadStream | NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly error: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;

  /** `-e CODE`: evaluates, prints the value of the last expression, and is done. */
  readonly evaluate?: string | undefined;
  /** `retort run FILE`: runs this file with the prompt's names at hand, and is done. */
  readonly file?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  /** Opens a guarded (remote) host for writing. */
  readonly write?: boolean | undefined;
  readonly echo?: boolean | undefined;
  readonly format?: ResultFormat | undefined;
  /** Where the history is kept; default: one file a project below the user's state folder. */
  readonly historyFile?: string | undefined;
  /** Adds stack traces to errors. */
  readonly verbose?: boolean | undefined;

  /** Loads a TypeScript or JavaScript file of the project through the project's compiler. */
  load?(file: string): Promise<Record<string, unknown>>;
  readonly migrate?: MigrateHook | undefined;
  /** Loads the project's entity files again, and gives a database over the same DataSource's connection settings. */
  reload?(): Promise<ShellDatabase>;
}

/**
 * The prompt, the pipe, `-e` or one file, whichever the options ask for.
 * Closes the session when it ends; closing `db` remains the caller's.
 * @returns the exit code: 0 done, 1 a statement failed or unsaved changes were left in a pipe.
 */
export async function openShell(options: ShellOptions): Promise<number> {
  const manner = mannerOf(options);
  const restrictions = restrictionsOf(options);
  await restrict(options.db, restrictions);
  const sitting = new Repl(options, manner, restrictions);
  try {
    if (options.evaluate !== undefined) return await evaluateOnce(sitting, options.evaluate);
    if (manner === "pipe") return await readPipe(sitting);

    const { openPrompt } = require("./prompt/prompt") as typeof import("./prompt/prompt");
    return await openPrompt(sitting);
  } finally {
    sitting.close();
    // Rolls back what is open, the sandbox among it.
    await sitting.db.session.close();
  }
}

function mannerOf({ evaluate, input, output }: ShellOptions): OutputMode {
  if (evaluate !== undefined) return "once";
  return (input as { isTTY?: boolean }).isTTY && (output as { isTTY?: boolean }).isTTY ? "terminal" : "pipe";
}
