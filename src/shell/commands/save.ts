import fs from "node:fs";
import path from "node:path";
import { pluralize } from "../../text";
import { noSuchFile, notHere, usage } from "../errors";
import { scriptOf } from "../save/script";
import type { DotCommand } from "./command";
import { mayWrite, takeFile } from "./file";

export const save: DotCommand = {
  name: "save",
  takes: "FILE",
  summary: "writes what was typed as a file that retort run runs, with its awaits",
  details: [".save seed.ts", "Inputs that failed and dot-commands are left out; values that were shown are printed."],
  async run(argument, sitting) {
    const typed = takeFile(argument, sitting);
    if (!typed || typed.rest !== "") throw usage("save", ".save seed.ts");
    if (sitting.inputs.length === 0) throw notHere("nothing was typed yet that did not fail", ".help save");
    const target = { ...typed, name: scriptName(typed.name), file: scriptName(typed.file) };
    const { name, file } = target;
    if (!(await mayWrite(target, sitting))) return false;
    const text = `// What was typed in a retort shell. Run it again: retort run ${name}\n\n${scriptOf(sitting.inputs, sitting)}`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    } catch (error) {
      throw noSuchFile(name, error);
    }
    const { length } = sitting.inputs;
    sitting.note([`${pluralize(length, "input")} written to ${name}; retort run ${name} runs them`]);
    return true;
  },
};

/** It is TypeScript whatever was typed. */
function scriptName(name: string): string {
  return /\.[cm]?ts$/.test(name) ? name : `${name.replace(/\.[cm]?js$/, "")}.ts`;
}
