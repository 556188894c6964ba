import { inspect } from "node:util";

/** Colours a text. */
export type Style = (text: string) => string;

/** The few styles the shell uses; every one of them is text as it is where colours are not wanted. */
export interface Theme {
  readonly colours: boolean;
  readonly strong: Style;
  readonly quiet: Style;
  readonly good: Style;
  readonly warning: Style;
  readonly bad: Style;
  readonly name: Style;
  readonly keyword: Style;
  readonly literal: Style;
  readonly number: Style;
  readonly underlined: Style;
}

/** Colours as the terminal knows them, or none. */
export function theme(colours: boolean): Theme {
  const style = (name: string): Style => {
    const codes = inspect.colors[name];
    if (!colours || !codes) return (text) => text;
    const [open, close] = codes;
    return (text) => (text === "" ? "" : `\x1b[${open}m${text}\x1b[${close}m`);
  };
  return {
    colours,
    strong: style("bold"),
    quiet: style("gray"),
    good: style("green"),
    warning: style("yellow"),
    bad: style("red"),
    name: style("cyan"),
    keyword: style("magenta"),
    literal: style("green"),
    number: style("yellow"),
    underlined: style("underline"),
  };
}

/** Whether a stream wants colours: a terminal, unless NO_COLOR says no; FORCE_COLOR says yes. */
export function wantsColours(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] && env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
