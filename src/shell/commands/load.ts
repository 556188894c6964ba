import fs from "node:fs";
import path from "node:path";
import { noSuchFile, usage } from "../errors";
import { Statements } from "../statements";
import type { DotCommand } from "./command";

export const load: DotCommand = {
  name: "load",
  takes: "FILE",
  summary: "runs the statements of a file as if they were typed; stops at the first error",
  async run(argument, sitting) {
    if (argument === "") throw usage("load", ".load FILE");
    const statements = new Statements(
      (text) => sitting.evaluator.parse(text),
      () => false,
    );
    const lines = read(path.resolve(sitting.options.root, argument)).split(/\r?\n/);
    for (const { text } of [...lines.flatMap((line) => statements.take(line)), ...statements.end()]) {
      if (!(await sitting.run(text))) return false;
    }
    return true;
  },
};

function read(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw noSuchFile(file, error);
  }
}
