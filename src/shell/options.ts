import type { Database } from "../session/database";

/**
 * How much the shell prints: at a terminal values, notes and statement summaries; in a pipe what was asked for; with `-e` the
 * value of the last expression.
 */
export type OutputMode = "terminal" | "pipe" | "once";

/** How values are printed: `table` for people, the others for programs. */
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

/** The migrate commands, which the command line hands in: the shell does not import them. */
export interface MigrateHook {
  /** The number of migrations that are not applied yet. Sends at most one SELECT. */
  pending(): Promise<number>;
  /**
   * Runs `retort migrate …args` and gives its exit code. Its output goes to the shell's streams.
   * @param readOnly the database refuses every write of the command
   */
  run(args: readonly string[], readOnly: boolean): Promise<number>;
}

export interface ShellOptions {
  readonly db: Database;
  /** The project's folder: imports are resolved there, and the history is kept for it. */
  readonly root: string;
  readonly settings?: ShellSettings;

  readonly input: NodeJS.ReadStream | NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly error: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;

  /** `-e CODE`: evaluates the code, prints the value of the last expression and ends. */
  readonly evaluate?: string | undefined;
  readonly sandbox?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  /** Opens a guarded (remote) host for writing. */
  readonly write?: boolean | undefined;
  readonly echo?: boolean | undefined;
  readonly format?: ResultFormat | undefined;
  /** Where the history is kept. Default: one file a project below the user's state folder. */
  readonly historyFile?: string | undefined;
  /** Adds stack traces to errors. */
  readonly verbose?: boolean | undefined;

  /** Loads a TypeScript or JavaScript file of the project through the project's compiler. */
  load?(file: string): Promise<Record<string, unknown>>;
  /** More names at the prompt, of the project's start file; asked for at the start and after `.reload`. */
  namesOf?(db: Database): Promise<Record<string, unknown>>;
  readonly migrate?: MigrateHook | undefined;
  /** Loads the project's entity files again and gives a database with the same connection settings. */
  reload?(): Promise<Database>;
}
