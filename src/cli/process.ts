import { ExitCode } from "../errors";
import { main } from "./main";
import { report } from "./report";
import { styleFor } from "./style";

/** How long a process may go on by itself after its command is done, milliseconds, before it is ended. */
const GRACE = 1000;

/** The command line of this process: runs it, and lets the process end with its exit code. */
export async function run(): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  const verbose = process.argv.includes("--verbose");
  // Whoever reads our output may stop reading (`retort … | head`); that is no error of ours.
  for (const stream of [stdout, stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => leaveWhen(error.code === "EPIPE"));
  const give = (error: unknown) => {
    stderr.write(report(error, { verbose, style: styleFor(stderr, env) }));
    leave(ExitCode.failure);
  };
  process.on("uncaughtException", give);
  process.on("unhandledRejection", give);
  leave(await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() }));
}

/**
 * The exit code is set, and the process ends by itself when all its output is written. What a project has left open (a timer, a
 * connection of its own) does not keep it: after a moment it is ended.
 */
function leave(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.stdout.write("", () => process.exit()), GRACE).unref();
}

function leaveWhen(condition: boolean): void {
  if (condition) process.exit();
}
