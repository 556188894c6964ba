import { main } from "./main";
import { exitCodeOf, report } from "./report";
import { styleFor } from "../terminal/style";
import { write } from "../terminal/write";

/**
 * How long a process may go on by itself after its command is done, milliseconds. It ends by itself when its output is written; what a
 * project has left open (a timer, a connection of its own) does not keep it.
 */
const GRACE = 1000;

/** The command line of this process: runs it, and lets the process end with its exit code. */
export async function run(): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) stream.on("error", endQuietly);
  process.on("uncaughtException", (error) => endWith(error, "uncaughtException"));
  process.on("unhandledRejection", (error) => endWith(error, "unhandledRejection"));
  const exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
  process.exitCode ??= exitCode;
  setTimeout(end, GRACE).unref();
}

/** Whoever reads our output may stop reading (`retort … | head`); that is no error of ours. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
}

/** An error that nobody caught ends the process, unless somebody else has taken these errors over, as the prompt does. */
function endWith(error: unknown, event: "uncaughtException" | "unhandledRejection"): void {
  if (process.listenerCount(event) > 1) return;
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
