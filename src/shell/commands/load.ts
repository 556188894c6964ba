import fs from "node:fs";
import { noSuchFile, usage } from "../errors";
import { InputSplitter } from "../evaluate/input-splitter";
import type { DotCommand } from "./command";
import { takeFile, type NamedFile } from "./file";

export const load: DotCommand = {
  name: "load",
  takes: "FILE",
  summary: "runs the statements of a file as if they were typed; stops at the first error",
  async run(argument, shell) {
    const typed = takeFile(argument, shell);
    if (!typed || typed.rest !== "") throw usage("load", ".load FILE");
    const splitter = new InputSplitter(
      (text) => shell.evaluator.parse(text),
      () => false,
    );
    const lines = read(typed).split(/\r?\n/);
    for (const { text } of [...lines.flatMap((line) => splitter.push(line)), ...splitter.flush()]) {
      if (!(await shell.run(text))) return false;
    }
    return true;
  },
};

function read({ name, file }: NamedFile): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw noSuchFile(name, error);
  }
}
