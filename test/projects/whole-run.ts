import fs from "node:fs";
import path from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import type { CommandResult } from "../helpers/command";
import type { ScratchProject } from "../helpers/project";
import { readTranscript, type MadeProject } from "./made-project";

export type RunProject = Pick<ScratchProject, "root" | "path" | "retort">;

/** What a project's users do with it, from the first migration on, with the real command each time. */
export async function runWhole(project: RunProject, facts: MadeProject, server?: DataSourceOptions): Promise<void> {
  const { options = [], notes = "", env = {} } = facts;
  const cwd = project.path(facts.folder ?? ".");
  const retort = async (argv: readonly string[], stdin = ""): Promise<CommandResult> => {
    const result = await project.retort([...argv, ...options], { cwd, env, stdin });
    if (result.exitCode !== 0) throw new Error(`retort ${argv.join(" ")} exits ${result.exitCode}: ${result.stderr}`);
    return result;
  };

  // The first migration, and the prompt, through one pipe.
  const { input, output } = readTranscript(facts.transcript);
  const typed = await retort(["shell"], input);
  // Said once, though each .migrate opens the project again.
  expect(typed.stderr.replace(notes, "")).not.toContain("retort: ");
  expect(typed.stdout.replace(/\d{13}/g, "TIME")).toBe(output);

  const diagnosis = await project.retort(["doctor", "--json", ...options], { cwd, env });
  expect(JSON.parse(diagnosis.stdout)).toMatchObject({ ok: true, problems: [], found: facts.found });
  const [code, value] = facts.evaluates;
  expect(await retort(["shell", "-e", code])).toMatchObject({ stdout: `${value}\n`, stderr: notes });

  // A change of the entities, there and back.
  const before = await contents(project, server);
  addWhatComesLater(project);
  expect((await retort(["migrate", "generate", "later"])).stderr).toMatch(/: add "?\w+"?$/m);
  await retort(["migrate", "up"]);
  expect(await contents(project, server)).not.toEqual(before);
  expect((await retort(["migrate", "check"])).stderr).toContain("The entities and the database agree.\n");
  await retort(["migrate", "down"]);
  expect(await contents(project, server)).toEqual(before);
}

function addWhatComesLater(project: RunProject): void {
  for (const file of filesOf(project)) {
    const text = fs.readFileSync(file, "utf8");
    if (text.includes("// later: ")) fs.writeFileSync(file, text.replaceAll("// later: ", ""));
  }
}

function filesOf(project: RunProject): string[] {
  return fs
    .readdirSync(project.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .filter((file) => !file.includes(`${path.sep}node_modules${path.sep}`));
}

type Contents = Record<string, unknown>;

/** The definition and the rows of each table, except those that say which migrations were applied; read past Retort. */
async function contents(project: RunProject, server: DataSourceOptions | undefined): Promise<Contents> {
  const databases = filesOf(project).filter((file) => file.endsWith(".sqlite"));
  const connections: DataSourceOptions[] = server
    ? [server]
    : databases.map((database) => ({ type: "better-sqlite3", database, readonly: true }));
  expect(connections).not.toEqual([]);
  return Object.assign({}, ...(await Promise.all(connections.map(contentsOf)))) as Contents;
}

async function contentsOf(options: DataSourceOptions): Promise<Contents> {
  const dataSource = await new DataSource(options).initialize();
  try {
    const query = (sql: string) => dataSource.query<Record<string, unknown>[]>(sql);
    const definitions = await query(DEFINITIONS[options.type as keyof typeof DEFINITIONS]);
    const tables = [...new Set(definitions.map(({ tbl_name }) => String(tbl_name)))].filter(
      (name) => !/migration/i.test(name),
    );
    const found = tables.map(async (name) => {
      const rows = await query(`SELECT * FROM ${dataSource.driver.escape(name)}`);
      return [name, { definition: definitions.filter(({ tbl_name }) => tbl_name === name), rows }] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  } finally {
    await dataSource.destroy();
  }
}

const SERVER_DEFINITIONS = (schema: string) => `SELECT table_name AS tbl_name, ordinal_position, column_name, data_type,
  is_nullable, column_default FROM information_schema.columns WHERE table_schema = ${schema} ORDER BY 1, 2`;

const DEFINITIONS = {
  "better-sqlite3": "SELECT name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name",
  postgres: SERVER_DEFINITIONS("current_schema()"),
  mariadb: SERVER_DEFINITIONS("database()"),
};
