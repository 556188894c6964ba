import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { cleanEnvironment, type CommandOptions, type CommandResult } from "./command";
import { repository } from "./repository";

export type HostedOptions = Pick<CommandOptions, "cwd" | "env" | "stdin">;

/** One a test file; it is started when the first command line is to run. */
let host: Promise<ChildProcess> | undefined;
/** Command lines run one after the other: a process has one working folder and one environment. */
let last: Promise<unknown> = Promise.resolve();

afterAll(async () => {
  (await host)?.disconnect();
});

/**
 * Runs the built `retort`, TypeORM's own command, or a script (the body of an async function) in a process that goes on
 * to the next command line: packages are loaded once, and a command takes 20 ms rather than 300. Retort's `main`, its
 * configuration, the project, the streams and the exit code are as in a new process. For tests of the process itself (signals, pipes, two at once, native ES modules, what stays open) there is `retort()`.
 */
export function hosted(
  program: "retort" | "typeorm" | "script",
  argv: readonly string[],
  { cwd = repository, env = {}, stdin = "" }: HostedOptions = {},
): Promise<CommandResult> {
  const answer = last.then(async () => {
    const child = await (host ??= started());
    child.send({ program, argv, cwd, env: cleanEnvironment(env), stdin });
    return answerOf(child);
  });
  last = answer.catch(() => undefined);
  return answer;
}

async function started(): Promise<ChildProcess> {
  const child = fork(path.join(__dirname, "host-process.cjs"), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  await once(child, "message");
  return child;
}

function answerOf(child: ChildProcess): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the host of the commands ended (${code})`));
    child.once("exit", ended);
    child.once("message", (result) => {
      child.off("exit", ended);
      resolve(result as CommandResult);
    });
  });
}
