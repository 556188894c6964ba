import { spawn } from "node:child_process";
import type { DataSource } from "typeorm";
import type { Project } from "../config/project";
import { loadMigrations } from "../migrate/files/files";
import { History } from "../migrate/history/history";
import { MigrationLog } from "../migrate/history/migration-log";
import { readState, migrationInfos } from "../migrate/history/state";
import type { IO } from "./command";

import { READ_ONLY_VARIABLE } from "./context";
import { placeOf, sourcesOf } from "./migrate/open";

/** The number of migrations that are not applied yet. */
export async function countPending(project: Project, dataSource: DataSource): Promise<number> {
  const files = await loadMigrations(sourcesOf(project, placeOf(project, dataSource)));
  // Every table that is looked at delays the first prompt by a round trip.
  if (files.length === 0) return 0;
  const runner = dataSource.createQueryRunner("master");
  try {
    const state = await readState(files, new History(dataSource), new MigrationLog(dataSource), runner);
    return migrationInfos(state).filter(({ status }) => status === "pending").length;
  } finally {
    await runner.release();
  }
}

/** The project and the streams of a migrate command. */
export interface MigrateProcess {
  readonly io: IO;
  readonly file: string;
  readonly name: string | undefined;
  readonly root: string;
  /** The database refuses every write. */
  readonly readOnly: boolean;
}

/**
 * Runs `retort migrate …` in a child process, which loads entities and migrations as they are on disk now; the shell keeps those that
 * it has loaded.
 */
export function runMigrateProcess(
  args: readonly string[],
  { io, file, name, root, readOnly }: MigrateProcess,
): Promise<number> {
  const project = ["-d", file, ...(name === undefined ? [] : ["--name", name])];
  const child = spawn(process.execPath, [process.argv[1]!, "migrate", ...args, ...project], {
    cwd: root,
    env: { ...io.env, ...(readOnly && { [READ_ONLY_VARIABLE]: "1" }) },
    // A terminal is inherited, so that the command knows that it writes to one: colours, and data escaped.
    stdio: ["ignore", inherited(io.stdout), inherited(io.stderr)],
  });
  child.stdout?.pipe(io.stdout, { end: false });
  child.stderr?.pipe(io.stderr, { end: false });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve(exitCode ?? 1));
  });
}

function inherited(stream: NodeJS.WriteStream): NodeJS.WriteStream | "pipe" {
  return stream.isTTY ? stream : "pipe";
}
