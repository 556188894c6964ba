import { Command as Parser, CommanderError, Option } from "commander";
import { RetortError } from "../errors";
import type { Command, CommandOption, GlobalOptions } from "./command";
import { commandMissing, invalidUsage, unknownCommand, unknownOption } from "./errors";
import { ansi, trusted, type EscapedText } from "../terminal/escaped-text";
import type { Style } from "../terminal/style";
import { otherCommand } from "../other-tools";

/** What the command line asks for. */
export type Request =
  | { readonly kind: "text"; readonly text: EscapedText }
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly args: readonly string[];
      readonly options: GlobalOptions & Record<string, unknown>;
    };

const EVERYWHERE = "Options everywhere:";

/** The help is no wider than this. */
const HELP_COLUMNS = 100;

/** Taken by every command, before or after its name. */
const GLOBAL_OPTIONS: readonly CommandOption[] = [
  { flags: "-d, --data-source <file>", summary: "the file that exports the DataSource (default: found)" },
  { flags: "--name <export>", summary: "which of its exports, where it has several" },
  { flags: "--verbose", summary: "add stack traces and causes to errors" },
];

/**
 * Reads the arguments.
 * @param argv without node and the script
 * @param columns of the terminal, for the help
 * @throws RetortError exit code 2, with "did you mean"
 */
export function parse(
  argv: readonly string[],
  commands: readonly Command[],
  version: string,
  style: Style,
  columns = HELP_COLUMNS,
): Request {
  const program = new Program(commands, version, style, Math.min(columns, HELP_COLUMNS));
  return program.parse(withDefaultCommand(helpAsOption(argv), commands[0]!));
}

/** `retort help migrate up` and `retort migrate help up` are `retort migrate up --help`. */
function helpAsOption(argv: readonly string[]): readonly string[] {
  const index = argv.findIndex((word, position) => word === "help" || word.startsWith("-") || position > 1);
  if (argv[index] !== "help") return argv;
  return [...argv.slice(0, index), ...argv.slice(index + 1), "--help"];
}

/** `retort` alone, or with options only, means the first command of the table. */
function withDefaultCommand(argv: readonly string[], first: Command): readonly string[] {
  const options = [...GLOBAL_OPTIONS, ...(first.options ?? [])];
  const takesValue = new Set(options.filter(hasValue).flatMap(flagsOf));
  const known = new Set(options.flatMap(flagsOf));
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!;
    if (/^(-h|--help|-V|--version)$/.test(word) || !/^-./.test(word)) return argv;
    // An unknown option may take a value, which would be read as a command: report the option.
    if (!known.has(word.split("=")[0]!) && !takesValue.has(word.slice(0, 2))) break;
    if (takesValue.has(word)) index++;
  }
  return [first.name, ...argv];
}

function hasValue({ flags }: CommandOption): boolean {
  return /[<[]/.test(flags);
}

/** `-m, --message <name>` → `-m`, `--message` */
function flagsOf({ flags }: CommandOption): string[] {
  return flags.split(/[ ,|]+/).filter((word) => word.startsWith("-"));
}

/** Builds the parser of commander from the table, and turns its errors into RetortErrors. */
class Program {
  readonly #root: Parser;
  readonly #style: Style;
  readonly #columns: number;
  /** The names of a command in the list of its group. */
  readonly #titles = new Map<Parser, string>();
  #request: Request | undefined;
  #text = "";
  /** The command whose arguments are parsed, for error messages. */
  #current: Parser;

  constructor(commands: readonly Command[], version: string, style: Style, columns: number) {
    this.#style = style;
    this.#columns = columns;
    this.#root = this.#configured(new Parser("retort"));
    this.#root
      .description("For TypeORM what flask shell and Flask-Migrate are for Flask.")
      .usage("[command] [options]")
      .version(version, "-V, --version", "print the version")
      .helpCommand("help [command]", "explains a command");
    this.#globalOptions(this.#root).addHelpText(
      "after",
      `\n${style.bold(ansi`Without a command`)} retort opens the shell.`,
    );
    this.#current = this.#root;
    for (const command of commands) this.#root.addCommand(this.#parserFor(command));
  }

  parse(argv: readonly string[]): Request {
    try {
      this.#root.parse(argv, { from: "user" });
    } catch (error) {
      if (error instanceof RetortError) throw this.#inOtherWords(argv, error);
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return { kind: "text", text: trusted(this.#text) };
      throw this.#inOtherWords(argv, this.#errorOf(error));
    }
    return this.#request ?? { kind: "text", text: trusted(this.#root.helpInformation()) };
  }

  #parserFor(command: Command): Parser {
    const parser = this.#configured(new Parser(command.name))
      .summary(command.summary)
      .description(sentence(command.summary));
    parser.aliases([...(command.aliases ?? []), ...(command.hiddenAliases ?? [])]);
    this.#titles.set(parser, [command.name, ...(command.aliases ?? [])].join(", "));
    for (const option of command.options ?? []) parser.addOption(optionFor(option));
    this.#globalOptions(parser);
    if (command.details) parser.addHelpText("after", `\n${command.details}`);
    if (command.commands) return this.#groupOf(parser, command.commands);
    if (command.arguments) parser.arguments(command.arguments);
    parser.passThroughOptions(command.passThrough === true);
    return parser.action(() => {
      const args = parser.processedArgs.flat().filter((one): one is string => typeof one === "string");
      this.#request = { kind: "command", command, args, options: mergedOptions(parser) };
    });
  }

  #groupOf(parser: Parser, commands: readonly Command[]): Parser {
    for (const one of commands) parser.addCommand(this.#parserFor(one));
    parser.helpCommand(false).allowExcessArguments(true).usage("<command> [options]");
    return parser.action(() => {
      const [word] = parser.args;
      const names = namesOf(parser);
      throw word === undefined ? commandMissing(pathOf(parser)) : unknownCommand(word, pathOf(parser), names);
    });
  }

  #globalOptions(parser: Parser): Parser {
    for (const option of GLOBAL_OPTIONS) parser.addOption(optionFor(option).helpGroup(EVERYWHERE));
    return parser.addHelpOption(new Option("-h, --help", "explain this command").helpGroup(EVERYWHERE));
  }

  #configured(parser: Parser): Parser {
    return parser
      .exitOverride()
      .enablePositionalOptions()
      .allowExcessArguments(false)
      .showSuggestionAfterError(false)
      .hook("preSubcommand", (_, subcommand) => void (this.#current = subcommand))
      .configureHelp({
        showGlobalOptions: false,
        styleTitle: (text) => this.#style.bold(trusted(text)),
        styleSubcommandTerm: (text) => this.#style.accent(trusted(text)),
        styleOptionTerm: (text) => this.#style.accent(trusted(text)),
        commandUsage: (one) => `${pathOf(one)} ${one.usage()}`,
        subcommandTerm: (one) => (this.#titles.get(one) ?? one.name()) + argumentsOf(one),
        optionDescription: describe,
      })
      .configureOutput({
        writeOut: (text) => void (this.#text += text),
        writeErr: () => undefined,
        getOutHelpWidth: () => this.#columns,
      });
  }

  /** An error with the command that does what another tool calls so: `retort db migrate -m text`. */
  #inOtherWords(argv: readonly string[], error: RetortError): RetortError {
    if (!/^cli\/(?:unknown-command|unknown-option)$/.test(error.code)) return error;
    const { command } = otherCommand(argv.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" "));
    // An option that a command of retort does not have.
    if (command === undefined || pathOf(this.#current) === `retort ${command}`) return error;
    return new RetortError(error.code, error.message, { exitCode: error.exitCode, hint: `retort ${command}` });
  }

  #errorOf(error: CommanderError): RetortError {
    const parser = this.#current;
    const word = /'([^']*)'/.exec(error.message)?.[1] ?? "";
    if (error.code === "commander.unknownCommand") return unknownCommand(word, pathOf(parser), namesOf(parser));
    if (error.code === "commander.unknownOption") return unknownOption(word, pathOf(parser), knownFlags(parser));
    const message = error.message.replace(/^error: /, "").split("\n")[0]!;
    return invalidUsage(message, pathOf(parser));
  }
}

function optionFor({
  flags,
  summary,
  default: value,
  choices,
  hidden,
  repeatable,
  parse: read,
}: CommandOption): Option {
  const option = new Option(flags, summary);
  if (value !== undefined) option.default(value);
  if (choices) option.choices([...choices]);
  if (hidden) option.hideHelp();
  const one = read ?? ((text: string): unknown => text);
  if (repeatable) option.argParser((text: string, before: unknown[] | undefined) => [...(before ?? []), one(text)]);
  else if (read) option.argParser(one);
  return option;
}

/** An option of the command overrides the same option of `retort`. */
function mergedOptions(parser: Parser): GlobalOptions & Record<string, unknown> {
  const outer = parser.parent ? mergedOptions(parser.parent) : {};
  return { ...outer, ...parser.opts() };
}

function describe(option: Option): string {
  const choices = option.argChoices ? ` (${option.argChoices.join(", ")})` : "";
  const value = option.defaultValue === undefined ? "" : ` (default: ${String(option.defaultValue)})`;
  return option.description + choices + value;
}

function argumentsOf(parser: Parser): string {
  const names = parser.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? ` <${name}>` : ` [${name}]`;
  });
  return names.join("");
}

function pathOf(parser: Parser): string {
  return parser.parent ? `${pathOf(parser.parent)} ${parser.name()}` : parser.name();
}

function namesOf(parser: Parser): string[] {
  return parser.commands.flatMap((one) => [one.name(), ...one.aliases()]);
}

function knownFlags(parser: Parser): string[] {
  return parser.options.flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === "string"));
}

function sentence(summary: string): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
}
