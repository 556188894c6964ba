import { ExitCode, RetortError } from "../errors";
import type { Project } from "../config/project";
import type { MigrateHook, ResultFormat } from "../shell/options";
import { openShell } from "../shell/shell";
import type { Database } from "../session/database";
import type { CommandContext } from "./command";
import { namesOfStartFile } from "./start-file";
import type { DatabaseUse } from "../config/open";

export interface ShellOptions {
  readonly eval?: string;
  readonly sandbox?: boolean;
  readonly readOnly?: boolean;
  readonly write?: boolean;
  readonly echo?: boolean;
  readonly format?: ResultFormat;
  readonly database?: string;
}

type ShellContext = CommandContext<ShellOptions>;

/** `retort shell`: the prompt, a pipe, or `-e`. */
export async function run(context: ShellContext): Promise<ExitCode> {
  const { io, options } = context;
  if (options.database !== undefined) useDatabase(context, options.database);
  const access: DatabaseUse = { use: options.readOnly ? "read" : "write", entities: "required" };
  const project = await projectOrOffer(context);
  if (!project) return ExitCode.done;
  const db = await context.database(access);
  const reloader = new Reloader(project, db, access);
  try {
    const exitCode = await openShell({
      db,
      root: project.root,
      settings: project.settings.shell ?? {},
      input: io.stdin,
      output: io.stdout,
      error: io.stderr,
      env: io.env,
      evaluate: options.eval,
      sandbox: options.sandbox,
      readOnly: options.readOnly,
      write: options.write,
      echo: options.echo,
      format: options.format,
      verbose: options.verbose,
      load: (file) => project.load(file),
      namesOf: (database) => namesOfStartFile(project, database),
      migrate: options.database === undefined ? migrations(context, project, db) : undefined,
      reload: () => reloader.reload(),
    });
    return exitCode as ExitCode;
  } finally {
    await reloader.close();
  }
}

/** Instead of a project, a database and entities of its tables. */
function useDatabase(context: ShellContext, address: string): void {
  const { databaseProject } = require("./inspect/database-project") as typeof import("./inspect/database-project");
  context.useProject(() => databaseProject(context, { address, entities: true }));
}

/** The project. Where there is none, a terminal offers `retort init`. */
async function projectOrOffer(context: ShellContext): Promise<Project | undefined> {
  try {
    return await context.project();
  } catch (error) {
    const isMissing = error instanceof RetortError && error.code === "config/not-found";
    const { isTerminal, confirm } = require("./migrate/prompt") as typeof import("./migrate/prompt");
    if (!isMissing || context.options.eval !== undefined || !isTerminal(context)) throw error;
    context.remark(error.message);
    if (!(await confirm(context, "Create a configuration and a migrations folder (retort init)?"))) throw error;
    const { init } = require("./init/init") as typeof import("./init/init");
    await init(context, { yes: true });
    return undefined;
  }
}

/** The migrate commands for the shell, which does not import them. */
function migrations({ io, options }: ShellContext, project: Project, db: Database): MigrateHook {
  return {
    pending: () => {
      const { countPending } = require("./shell-migrations") as typeof import("./shell-migrations");
      return countPending(project, db.dataSource);
    },
    run: (args, readOnly) => {
      const { runMigrateProcess } = require("./shell-migrations") as typeof import("./shell-migrations");
      return runMigrateProcess(args, { io, file: project.file, name: options.name, root: project.root, readOnly });
    },
  };
}

/** Loads the project again from disk and connects to it; closes all of these connections at the end. */
class Reloader {
  readonly #access: DatabaseUse;
  readonly #opened: Database[] = [];
  #project: Project;
  #current: Database;

  constructor(project: Project, current: Database, access: DatabaseUse) {
    this.#project = project;
    this.#current = current;
    this.#access = access;
  }

  async reload(): Promise<Database> {
    const { keepMemory, openDataSource } = require("../config/open") as typeof import("../config/open");
    const { connect } = require("../session/database") as typeof import("../session/database");
    this.#project = await this.#project.reload();
    const dataSource = await openDataSource(this.#project, this.#access);
    keepMemory(this.#current.dataSource, dataSource);
    this.#current = await connect(dataSource);
    this.#opened.push(this.#current);
    return this.#current;
  }

  async close(): Promise<void> {
    for (const db of this.#opened) {
      await db.close();
      if (db.dataSource.isInitialized) await db.dataSource.destroy();
    }
  }
}
