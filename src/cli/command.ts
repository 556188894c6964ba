import type { DataSource } from "typeorm";
import type { DatabaseUse } from "../config/open";
import type { Project } from "../config/project";
import type { ExitCode } from "../errors";
import type { Database } from "../session/database";
import type { EscapedText } from "../terminal/escaped-text";
import type { Style } from "../terminal/style";

/**
 * One command of the command line, as data: the parser and the help are both made from it.
 *
 * ```ts
 * export const up: Command = {
 *   name: "up",
 *   aliases: ["upgrade"],
 *   arguments: "[target]",
 *   summary: "brings the database up to a migration (default: head)",
 *   options: [{ flags: "--sql", summary: "print the statements, run nothing" }],
 *   load: () => require("./up") as typeof import("./up"),
 * };
 * ```
 */
export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Other names that work but are left out of the help. */
  readonly hiddenAliases?: readonly string[];
  /** The arguments in commander's notation: `<required>`, `[optional]`, `[many...]`. */
  readonly arguments?: string;
  /** One line for the list of commands: begins small, ends without a full stop. */
  readonly summary: string;
  /** Examples and details, printed below the options. */
  readonly details?: string;
  readonly options?: readonly CommandOption[];
  /** The commands of a group; a group has no action of its own. */
  readonly commands?: readonly Command[];
  /** Everything after the first argument is passed to the command, options included (`retort run FILE --force`). */
  readonly passThrough?: boolean;
  /** Requires the module of the action when the command runs, which keeps the start-up short. */
  readonly load?: () => ActionModule;
}

/** One option of a command; `flags` is in commander's notation: `-m, --message <name>`. */
export interface CommandOption {
  readonly flags: string;
  readonly summary: string;
  readonly default?: unknown;
  readonly choices?: readonly string[];
  /** Works, but is left out of the help. */
  readonly hidden?: boolean;
  /** May be given many times; the values come as an array (none given: undefined). */
  readonly repeatable?: boolean;
  /** Turns the text into a value; throws a `RetortError` with exit code 2 when it cannot. */
  readonly parse?: (text: string) => unknown;
}

export interface ActionModule {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each action states the options of its own command
  readonly run: Action<any>;
}

/** Runs a command. It returns the exit code (undefined: 0) and throws `RetortError`s, which the caller prints. */
export type Action<Options extends object = object> = (
  context: CommandContext<Options>,
) => Promise<ExitCode | undefined | void>;

/** Options that every command takes. */
export interface GlobalOptions {
  readonly dataSource?: string;
  readonly name?: string;
  readonly verbose?: boolean;
}

/** The process's streams and environment, which tests replace. */
export interface IO {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** The context of a command. Everything that takes time is a function, whose result is kept. */
export interface CommandContext<Options extends object = object> {
  readonly io: IO;
  /** The arguments in the order of `Command.arguments`, as far as they were given. */
  readonly args: readonly string[];
  readonly options: Options & GlobalOptions;
  /** Colours for stdout; plain text where stdout is no terminal or NO_COLOR is set. */
  readonly style: Style;
  /** Colours for stderr. */
  readonly noteStyle: Style;
  /** Writes a line of data to stdout; a terminal gets it escaped. */
  print(line?: string): void;
  /** Writes a line with styles to stdout. */
  printStyled(line: EscapedText): void;
  /** Writes a line that is not data to stderr, escaped. */
  note(line: string): void;
  /** Writes a line with styles to stderr. */
  noteStyled(line: EscapedText): void;
  /** Writes a line about the work itself to stderr, dim: `retort: read .env`. */
  remark(line: string): void;
  /** Finds and loads the project's configuration; no connection is made. */
  project(): Promise<Project>;
  /** Takes another project than the one that is found. */
  useProject(load: () => Promise<Project>): void;
  /**
   * The project's DataSource, connected and with its metadata built; it is closed after the command. `synchronize`, `migrationsRun` and
   * `dropSchema` of the configuration are ignored: only commands for it change the schema.
   */
  dataSource(access: DatabaseUse): Promise<DataSource>;
  /** The same as a `Database` of the session layer, for commands that work with entities. */
  database(access: DatabaseUse): Promise<Database>;
}
