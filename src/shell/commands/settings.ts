import { usage } from "../errors";
import type { ResultFormat } from "../shell";
import type { Repl } from "../repl";
import type { DotCommand } from "./command";

const FORMATS: readonly ResultFormat[] = ["table", "json", "csv", "ndjson"];

/** Turns a setting on or off; nothing turns it over. */
function switched(name: string, argument: string, before: boolean): boolean {
  if (argument === "") return !before;
  if (argument === "on") return true;
  if (argument === "off") return false;
  throw usage(name, `.${name} [on|off]`);
}

export const echo: DotCommand = {
  name: "echo",
  takes: "[on|off]",
  summary: "shows the SQL that is sent, with its parameters and time",
  completions: () => ["on", "off"],
  run(argument, sitting) {
    sitting.echo = switched("echo", argument, sitting.echo);
    sitting.note([`echo is ${sitting.echo ? "on" : "off"}`]);
  },
};

export const timing: DotCommand = {
  name: "timing",
  takes: "[on|off]",
  summary: "shows how long each input took as a whole, not the database alone",
  completions: () => ["on", "off"],
  run(argument, sitting) {
    sitting.timing = switched("timing", argument, sitting.timing);
    sitting.note([`timing is ${sitting.timing ? "on" : "off"}`]);
  },
};

export const format: DotCommand = {
  name: "format",
  takes: "[table|json|csv|ndjson]",
  summary: "how values are shown",
  completions: () => FORMATS,
  run(argument, sitting) {
    if (argument !== "") {
      if (!FORMATS.includes(argument as ResultFormat)) throw usage("format", ".format table|json|csv|ndjson");
      sitting.format = argument as ResultFormat;
    }
    sitting.note([`values are shown as ${sitting.format}`]);
  },
};

export const reveal: DotCommand = {
  name: "reveal",
  takes: "[EXPRESSION]",
  summary: "shows secrets for one statement: this one, or the next",
  details: [
    "Columns that hold secrets (password_hash, token, …) are printed as ••••. .reveal u.password_hash shows one.",
  ],
  async run(argument, sitting) {
    sitting.secrets.revealed = true;
    if (argument !== "") return sitting.run(argument);
    sitting.note(["secrets are shown for the next statement"]);
    return true;
  },
};

export const all: DotCommand = {
  name: "all",
  summary: "shows every row of the last value, page by page",
  async run(_argument, sitting) {
    if (!sitting.shown) return sitting.note(["nothing was shown yet"]);
    await showWhole(sitting.shown.value, sitting);
  },
};

async function showWhole(value: unknown, sitting: Repl): Promise<void> {
  const { lines } = sitting.printer.print(value, Number.MAX_SAFE_INTEGER);
  if (sitting.page) await sitting.page(lines);
  else sitting.write(lines);
}

export const exit: DotCommand = {
  name: "exit",
  summary: "leaves the shell (also Ctrl-D)",
  run(_argument, sitting) {
    sitting.leaving = true;
  },
};
