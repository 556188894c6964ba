import fs from "node:fs";
import path from "node:path";
import { fileExists, noSuchFile, notHere, usage } from "../errors";
import { scriptOf } from "../save/script";
import type { Sitting } from "../sitting";
import type { DotCommand } from "./command";

export const save: DotCommand = {
  name: "save",
  takes: "FILE",
  summary: "writes what was typed as a file that retort run runs, with its awaits",
  details: [".save seed.ts", "Inputs that failed and dot-commands are left out; values that were shown are printed."],
  async run(argument, sitting) {
    if (argument === "") throw usage("save", ".save seed.ts");
    if (sitting.inputs.length === 0) throw notHere("nothing was typed yet that did not fail", ".help save");
    const name = /\.[cm]?ts$/.test(argument) ? argument : `${argument.replace(/\.[cm]?js$/, "")}.ts`;
    const file = path.resolve(sitting.options.root, name);
    if (!(await mayWrite(file, name, sitting))) return false;
    const text = `// What was typed in a retort shell. Run it again: retort run ${name}\n\n${scriptOf(sitting.inputs, sitting)}`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    } catch (error) {
      throw noSuchFile(file, error);
    }
    const { length } = sitting.inputs;
    sitting.note([`${length} ${length === 1 ? "input" : "inputs"} written to ${name}; retort run ${name} runs them`]);
    return true;
  },
};

/** A file that is there is written over only where somebody says so. */
async function mayWrite(file: string, name: string, sitting: Sitting): Promise<boolean> {
  if (!fs.existsSync(file)) return true;
  if (!sitting.ask) throw fileExists(name);
  return (await sitting.ask(`${name} is there already. Write over it? [y]es, [n]o: `)) === "y";
}
