import type { Command } from "./command";
import { init, migrate } from "./migrate/commands";

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
    { flags: "--database <url>", summary: "open a database without a project, with entities of its tables" },
  ],
  load: () => require("./shell") as typeof import("./shell"),
};

const run: Command = {
  name: "run",
  arguments: "<file> [args...]",
  summary: "runs a TypeScript or JavaScript file with the prompt's names as globals",
  passThrough: true,
  details: `Its globals are the names of the prompt: db, session, every entity, print, Retort's functions for queries (or, and, not, sql, func,
when, exists, joined, selectin, raise) and TypeORM's find operators. A function that it exports as default is called and awaited.
Retort commits nothing that the file does not commit.`,
  load: () => require("./run") as typeof import("./run"),
};

const types: Command = {
  name: "types",
  arguments: "[file]",
  summary: "writes one .d.ts that gives every entity class the types of its query and c",
  options: [
    { flags: "--check", summary: "write nothing; exit 1 when the file does not match the entities" },
    { flags: "--globals", summary: "declare the names that retort run gives a file as well" },
  ],
  details: `The entities stay untouched, and no database is needed. The file is retort.d.ts in the folder that the entities lie in, or what
"retort": { "types": { "file": … } } in package.json names.`,
  load: () => require("./types") as typeof import("./types"),
};

const inspect: Command = {
  name: "inspect",
  arguments: "[tables...]",
  summary: "prints or writes entity classes of the tables of a database",
  options: [
    { flags: "--database <url>", summary: "the database (default: the project's)" },
    { flags: "--out <folder>", summary: "write a file for each class; existing files are not replaced" },
    { flags: "--schema <name>", summary: "a schema besides the default one (MySQL: a database)", repeatable: true },
    { flags: "--json", summary: "print the result as one JSON object" },
  ],
  details: `The classes have types, defaults, relations, indexes, checks and enums, so that retort migrate check agrees at once; what no entity of
TypeORM can say is named. A view, and a table without a primary key, becomes a class that is read only. The database is only read.

  retort inspect --database postgres://me@localhost/shop --out src/entities
  retort inspect 'order*'              the classes of some tables, printed
  retort shell --database shop.sqlite  a prompt on the same classes, without files`,
  load: () => require("./inspect/inspect") as typeof import("./inspect/inspect"),
};

const doctor: Command = {
  name: "doctor",
  summary: "says what was found of the project and what is wrong with it (exit 1: something is)",
  options: [{ flags: "--json", summary: "print the result as one JSON object" }],
  details: `Each problem comes with the next thing to type. Nothing is changed, neither files nor the database.`,
  load: () => require("./doctor/doctor") as typeof import("./doctor/doctor"),
};

/** The commands of `retort`; the first one runs without a command. */
export const commands: readonly Command[] = [shell, run, types, init, inspect, doctor, migrate];
