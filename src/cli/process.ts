import { awaitedWork } from "../awaited-work";
import { neverSettles } from "./errors";
import { main } from "./main";
import { exitCodeOf, report } from "./report";
import { styleFor } from "../terminal/style";
import { write } from "../terminal/write";

/**
 * Time after the command until the process is ended, in milliseconds. It ends earlier by itself, unless the project left something open
 * (a timer, a connection).
 */
const EXIT_TIMEOUT = 1000;

/** Runs the command line of this process and sets its exit code. */
export async function run(): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) stream.on("error", endQuietly);
  process.on("uncaughtException", (error) => endWith(error, "uncaughtException"));
  process.on("unhandledRejection", (error) => endWith(error, "unhandledRejection"));
  process.once("beforeExit", endUnsettled);
  const exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
  process.off("beforeExit", endUnsettled);
  process.exitCode ??= exitCode;
  setTimeout(end, EXIT_TIMEOUT).unref();
}

/** The reader of a pipe may stop reading (`retort … | head`), which is not an error. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
}

/** Node has nothing left to do, but the command has not ended: it awaits a promise that nothing will settle. */
function endUnsettled(): void {
  endBecause(neverSettles(awaitedWork()));
}

/** An uncaught error ends the process, unless there is another handler, as the prompt has. */
function endWith(error: unknown, event: "uncaughtException" | "unhandledRejection"): void {
  if (process.listenerCount(event) > 1) return;
  endBecause(error);
}

function endBecause(error: unknown): void {
  const { stderr, env, argv } = process;
  write(stderr, report(error, { verbose: argv.includes("--verbose"), style: styleFor(stderr, env), uncaught: true }));
  process.exitCode = exitCodeOf(error);
  end();
}

/** Ends the process when its output is written. */
function end(): void {
  // eslint-disable-next-line no-restricted-syntax -- writes nothing: the callbacks run when all output is written
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}
