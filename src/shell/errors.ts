import { ExitCode, RetortError } from "../errors";
import { didYouMean } from "../suggestion";

export function unknownDotCommand(name: string, names: readonly string[]): RetortError {
  const same = Object.hasOwn(OTHER_SHELLS, name) ? OTHER_SHELLS[name] : undefined;
  const guess = same === undefined ? didYouMean(name, names) : "";
  return new RetortError("shell/unknown-command", `there is no command .${name}${guess}`, { hint: same ?? ".help" });
}

/** Commands of sqlite3 and of Node's prompt, and what does the same here. */
const OTHER_SHELLS: Readonly<Record<string, string>> = {
  tables: ".entities",
  indexes: ".schema Entity",
  fullschema: ".schema Entity",
  describe: ".schema Entity",
  databases: "db.dataSource.options.database",
  mode: ".format csv",
  headers: ".format csv",
  dump: ".export FILE Entity",
  output: ".export FILE Entity",
  once: ".export FILE Entity",
  import: "db.session.addAll(rows.map((row) => Entity(row)))",
  read: ".load FILE",
  timer: ".timing",
  quit: ".exit",
  break: "Ctrl-C",
};

export function unknownEntity(name: string, names: readonly string[]): RetortError {
  return new RetortError("shell/unknown-entity", `there is no entity ${name}${didYouMean(name, names)}`, {
    hint: ".entities",
  });
}

export function usage(name: string, usageText: string): RetortError {
  return new RetortError("shell/usage", `.${name} is used as: ${usageText}`, { hint: `.help ${name}` });
}

export function notHere(what: string, hint: string): RetortError {
  return new RetortError("shell/not-here", what, { hint });
}

export function optionsExclude(first: string, second: string): RetortError {
  return new RetortError("shell/options", `${first} and ${second} exclude each other`, {
    hint: "retort shell --help",
    exitCode: ExitCode.usage,
  });
}

export function fileExists(name: string): RetortError {
  return new RetortError("shell/file-exists", `${name} already exists`, {
    hint: "name another file, or delete it first",
  });
}

export function noSuchFile(name: string, cause: unknown): RetortError {
  // `ENOENT: no such file or directory, open '/…/users.csv'`
  const why = (cause as Error).message.replace(/^[A-Z]+: |, \w+ '.*$/g, "");
  return new RetortError("shell/file", `${name} cannot be read or written: ${why}`, { cause });
}

export function nothingToWrite(expression: string): RetortError {
  return new RetortError("shell/nothing-to-write", `${expression} gives nothing that can be written`, {
    hint: ".export users.csv User.query",
  });
}

export function loadsItself(name: string): RetortError {
  return new RetortError("shell/loads-itself", `${name} is being loaded already`, {
    hint: "take the .load of the file out of the file",
  });
}

export type CannotWaitReason = "callback" | "generator" | "synchronous" | "text";

const CANNOT_WAIT: Readonly<Record<CannotWaitReason, readonly [what: string, hint: string]>> = {
  callback: [
    "a function that had to wait for the database was called by code that does not wait for it",
    "use a for…of loop, or a method of arrays, or load the values before",
  ],
  generator: [
    "a generator had to wait for the database, and what iterates over it does not wait",
    "collect its values first: [...generator()]",
  ],
  synchronous: [
    "a constructor, setter, field, static block or default value cannot wait for the database",
    "load the value before, and pass it",
  ],
  text: ["code in a text (eval, Function) cannot wait for the database", "type the code itself"],
};

export function cannotWait(reason: CannotWaitReason): RetortError {
  const [what, hint] = CANNOT_WAIT[reason];
  return new RetortError("shell/cannot-wait", what, { hint });
}

/** `User('x')`. */
export function takesValues(entity: string, column: string, given: unknown): RetortError {
  const value = typeof given === "string" ? `'${given}'` : "…";
  return new RetortError("shell/takes-values", `${entity} takes its columns by name`, {
    hint: `${entity}(${column}=${value}), or ${entity}({ ${column}: ${value} })`,
  });
}
