import fs from "node:fs";
import path from "node:path";
import { ExitCode } from "../errors";
import type { IO } from "./command";
import { commands } from "./commands";
import { Context } from "./context";
import { parse, type Request } from "./program";
import { exitCodeOf, report } from "./report";
import { columnsOf } from "../terminal/size";
import { styleFor } from "../terminal/style";
import { write } from "../terminal/write";

/**
 * Runs a command line and returns its exit code. Never throws and never ends the process: errors are printed to stderr.
 * @param argv without node and the script
 */
export async function main(argv: readonly string[], io: IO): Promise<ExitCode> {
  try {
    const request = parse(argv, commands, version(), styleFor(io.stdout, io.env), columnsOf(io.stdout, Infinity));
    if (request.kind === "command") return await perform(request, io);
    write(io.stdout, request.text);
    return ExitCode.done;
  } catch (error) {
    return reportTo(io, error, argv.includes("--verbose"));
  }
}

async function perform({ command, args, options }: Extract<Request, { kind: "command" }>, io: IO): Promise<ExitCode> {
  const context = new Context(io, args, options);
  let exitCode: ExitCode;
  try {
    exitCode = (await command.load!().run(context)) ?? ExitCode.done;
  } catch (error) {
    printError(context, error);
    exitCode = reportTo(io, error, options.verbose === true);
  }
  return closed(context, io, exitCode);
}

/** With --json stdout has an object also where the command failed before it printed one. */
function printError(context: Context<{ json?: boolean }>, error: unknown): void {
  if (!context.options.json || context.hasPrinted) return;
  const { errorJson, printJson } = require("./migrate/json") as typeof import("./migrate/json");
  printJson(context, { error: errorJson(error) });
}

/** Closing may fail as well (the server is gone); an earlier error takes precedence. */
async function closed(context: Context<object>, io: IO, exitCode: ExitCode): Promise<ExitCode> {
  try {
    await context.close();
    return exitCode;
  } catch (error) {
    return exitCode === ExitCode.done ? reportTo(io, error, context.options.verbose === true) : exitCode;
  }
}

function reportTo({ stderr, env }: IO, error: unknown, verbose: boolean): ExitCode {
  write(stderr, report(error, { verbose, style: styleFor(stderr, env) }));
  return exitCodeOf(error);
}

/** Retort's version in package.json. */
function version(): string {
  const file = path.join(__dirname, "../../package.json");
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}
