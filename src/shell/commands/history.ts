import { escapeText } from "../../terminal/escaped-text";
import { usage } from "../errors";
import type { DotCommand } from "./command";

/** Entries that are printed without a number. */
const DEFAULT_COUNT = 20;

export const history: DotCommand = {
  name: "history",
  takes: "[N|text]",
  summary: "the last inputs of this project, or those that contain a text",
  run(argument, shell) {
    const entries = shell.terminal?.history.entries ?? shell.inputs.map(({ text }) => text);
    const count = argument === "" ? DEFAULT_COUNT : Number(argument);
    if (Number.isInteger(count) && count <= 0) throw usage("history", ".history [N|text]");
    const found = Number.isInteger(count) ? entries : entries.filter((entry) => entry.includes(argument));
    const shown = found.slice(-(Number.isInteger(count) ? count : DEFAULT_COUNT));
    shell.output.print(shown.map((entry) => escapeText(entry.replaceAll("\n", "\n    "))));
  },
};
