import type { Command } from "./command";
import { migrate } from "./migrate/commands";

const shell: Command = {
  name: "shell",
  summary: "opens the prompt (also: retort without a command)",
  options: [
    { flags: "-e, --eval <code>", summary: "evaluate, print the value of the last expression, and end" },
    { flags: "--sandbox", summary: "roll everything back at the end, commits included" },
    { flags: "--read-only", summary: "let the database refuse every change" },
    { flags: "--write", summary: "allow changes to a database that is not local" },
    { flags: "--echo", summary: "show the SQL that runs" },
    {
      flags: "--format <format>",
      summary: "how rows are printed",
      choices: ["table", "json", "csv", "ndjson"],
      default: "table",
    },
  ],
  load: () => require("./shell") as typeof import("./shell"),
};

const run: Command = {
  name: "run",
  arguments: "<file> [args...]",
  summary: "runs a TypeScript or JavaScript file with the prompt's names at hand",
  passThrough: true,
  details: `The file finds db, session, every entity, print, sql, or, and, not and TypeORM's find operators as globals.
A function that it exports as default is called and awaited. Nothing is committed that the file does not commit.`,
  load: () => require("./run") as typeof import("./run"),
};

const types: Command = {
  name: "types",
  arguments: "[file]",
  summary: "writes one .d.ts that gives every entity class the types of its query and c",
  options: [
    { flags: "--check", summary: "write nothing; exit 1 when the file is not what the entities say" },
    { flags: "--globals", summary: "declare the names that retort run gives a file as well" },
  ],
  details: `The entities stay untouched, and no database is needed. The file is retort.d.ts in the folder that the entities lie in, or what
"retort": { "types": { "file": … } } in package.json names.`,
  load: () => require("./types") as typeof import("./types"),
};

/** Every command of `retort`; the first one is what `retort` alone means. */
export const commands: readonly Command[] = [shell, run, types, migrate];
