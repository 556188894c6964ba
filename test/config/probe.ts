import path from "node:path";
import { runNode } from "../helpers/command";
import { hosted, type HostedOptions } from "../helpers/host";
import type { ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";

/** What a process saw when it loaded a project. */
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

export interface Probe extends HostedOptions {
  dataSource?: string;
  name?: string;
  use?: "read" | "write";
  /** In a new process, which has not loaded the compiler, nor an older form of the project's native ES modules. */
  isFresh?: boolean;
  /** The body of an async function of `project` and `dataSource`, whose value comes back as `result`. */
  then?: string;
}

/** Loads a project and connects it as the command line does, in another process: jest's `require` is not Node's. */
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

export function attempt(project: ScratchProject, probe: Probe) {
  const { dataSource, name, use = "read", then = "", isFresh = false, ...options } = probe;
  const wanted = JSON.stringify({ dataSource, name });
  const script = SCRIPT.replace("WANTED", wanted).replace("USE", JSON.stringify({ use })).replace("THEN", then);
  const where = { cwd: project.root, ...options };
  return isFresh ? runNode(["-e", `void (async () => { ${script} })();`], where) : hosted("script", [script], where);
}

const dist = path.join(repository, "dist");
const SCRIPT = `
const { loadProject } = require(${JSON.stringify(`${dist}/config/project.js`)});
const { openDataSource } = require(${JSON.stringify(`${dist}/config/open.js`)});
const { report, exitCodeOf } = require(${JSON.stringify(`${dist}/cli/report.js`)});
const { plain } = require(${JSON.stringify(`${dist}/terminal/style.js`)});
try {
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
} catch (error) {
  process.stdout.write(report(error, { verbose: false, style: plain }));
  process.exitCode = exitCodeOf(error);
}
`;
