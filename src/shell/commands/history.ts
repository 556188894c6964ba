import { usage } from "../errors";
import type { DotCommand } from "./command";

/** Entries shown when no number is given. */
const USUALLY = 20;

export const history: DotCommand = {
  name: "history",
  takes: "[N|text]",
  summary: "what was typed last in this project, or what has a text in it",
  run(argument, sitting) {
    const entries = sitting.history?.entries ?? sitting.inputs.map(({ text }) => text);
    const count = argument === "" ? USUALLY : Number(argument);
    if (Number.isInteger(count) && count <= 0) throw usage("history", ".history [N|text]");
    const found = Number.isInteger(count) ? entries : entries.filter((entry) => entry.includes(argument));
    const shown = found.slice(-(Number.isInteger(count) ? count : USUALLY));
    sitting.write(shown.map((entry) => entry.replaceAll("\n", "\n    ")));
  },
};
