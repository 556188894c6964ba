import type { Chalk, ChalkInstance } from "chalk";

/** Colours by meaning. Only this file knows chalk. */
export interface Style {
  /** Whether colours are printed at all. */
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  accent(text: string): string;
}

const same = (text: string): string => text;

/** Text as it is: for pipes, files and NO_COLOR. */
export const plain: Style = { enabled: false, bold: same, dim: same, good: same, bad: same, warn: same, accent: same };

/** The colours that fit a stream: none where it is no terminal, NO_COLOR is set or TERM is dumb; FORCE_COLOR insists. */
export function styleFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return wantsColour(stream, env) ? coloured() : plain;
}

function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** chalk costs milliseconds, so it is loaded only where there is something to colour. */
function coloured(): Style {
  const loaded = require("chalk") as { Chalk: typeof Chalk };
  const chalk: ChalkInstance = new loaded.Chalk({ level: 1 });
  return {
    enabled: true,
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
    accent: (text) => chalk.cyan(text),
  };
}
