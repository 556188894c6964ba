import { scratchProject, type ProjectOptions } from "../helpers/project";
import { attempt } from "./probe";

const SHOWS = `
  import { DataSource } from "typeorm";
  export default new DataSource({ type: "better-sqlite3", database: process.env.DB_FILE ?? "unset.sqlite" });`;

/** The database that a project has opened, and what was said. */
async function opened(options: ProjectOptions, env: Record<string, string> = {}) {
  const project = scratchProject({ ...options, files: { "ormconfig.ts": SHOWS, ...options.files } });
  const { stdout, stderr } = await attempt(project, {
    env,
    then: "return project.dataSource.options.database;",
    use: "write",
  });
  const { result } = JSON.parse(stdout) as { result: string };
  return { database: result.replace(`${project.root}/`, ""), stderr };
}

test(".env is read before the configuration is loaded, and one line says so", async () => {
  const files = { ".env": '# the database\nexport DB_FILE="env.sqlite" # of tests\nOTHER=x\n' };
  expect(await opened({ files })).toEqual({ database: "env.sqlite", stderr: "read .env\n" });
});

test(".env.local goes before .env, and what is set goes before both", async () => {
  const files = { ".env": "DB_FILE=env.sqlite", ".env.local": "DB_FILE=local.sqlite" };
  expect(await opened({ files })).toEqual({ database: "local.sqlite", stderr: "read .env.local and .env\n" });
  expect((await opened({ files }, { DB_FILE: "set.sqlite" })).database).toBe("set.sqlite");
  expect((await opened({ files: { ".env": "DB_FILE=env.sqlite" } }, { DB_FILE: "" })).database).toBe("");
});

test("nothing is said where all of its variables are set already", async () => {
  const files = { ".env": "DB_FILE=env.sqlite" };
  expect(await opened({ files }, { DB_FILE: "set.sqlite" })).toEqual({ database: "set.sqlite", stderr: "" });
});

test('"env": false turns it off', async () => {
  const files = { ".env": "DB_FILE=env.sqlite" };
  const packageJson = { retort: { env: false } };
  expect(await opened({ files, packageJson })).toEqual({ database: "unset.sqlite", stderr: "" });
});

test("the .env of the workspace is read after that of the package", async () => {
  const project = scratchProject({
    packageJson: { workspaces: ["packages/*"] },
    files: {
      ".env": "DB_FILE=root.sqlite\nDB_TYPE=better-sqlite3",
      "packages/api/package.json": "{}",
      "packages/api/.env": "DB_FILE=api.sqlite",
      "packages/api/ormconfig.ts": SHOWS,
    },
  });
  const then = "return [project.dataSource.options.database, process.env.DB_TYPE];";
  const { stdout } = await attempt(project, { cwd: project.path("packages/api"), then, use: "write" });
  expect(JSON.parse(stdout)).toMatchObject({
    result: [project.path("packages/api/api.sqlite"), "better-sqlite3"],
  });
});
