import path from "node:path";
import { runNode, type CommandOptions } from "../helpers/command";
import type { ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";

/** What a process of its own saw when it loaded a project. */
export interface Seen {
  root: string;
  file: string;
  language: string;
  moduleFormat: string;
  settings: Record<string, unknown>;
  type: string;
  /** `User.name` → its type as TypeORM has it. */
  columns: Record<string, string>;
  migrations: string[];
  /** Whether the compiler was loaded. */
  compiled: boolean;
  /** What the code given as `then` returned. */
  result: unknown;
}

export interface Probe extends CommandOptions {
  dataSource?: string;
  name?: string;
  use?: "read" | "write";
  /** The body of an async function of `project` and `dataSource`, whose value comes back as `result`. */
  then?: string;
}

/** Loads a project and connects it as the command line does, in a process of its own: jest's `require` is not Node's. */
export async function probe(project: ScratchProject, options: Probe = {}): Promise<Seen> {
  const { stdout, stderr } = await attempt(project, options);
  if (!stdout.startsWith("{")) throw new Error(`the project was not loaded:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as Seen;
}

/** The same where it fails: the error as text, as the command line prints it, and the code it would exit with. */
export async function failure(
  project: ScratchProject,
  options: Probe = {},
): Promise<{ text: string; exitCode: number | null }> {
  const { stdout, exitCode } = await attempt(project, options);
  if (stdout.startsWith("{")) throw new Error("the project was loaded");
  return { text: stdout, exitCode };
}

export function attempt(project: ScratchProject, { dataSource, name, use = "read", then = "", ...options }: Probe) {
  const wanted = JSON.stringify({ dataSource, name });
  const script = SCRIPT.replace("WANTED", wanted).replace("USE", JSON.stringify(use)).replace("THEN", then);
  return runNode(["-e", script], { cwd: project.root, ...options });
}

const dist = path.join(repository, "dist");
const SCRIPT = `
const { loadProject } = require(${JSON.stringify(`${dist}/config/project.js`)});
const { openDataSource } = require(${JSON.stringify(`${dist}/config/open.js`)});
const { report, exitCodeOf } = require(${JSON.stringify(`${dist}/cli/report.js`)});
const { plain } = require(${JSON.stringify(`${dist}/cli/style.js`)});
(async () => {
  const note = (line) => process.stderr.write(line + "\\n");
  const project = await loadProject({ ...WANTED, cwd: process.cwd(), env: process.env, note });
  const dataSource = await openDataSource(project, USE);
  const columns = {};
  for (const { name, columns: list } of dataSource.entityMetadatas)
    for (const column of list) columns[name + "." + column.propertyPath] = column.type.name ?? column.type;
  const result = await (async () => { THEN })();
  const { root, file, language, moduleFormat, settings } = project;
  process.stdout.write(JSON.stringify({
    root, file, language, moduleFormat, settings, type: dataSource.options.type, columns,
    migrations: dataSource.migrations.map((one) => one.constructor.name).sort(),
    compiled: Object.keys(require.cache).some((name) => name.endsWith("/lib/typescript.js")),
    result,
  }));
  await dataSource.destroy();
})().catch((error) => {
  process.stdout.write(report(error, { verbose: false, style: plain }));
  process.exitCode = exitCodeOf(error);
});
`;
