import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { repository } from "./repository";

/** What the shell's `bin` entry starts. */
export const retortFile = path.join(repository, "bin/retort.js");

export interface CommandOptions {
  cwd?: string;
  /** Added to the tests' own environment; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Written to the standard input, which is then closed. */
  stdin?: string;
  /** Milliseconds until the process is killed. */
  timeout?: number;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** null when a signal ended the process. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs the built command (`bin/retort.js`), as a user would, where there is no terminal. */
export function retort(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runNode([retortFile, ...argv], options);
}

/** Runs node with these arguments and waits for its end; never rejects because of an exit code. */
export function runNode(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runProgram(process.execPath, argv, options);
}

/** Runs any program and waits for its end. */
export function runProgram(
  program: string,
  argv: readonly string[],
  { cwd = repository, env = {}, stdin = "", timeout = 60_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { cwd, env: cleanEnvironment(env), timeout, killSignal: "SIGKILL" });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => undefined); // a command may end before it has read everything
    child.stdin.end(stdin);
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      resolve({ stdout: text(stdout), stderr: text(stderr), exitCode, signal });
    });
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}

/** What of the tests' own environment would change how a command behaves. */
const LEFT_OUT = /^(NODE_OPTIONS|NODE_ENV|JEST_.*|RETORT_.*|DATABASE_URL|NO_COLOR|FORCE_COLOR|CI|npm_.*)$/;

/** Where the prompts of a test run keep their histories; it goes with the run. */
export function stateFolder(): string {
  return path.join(os.tmpdir(), `retort-state-${process.env["RETORT_TEST_RUN"] ?? "alone"}`);
}

export function cleanEnvironment(added: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !LEFT_OUT.test(name));
  return { ...Object.fromEntries(own), XDG_STATE_HOME: stateFolder(), ...added };
}
