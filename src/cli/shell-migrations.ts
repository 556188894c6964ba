import { spawn } from "node:child_process";
import type { DataSource } from "typeorm";
import type { Project } from "../config/project";
import { loadMigrations } from "../migrate/files/files";
import { History } from "../migrate/history/history";
import { MigrationLog } from "../migrate/history/migration-log";
import { readState, migrationInfos } from "../migrate/history/state";
import type { IO } from "./command";
import { declaredMigrations } from "./migrate/opened";

/** How many migrations are not applied yet. */
export async function countPending(project: Project, dataSource: DataSource): Promise<number> {
  const declared = declaredMigrations(dataSource);
  const files = await loadMigrations({ declared, root: project.root, load: (file) => project.load(file) });
  const runner = dataSource.createQueryRunner("master");
  try {
    const state = await readState(files, new History(dataSource), new MigrationLog(dataSource), runner);
    return migrationInfos(state).filter(({ status }) => status === "pending").length;
  } finally {
    await runner.release();
  }
}

/** Where a command beside the shell runs. */
export interface Beside {
  readonly io: IO;
  readonly file: string;
  readonly name: string | undefined;
  readonly root: string;
}

/**
 * Runs `retort migrate …` beside the shell, in a process of its own: it reads entities and migrations as they are on disk now,
 * while the shell goes on with those that it has.
 */
export function migrateBeside(args: readonly string[], { io, file, name, root }: Beside): Promise<number> {
  const project = ["-d", file, ...(name === undefined ? [] : ["--name", name])];
  const colour = io.stdout.isTTY && !io.env["NO_COLOR"] ? { FORCE_COLOR: "1" } : {};
  const child = spawn(process.execPath, [process.argv[1]!, "migrate", ...args, ...project], {
    cwd: root,
    env: { ...io.env, ...colour },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(io.stdout, { end: false });
  child.stderr.pipe(io.stderr, { end: false });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve(exitCode ?? 1));
  });
}
