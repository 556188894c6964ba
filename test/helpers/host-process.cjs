"use strict";

/*
 * The process behind `hosted()`: runs one command line after the other, each as if the process were new. Packages and
 * Retort stay loaded, which is most of what a start costs; the project goes, and what was changed is put back.
 */

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const process = require("node:process");
const { Readable } = require("node:stream");

const repository = path.resolve(__dirname, "../..");
/** Two folders where packages are links (`scripts/variant.mjs`). */
const modules = path.join(repository, "node_modules");
const packages = [modules, path.dirname(fs.realpathSync(path.join(modules, "pg")))].map((folder) => folder + path.sep);
const dist = path.join(repository, "dist", path.sep);
for (const name of ["reflect-metadata", "typeorm", "better-sqlite3", "pg", "mysql2"]) require(name);

const importing = require(path.join(path.dirname(require.resolve("typeorm")), "util/ImportUtils.js"));

const programs = { retort: runRetort, typeorm: runTypeorm, script: runScript };

process.on("message", (request) => {
  void perform(request).then((answer) => process.send(answer));
});
process.send("ready");

/** What the command line that runs has written, and how it ended; after its end it is not heard any more. */
let run;

for (const stream of ["stdout", "stderr"]) {
  process[stream].write = (text, encoding, callback) => {
    if (run && run.exitCode === undefined) run[stream] += text;
    (callback ?? encoding)?.call?.();
    return true;
  };
}

process.exit = (code) => {
  run.exitCode ??= Number(code ?? process.exitCode ?? 0);
  throw new Error("the process has ended");
};

async function perform({ program, argv, cwd, env, stdin }) {
  const restore = remembered();
  run = { stdout: "", stderr: "", exitCode: undefined, signal: null };
  process.env = env;
  process.chdir(cwd);
  try {
    const exitCode = await programs[program](argv, Readable.from(stdin === "" ? [] : [stdin]));
    run.exitCode ??= exitCode;
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    run.exitCode ??= 1;
  }
  restore();
  return run;
}

/** Of Retort only what it knows of a project is forgotten. */
function isLasting(file) {
  return (
    packages.some((folder) => file.startsWith(folder)) ||
    (file.startsWith(dist) && !file.startsWith(path.join(dist, "config", path.sep)))
  );
}

/** What `bin/retort.js` does. */
function runRetort(argv, stdin) {
  const { main } = require(path.join(repository, "dist/cli/main.js"));
  const { stdout, stderr, env } = process;
  return main(argv, { stdin, stdout, stderr, env, cwd: process.cwd() });
}

/** What `typeorm/cli.js` does, but that it can be waited for. */
async function runTypeorm(argv) {
  const yargs = Module.createRequire(require.resolve("typeorm"))("yargs");
  const commands = ["Generate", "Revert", "Run", "Show"].map((name) => {
    const exported = require(`typeorm/commands/Migration${name}Command.js`);
    return new exported[`Migration${name}Command`]();
  });
  await commands
    .reduce((cli, command) => cli.command(command), (typeof yargs === "function" ? yargs : yargs.default)(argv))
    .strict()
    .parseAsync();
  return 0;
}

/** The body of an async function of `require`. */
async function runScript([text]) {
  await Object.getPrototypeOf(runScript).constructor("require", text)(require);
  return process.exitCode ?? 0;
}

/** @returns what puts everything back that a command line changes in its process */
function remembered() {
  const before = {
    cwd: process.cwd(),
    env: process.env,
    argv: process.argv,
    console: { ...console },
    importing: importing.importOrRequireFile,
    extensions: { ...Module._extensions },
    resolve: Module._resolveFilename,
    trace: Error.prepareStackTrace,
    globals: new Set(Reflect.ownKeys(globalThis)),
  };
  return () => {
    process.chdir(before.cwd);
    Object.assign(process, { env: before.env, argv: before.argv, exitCode: undefined });
    for (const ending of Object.keys(Module._extensions)) delete Module._extensions[ending];
    Object.assign(Module._extensions, before.extensions);
    Module._resolveFilename = before.resolve;
    Error.prepareStackTrace = before.trace;
    Object.assign(console, before.console);
    importing.importOrRequireFile = before.importing;
    for (const name of Reflect.ownKeys(globalThis)) if (!before.globals.has(name)) delete globalThis[name];
    for (const file of Object.keys(require.cache)) if (!isLasting(file)) delete require.cache[file];
  };
}
