import fs from "node:fs";
import path from "node:path";
import type { DatabaseName } from "../helpers/databases";

/**
 * What is special about a project of this folder: `NAME/` has its files, as somebody would have written them, and `NAME.ts` beside it
 * exports this. A line `// later: …` of a file is what is added to it after the first migration.
 */
export interface MadeProject {
  /** What it combines, for the title of its test. */
  readonly title: string;
  readonly typeorm: "1" | "0.3";
  /** Default sqlite: a file in the project. A server's address is written to `.env` as DATABASE_URL. */
  readonly database?: DatabaseName;
  /** Whether it needs packages that this checkout does not have: `npm run test:install` installs them, and runs it. Default false. */
  readonly installs?: boolean;
  /** Packages that the project does not have. */
  readonly without?: readonly string[];
  /** How its packages lie. Default: a link each, as npm does with `--install-links`. */
  readonly layout?: "pnpm";
  /** Where the commands are typed, relative to the project. Default: its root. */
  readonly folder?: string;
  /** For each command: `["--name", "shop"]`. */
  readonly options?: readonly string[];
  /** For each command. */
  readonly env?: Readonly<Record<string, string>>;
  /** What each command says on stderr before it does anything, e.g. which file was read. Default: nothing. */
  readonly notes?: string;
  /** What `retort doctor` finds, among others. */
  readonly found: Readonly<Record<string, unknown>>;
  /** For `retort shell -e`, and what it prints. */
  readonly evaluates: readonly [code: string, value: string];
  /** Lines that are typed (`> …`), each with those that it prints; of a number of 13 digits, `TIME` is printed. */
  readonly transcript: string;
}

/** Their names, without those whose packages are installed for them. */
export function madeProjects(): string[] {
  return fs
    .readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => factsOf(name).installs !== true);
}

/** The inputs of a transcript, and what they print together. */
export function readTranscript(text: string): { input: string; output: string } {
  const lines = dedent(text);
  return {
    input: lines.flatMap((line) => (line.startsWith("> ") ? [line.slice(2)] : [])).join("\n"),
    output: lines.flatMap((line) => (line.startsWith("> ") ? [] : [`${line}\n`])).join(""),
  };
}

function dedent(text: string): string[] {
  const lines = text.split("\n").slice(1, -1);
  const margin = /^ */.exec(lines[0]!)![0].length;
  return lines.map((line) => line.slice(margin));
}

export function factsOf(name: string): MadeProject {
  return (require(path.join(__dirname, name)) as { default: MadeProject }).default;
}
