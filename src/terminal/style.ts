import type { Chalk, ChalkInstance } from "chalk";
import { trusted, type EscapedText } from "./escaped-text";

/** Colours a text. */
export type TextStyle = (text: EscapedText) => EscapedText;

/** Colours by meaning; each gives its text unchanged where colours are off. Only this file imports chalk. */
export interface Style {
  /** Whether there are colours at all. */
  readonly enabled: boolean;
  readonly bold: TextStyle;
  readonly dim: TextStyle;
  readonly underline: TextStyle;
  readonly good: TextStyle;
  readonly bad: TextStyle;
  readonly warn: TextStyle;
  readonly accent: TextStyle;
  /** Keywords, strings and numbers of JavaScript and SQL. */
  readonly keyword: TextStyle;
  readonly string: TextStyle;
  readonly number: TextStyle;
}

const unstyled: TextStyle = (text) => text;

/** Text as it is: for pipes, files and NO_COLOR. */
export const plain: Style = {
  enabled: false,
  bold: unstyled,
  dim: unstyled,
  underline: unstyled,
  good: unstyled,
  bad: unstyled,
  warn: unstyled,
  accent: unstyled,
  keyword: unstyled,
  string: unstyled,
  number: unstyled,
};

/** The style for a stream: plain where it is no terminal, NO_COLOR is set or TERM is dumb; FORCE_COLOR overrides that. */
export function styleFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return wantsColours(stream, env) ? coloured() : plain;
}

function wantsColours(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return stream.isTTY === true && !isDumb(env);
}

/** Whether the terminal can do nothing but print text: no colours, no cursor that moves. */
export function isDumb(env: NodeJS.ProcessEnv): boolean {
  return env["TERM"] === "dumb";
}

let colours: Style | undefined;

/** chalk costs milliseconds, so it is loaded only where there is something to colour. */
function coloured(): Style {
  if (colours) return colours;
  const loaded = require("chalk") as { Chalk: typeof Chalk };
  const chalk: ChalkInstance = new loaded.Chalk({ level: 1 });
  const style =
    (apply: ChalkInstance): TextStyle =>
    (text) =>
      trusted(apply(text));
  return (colours = {
    enabled: true,
    bold: style(chalk.bold),
    dim: style(chalk.gray),
    underline: style(chalk.underline),
    good: style(chalk.green),
    bad: style(chalk.red),
    warn: style(chalk.yellow),
    accent: style(chalk.cyan),
    keyword: style(chalk.magenta),
    string: style(chalk.green),
    number: style(chalk.yellow),
  });
}
