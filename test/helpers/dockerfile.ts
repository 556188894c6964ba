import fs from "node:fs";
import path from "node:path";
import { runProgram, type CommandResult } from "./command";

/** One stage of a Dockerfile: a folder in place of its root, what its instructions have set, and what its containers run. */
interface Stage {
  readonly root: string;
  workdir: string;
  command: readonly string[];
  readonly env: Record<string, string>;
}

export interface BuildOptions {
  /** The folder that COPY reads. */
  readonly context: string;
  /** Where the stages get their folders. */
  readonly scratch: string;
  /** Runs in place of a RUN that needs the network; false leaves it to a shell. */
  readonly run: (command: string, folder: string) => boolean;
}

/**
 * Builds a Dockerfile without Docker: each stage is a folder, RUN is run in it by a shell, and COPY copies, between stages too. Knows the
 * instructions FROM, WORKDIR, ENV, COPY, RUN and CMD, and refuses others.
 * @returns starts a container of the last stage
 */
export async function buildDockerfile(
  text: string,
  { context, scratch, run }: BuildOptions,
): Promise<{ folder: string; start(env?: Record<string, string>): Promise<CommandResult> }> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const inside = (name: string) => path.join(stage!.root, path.posix.resolve(stage!.workdir, name));
  const environment = () => ({ ...stage!.env, PATH: `${stage!.env["PATH"] ?? ""}${process.env["PATH"]}` });
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const [, instruction, rest] = /^(\w+) +(.*)$/.exec(line)!;
    if (instruction === "FROM") {
      const name = / AS (\w+)$/.exec(rest!)?.[1] ?? "";
      stage = { root: path.join(scratch, name || "last"), workdir: "/", command: [], env: {} };
      stages.set(name, stage);
    } else if (instruction === "WORKDIR") {
      stage!.workdir = rest!;
      fs.mkdirSync(inside("."), { recursive: true });
    } else if (instruction === "ENV") {
      const [, name, value] = /^(\w+)=(.*)$/.exec(rest!)!;
      stage!.env[name!] = value!.replace("/app", inside(".")).replace("$PATH", "");
    } else if (instruction === "COPY") {
      const words = rest!.split(" ");
      const from = /^--from=(\w+)$/.exec(words[0]!)?.[1];
      const sources = from === undefined ? words.slice(0, -1) : words.slice(1, -1);
      const target = words.at(-1)!;
      for (const source of sources) {
        const origin = from === undefined ? path.join(context, source) : path.join(stages.get(from)!.root, source);
        const isFolder = target.endsWith("/");
        fs.cpSync(origin, isFolder ? path.join(inside(target), path.basename(source)) : inside(target), {
          recursive: true,
        });
      }
    } else if (instruction === "RUN") {
      if (run(rest!, inside("."))) continue;
      const result = await runProgram("sh", ["-c", rest!], { cwd: inside("."), env: environment(), timeout: 120_000 });
      if (result.exitCode !== 0) throw new Error(`RUN ${rest}: ${result.stdout}${result.stderr}`);
    } else if (instruction === "CMD") stage!.command = JSON.parse(rest!) as string[];
    else throw new Error(`unknown instruction: ${line}`);
  }
  const { command } = stage!;
  return {
    folder: inside("."),
    start: (env = {}) =>
      runProgram(command[0]!, command.slice(1), {
        cwd: inside("."),
        env: { ...environment(), ...env },
        timeout: 120_000,
      }),
  };
}
