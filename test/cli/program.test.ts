import { RetortError } from "../../src/errors";
import type { Command } from "../../src/cli/command";
import { parse } from "../../src/cli/program";
import { plain } from "../../src/terminal/style";

const load = () => ({ run: () => Promise.resolve() });
const table: readonly Command[] = [
  {
    name: "shell",
    summary: "opens the prompt",
    options: [
      { flags: "-e, --eval <code>", summary: "evaluate" },
      { flags: "--format <format>", summary: "format", choices: ["table", "json"], default: "table" },
    ],
    load,
  },
  { name: "run", arguments: "<file> [args...]", summary: "runs a file", passThrough: true, load },
  {
    name: "migrate",
    aliases: ["db"],
    summary: "migrations",
    commands: [
      { name: "up", aliases: ["upgrade"], hiddenAliases: ["apply"], arguments: "[target]", summary: "up", load },
      { name: "down", aliases: ["downgrade"], arguments: "[target]", summary: "down", load },
      {
        name: "generate",
        arguments: "[name...]",
        summary: "writes a migration",
        details: "Details follow.",
        options: [
          { flags: "-m, --message <name>", summary: "its name" },
          { flags: "--rename <pair>", summary: "renamed", repeatable: true },
          { flags: "--count <n>", summary: "count", parse: (text) => Number(text) },
          { flags: "--secret", summary: "not shown", hidden: true },
        ],
        load,
      },
    ],
  },
];

function read(...argv: string[]) {
  const request = parse(argv, table, "1.2.3", plain);
  return request.kind === "text"
    ? request.text
    : { command: request.command.name, args: request.args, options: request.options };
}

function refused(...argv: string[]): string {
  try {
    read(...argv);
  } catch (error) {
    if (!(error instanceof RetortError)) throw error;
    expect(error.exitCode).toBe(2);
    return `${error.message} → ${error.hint}`;
  }
  throw new Error("was not refused");
}

const defaults = { format: "table" };

test.each([
  [[], { command: "shell", args: [], options: defaults }],
  [["-e", "migrate"], { command: "shell", args: [], options: { ...defaults, eval: "migrate" } }],
  [
    ["-d", "shell.ts", "--eval=1"],
    { command: "shell", args: [], options: { ...defaults, eval: "1", dataSource: "shell.ts" } },
  ],
  [["-da.ts", "db", "up"], { command: "up", args: [], options: { dataSource: "a.ts" } }],
  [["--verbose"], { command: "shell", args: [], options: { ...defaults, verbose: true } }],
  [["-d", "a.ts", "db", "up", "+2"], { command: "up", args: ["+2"], options: { dataSource: "a.ts" } }],
  [
    ["db", "-d", "a.ts", "upgrade", "-d", "b.ts", "--name", "x"],
    { command: "up", args: [], options: { dataSource: "b.ts", name: "x" } },
  ],
  [["migrate", "down", "-1"], { command: "down", args: ["-1"], options: {} }],
  [["migrate", "down", "-1", "--verbose"], { command: "down", args: ["-1"], options: { verbose: true } }],
  [["migrate", "apply"], { command: "up", args: [], options: {} }],
  [
    ["migrate", "generate", "add", "users", "-m", "x", "--rename", "a:b", "--rename", "c:d", "--count", "3"],
    { command: "generate", args: ["add", "users"], options: { message: "x", rename: ["a:b", "c:d"], count: 3 } },
  ],
  [
    ["run", "-d", "a.ts", "seed.ts", "--force", "-d", "x", "-1"],
    { command: "run", args: ["seed.ts", "--force", "-d", "x", "-1"], options: { dataSource: "a.ts" } },
  ],
])("%j", (argv, expected) => {
  expect(read(...argv)).toEqual(expected);
});

test.each([
  [["migrat"], 'unknown command "migrat"; did you mean "migrate"? → retort --help'],
  [["xyzzy"], 'unknown command "xyzzy" → retort --help'],
  [["db", "upgrad"], 'unknown command "upgrad"; did you mean "upgrade"? → retort migrate --help'],
  // The words of other tools.
  [["db", "migrate", "-m", "two words"], 'retort migrate has no option "-m" → retort migrate generate "two words"'],
  [["migration:run"], 'unknown command "migration:run" → retort migrate up'],
  [["console"], 'unknown command "console" → retort shell'],
  [["migrate", "deploy"], 'unknown command "deploy" → retort migrate up'],
  [["migrate"], "retort migrate needs a command → retort migrate --help"],
  [
    ["migrate", "generate", "--mesage", "x"],
    'retort migrate generate has no option "--mesage"; did you mean "--message"? → retort migrate generate --help',
  ],
  [["--evl", "1"], 'retort shell has no option "--evl"; did you mean "--eval"? → retort shell --help'],
  [["-x"], 'retort shell has no option "-x" → retort shell --help'],
  [["shell", "now"], /^too many arguments for 'shell'.* → retort shell --help$/],
  [["run"], "missing required argument 'file' → retort run --help"],
  [
    ["shell", "--format", "xml"],
    /^option '--format <format>' argument 'xml' is invalid\. Allowed choices are table, json\. → retort shell --help$/,
  ],
  [["-e"], "option '-e, --eval <code>' argument missing → retort shell --help"],
])("%j is refused", (argv, expected) => {
  if (typeof expected === "string") expect(refused(...argv)).toBe(expected);
  else expect(refused(...argv)).toMatch(expected);
});

test.each([
  [["--version"], /^1\.2\.3\n$/],
  [["-V"], /^1\.2\.3\n$/],
  [["--help"], /^Usage: retort \[command\] \[options\]\n[\s\S]*\n {2}migrate, db +migrations\n/],
  [["help"], /^Usage: retort \[command\]/],
  [["migrate", "--help"], /^Usage: retort migrate <command> \[options\]\n[\s\S]*\n {2}up, upgrade \[target\] +up\n/],
  [["help", "migrate", "up"], /^Usage: retort migrate up \[options\] \[target\]\n/],
  [["migrate", "help", "up"], /^Usage: retort migrate up /],
  [
    ["migrate", "generate", "-h"],
    /--rename <pair>[\s\S]*Options everywhere:[\s\S]*--data-source <file>[\s\S]*\nDetails follow\.\n$/,
  ],
])("%j explains", (argv, expected) => {
  expect(read(...argv)).toMatch(expected);
});

test("hidden names and options are not in the help", () => {
  expect(read("migrate", "--help")).not.toContain("apply");
  expect(read("migrate", "generate", "--help")).not.toContain("secret");
});
