import { usage } from "../errors";
import type { ResultFormat } from "../options";
import type { DotCommand } from "./command";

const FORMATS: readonly ResultFormat[] = ["table", "json", "csv", "ndjson"];

/** The new value of a setting; without an argument it is toggled. */
function toggled(name: string, argument: string, before: boolean): boolean {
  if (argument === "") return !before;
  if (argument === "on") return true;
  if (argument === "off") return false;
  throw usage(name, `.${name} [on|off]`);
}

export const echo: DotCommand = {
  name: "echo",
  takes: "[on|off]",
  summary: "prints the SQL that is sent, with its parameters and time",
  completions: () => ["on", "off"],
  run(argument, shell) {
    shell.isEchoing = toggled("echo", argument, shell.isEchoing);
    shell.output.message(`echo is ${shell.isEchoing ? "on" : "off"}`);
  },
};

export const timing: DotCommand = {
  name: "timing",
  takes: "[on|off]",
  summary: "prints how long each input took, not the database alone",
  completions: () => ["on", "off"],
  run(argument, shell) {
    shell.isTiming = toggled("timing", argument, shell.isTiming);
    shell.output.message(`timing is ${shell.isTiming ? "on" : "off"}`);
  },
};

export const format: DotCommand = {
  name: "format",
  takes: "[table|json|csv|ndjson]",
  summary: "how values are printed",
  completions: () => FORMATS,
  run(argument, shell) {
    if (argument !== "") {
      if (!FORMATS.includes(argument as ResultFormat)) throw usage("format", ".format table|json|csv|ndjson");
      shell.output.format = argument as ResultFormat;
    }
    shell.output.message(`values are printed as ${shell.output.format}`);
  },
};

export const reveal: DotCommand = {
  name: "reveal",
  takes: "[EXPRESSION]",
  summary: "prints secrets for one statement: this one, or the next",
  details: [
    "Columns that hold secrets (password_hash, token, …) are printed as ••••. .reveal u.password_hash prints one.",
  ],
  async run(argument, shell) {
    shell.output.secrets.revealed = true;
    if (argument !== "") return shell.run(argument);
    shell.output.message("secrets are printed for the next statement");
    return true;
  },
};

export const exit: DotCommand = {
  name: "exit",
  summary: "leaves the shell (also Ctrl-D)",
  run(_argument, shell) {
    shell.isExiting = true;
  },
};
