import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { retort, type CommandOptions, type CommandResult } from "./command";
import { hosted, type HostedOptions } from "./host";
import { repository } from "./repository";
import { openTerminal, type Terminal, type TerminalOptions } from "./terminal";

/** Packages that a project finds in its node_modules. */
const LINKED = ["typeorm", "better-sqlite3", "reflect-metadata", "pg", "mysql2", "typescript", "@types/node"];

export interface ProjectOptions {
  /** Copied first. */
  folder?: string;
  /** Name → folder of each package in its node_modules. Default: this checkout's own, of what a project uses. */
  packages?: Readonly<Record<string, string>>;
  /** Path in the project → text. A package.json that is not there is made. */
  files?: Readonly<Record<string, string>>;
  /** Merged into the package.json that is made, e.g. `{ type: "module" }`. */
  packageJson?: Readonly<Record<string, unknown>>;
  /** For each command that runs in the project. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** A folder of its own that holds somebody's TypeORM project; removed when the test file ends. */
export interface ScratchProject {
  readonly root: string;
  path(...names: string[]): string;
  write(file: string, text: string): void;
  read(file: string): string;
  exists(file: string): boolean;
  /** Names in a folder, sorted; [] when there is no such folder. */
  list(folder?: string): string[];
  /** Runs `retort …argv` in the project, as a process of its own. */
  retort(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** The same, much faster, where it does not matter that the process is one of its own: see `hosted`. */
  hosted(argv: readonly string[], options?: HostedOptions): Promise<CommandResult>;
  /** Opens a pseudo-terminal in which `retort …argv` runs. */
  terminal(argv: readonly string[], options?: TerminalOptions): Terminal;
  remove(): void;
}

const projects = new Set<ScratchProject>();

afterAll(() => {
  for (const project of projects) project.remove();
});

export function scratchProject({
  folder,
  packages = ownPackages(),
  files = {},
  packageJson = {},
  env = {},
}: ProjectOptions = {}): ScratchProject {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "retort-project-")));
  const inside = (...names: string[]) => path.join(root, ...names);
  const project: ScratchProject = {
    root,
    path: inside,
    write: (file, text) => {
      fs.mkdirSync(path.dirname(inside(file)), { recursive: true });
      fs.writeFileSync(inside(file), text);
    },
    read: (file) => fs.readFileSync(inside(file), "utf8"),
    exists: (file) => fs.existsSync(inside(file)),
    list: (folder = ".") => (fs.existsSync(inside(folder)) ? fs.readdirSync(inside(folder)).sort() : []),
    retort: (argv, options = {}) => retort(argv, { cwd: root, ...options, env: { ...env, ...options.env } }),
    hosted: (argv, options = {}) => hosted("retort", argv, { cwd: root, ...options, env: { ...env, ...options.env } }),
    terminal: (argv, options = {}) => openTerminal(argv, { cwd: root, ...options, env: { ...env, ...options.env } }),
    remove: () => {
      projects.delete(project);
      fs.rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  projects.add(project);
  if (folder) fs.cpSync(folder, root, { recursive: true });
  for (const [name, target] of Object.entries(packages)) symlink(target, project.path("node_modules", name));
  if (!project.exists("package.json"))
    project.write("package.json", JSON.stringify({ name: "scratch", private: true, ...packageJson }, null, 2));
  for (const [file, text] of Object.entries(files)) project.write(file, text);
  return project;
}

/** Links of a project's node_modules to this checkout's own packages, and to Retort. */
export function ownPackages(names: readonly string[] = LINKED): Record<string, string> {
  const own = names.map((name) => [name, path.join(repository, "node_modules", name)] as const);
  return { ...Object.fromEntries(own), "typeorm-retort": repository };
}

export function symlink(target: string, file: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.symlinkSync(target, file, "junction");
}

export interface MicroblogOptions extends ProjectOptions {
  /** Whether the demo's migrations come along. Default true. */
  migrations?: boolean;
}

/**
 * A copy of the demo: ormconfig.ts, examples/microblog, migrations. Its database is a file of its own, or with
 * `env: scratch.env` the one that DATABASE_URL names.
 */
export function microblogProject({ migrations = true, ...options }: MicroblogOptions = {}): ScratchProject {
  const project = scratchProject({ ...options, packageJson: { name: "microblog", ...options.packageJson } });
  const copied = ["ormconfig.ts", "tsconfig.json", "examples/microblog", ...(migrations ? ["migrations"] : [])];
  for (const name of copied) {
    fs.cpSync(path.join(repository, name), project.path(name), { recursive: true });
  }
  return project;
}
