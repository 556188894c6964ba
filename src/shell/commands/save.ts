import { pluralize } from "../../text";
import fs from "node:fs";
import path from "node:path";
import { noSuchFile, notHere, usage } from "../errors";
import { scriptOf } from "../save/script";
import type { DotCommand } from "./command";
import { mayWrite, takeFile } from "./file";

export const save: DotCommand = {
  name: "save",
  takes: "FILE",
  summary: "writes the inputs as a script for retort run, with awaits",
  details: [".save seed.ts", "Inputs that failed and dot-commands are left out; values that were printed are printed."],
  async run(argument, shell) {
    const typed = takeFile(argument, shell);
    if (!typed || typed.rest !== "") throw usage("save", ".save seed.ts");
    if (shell.inputs.length === 0) throw notHere("no input has succeeded yet", ".help save");
    const target = { ...typed, name: scriptName(typed.name), file: scriptName(typed.file) };
    const { name, file } = target;
    if (!(await mayWrite(target, shell))) return false;
    const text = `// The inputs of a retort shell. Run them again: retort run ${name}\n\n${scriptOf(shell.inputs, shell)}`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    } catch (error) {
      throw noSuchFile(name, error);
    }
    const { length } = shell.inputs;
    shell.output.message(`${pluralize(length, "input")} written to ${name}; run them with retort run ${name}`);
    return true;
  },
};

/** The script is TypeScript. */
function scriptName(name: string): string {
  return /\.[cm]?ts$/.test(name) ? name : `${name.replace(/\.[cm]?js$/, "")}.ts`;
}
