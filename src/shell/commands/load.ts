import fs from "node:fs";
import { noSuchFile, usage } from "../errors";
import { Statements } from "../evaluate/statements";
import type { DotCommand } from "./command";
import { takeFile, type NamedFile } from "./file";

export const load: DotCommand = {
  name: "load",
  takes: "FILE",
  summary: "runs the statements of a file as if they were typed; stops at the first error",
  async run(argument, sitting) {
    const typed = takeFile(argument, sitting);
    if (!typed || typed.rest !== "") throw usage("load", ".load FILE");
    const statements = new Statements(
      (text) => sitting.evaluator.parse(text),
      () => false,
    );
    const lines = read(typed).split(/\r?\n/);
    for (const { text } of [...lines.flatMap((line) => statements.take(line)), ...statements.end()]) {
      if (!(await sitting.run(text))) return false;
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
