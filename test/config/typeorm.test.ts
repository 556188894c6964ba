import fs from "node:fs";
import path from "node:path";
import { repository } from "../helpers/repository";
import { scratchProject, type ScratchProject } from "../helpers/project";
import { isTypeorm03 } from "../helpers/typeorm";
import { failure, probe } from "./probe";

const ENTITY = `
  import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
  @Entity() export class User { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }`;

function configuration(options: string): string {
  return `
    import { DataSource } from "typeorm";
    import { User } from "./user";
    export default new DataSource({ entities: [User], database: "app.sqlite", synchronize: true, ${options} });`;
}

function withTypeorm(name: string, files: Record<string, string>): ScratchProject {
  const project = scratchProject({ files });
  linkPackage(project, name, "typeorm");
  return project;
}

function linkPackage(project: ScratchProject, name: string, as: string): void {
  fs.rmSync(project.path("node_modules", as), { force: true });
  fs.mkdirSync(project.path("node_modules", as, ".."), { recursive: true });
  fs.symlinkSync(path.join(repository, "node_modules", name), project.path("node_modules", as), "junction");
}

/** TypeORM as a folder of the project, where a link would lead out of it. */
function copyTypeorm(project: ScratchProject): void {
  const real = fs.realpathSync(project.path("node_modules/typeorm"));
  const filter = (file: string) => !/\.(map|d\.ts)$/.test(file) && file !== path.join(real, "browser");
  fs.cpSync(real, project.path("copied"), { recursive: true, filter });
  fs.rmSync(project.path("node_modules/typeorm"));
  fs.renameSync(project.path("copied"), project.path("node_modules/typeorm"));
  // Packages that it needs, and those that they need.
  const all = fs.readdirSync(path.join(repository, "node_modules")).filter((name) => !name.startsWith("."));
  for (const name of all) if (!fs.existsSync(project.path("node_modules", name))) linkPackage(project, name, name);
}

/** A package that says of itself only what it is. */
function fakePackage(project: ScratchProject, name: string, json: object, code: string): void {
  fs.rmSync(project.path("node_modules", name), { force: true });
  project.write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js", ...json }));
  project.write(`node_modules/${name}/index.js`, code);
}

const SHELL = ["shell", "-e", "db.session.add(User({ name: 'susan' })); db.session.commit(); User.query.one().name"];

describe("versions of TypeORM", () => {
  test.each(["0.2.45", "0.3.25", "0.4.0", "2.0.0"])(
    "%s is refused at the start, with the versions that work",
    async (version) => {
      const project = scratchProject({
        files: { "ormconfig.ts": 'import { nothing } from "typeorm"; nothing.fails();' },
      });
      fakePackage(project, "typeorm", { version }, "");
      const { text, exitCode } = await failure(project, { isFresh: true });
      expect(text).toBe(
        `error: TypeORM ${version} (node_modules/typeorm) is not supported (supported: 0.3.26 or later of 0.3, and 1.x)\n` +
          "  → npm install typeorm@^0.3.26, or typeorm@^1\n",
      );
      expect(exitCode).toBe(2);
    },
  );

  test.each(["0.3.26", "0.3.31", "1.0.0", "1.1.1-nightly.20260911"])("%s is not refused", async (version) => {
    const project = scratchProject({ files: { "ormconfig.ts": "throw new Error('it is loaded');" } });
    fakePackage(project, "typeorm", { version }, "");
    expect((await failure(project, { isFresh: true })).text).toContain("it is loaded");
  });

  test.each(["typeorm", "typeorm-0.3"])("a project on %s: migrations and the shell", async (name) => {
    const project = withTypeorm(name, {
      "user.ts": ENTITY,
      "ormconfig.ts": configuration('type: "better-sqlite3", migrations: ["migrations/*.ts"]'),
    });
    expect(await project.retort(["migrate", "generate", "users"])).toMatchObject({ exitCode: 0 });
    expect(await project.retort(["migrate", "up"])).toMatchObject({ exitCode: 0 });
    expect(await project.retort(["migrate", "check"])).toMatchObject({ exitCode: 0 });
    expect(await project.retort(SHELL)).toMatchObject({ stdout: "'susan'\n", exitCode: 0 });
    expect(await project.retort(["migrate", "down", "base"])).toMatchObject({ exitCode: 0 });
  });
});

describe("the project's own copy", () => {
  test("the prompt has its find operators, wherever Retort itself is installed", async () => {
    const project = scratchProject({
      files: { "user.ts": ENTITY, "ormconfig.ts": configuration('type: "better-sqlite3"') },
    });
    copyTypeorm(project);
    const main = project.read("node_modules/typeorm/index.js");
    project.write(
      "node_modules/typeorm/index.js",
      `${main}\nmodule.exports = { ...exports, Like: function ownLike() {} };\n`,
    );
    expect(await project.retort(["shell", "-e", "Like.name === 'ownLike'"])).toMatchObject({
      stdout: "true\n",
      exitCode: 0,
    });
  });

  test("a DataSource of another package's copy is used with that copy", async () => {
    const project = withTypeorm("typeorm", { "ormconfig.ts": 'export { default } from "@acme/database";' });
    fs.rmSync(project.path("node_modules/typeorm"));
    project.write("node_modules/@acme/database/package.json", '{ "name": "@acme/database", "main": "index.js" }');
    project.write(
      "node_modules/@acme/database/index.js",
      `exports.__esModule = true;
       const { DataSource, EntitySchema } = require("typeorm");
       const columns = { id: { type: Number, primary: true, generated: true }, name: { type: String } };
       const User = new EntitySchema({ name: "User", columns });
       exports.default = new DataSource({ type: "better-sqlite3", database: "app.sqlite", entities: [User] });`,
    );
    linkPackage(project, "typeorm-0.3", "@acme/database/node_modules/typeorm");
    const seen = await project.retort(["shell", "-e", "User.query.filterBy({ name: Like('s%') }).toSQL()"]);
    expect(seen).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("LIKE") as string });
  });

  test.each([
    ["0.2.45", "connection/Connection.js", "Connection", "connect() {}"],
    ["0.3.20", "data-source/DataSource.js", "DataSource", "initialize() {}"],
  ])("one that is not supported is refused there too: %s", async (version, file, name, method) => {
    const project = scratchProject({ files: { "ormconfig.ts": 'export { default } from "old";' } });
    fs.rmSync(project.path("node_modules/typeorm"));
    project.write("node_modules/old/package.json", '{ "name": "old", "main": "index.js" }');
    project.write(
      "node_modules/old/index.js",
      `exports.__esModule = true;
       const { ${name} } = require("typeorm/${file}");
       exports.default = new ${name}();`,
    );
    project.write("node_modules/old/node_modules/typeorm/package.json", JSON.stringify({ name: "typeorm", version }));
    project.write(
      `node_modules/old/node_modules/typeorm/${file}`,
      `exports.${name} = class { options = { type: "better-sqlite3" }; ${method} createQueryRunner() {} };`,
    );
    const { text, exitCode } = await failure(project, { isFresh: true });
    expect(text).toContain(`error: TypeORM ${version} (node_modules/old/node_modules/typeorm) is not supported`);
    expect(exitCode).toBe(2);
  });

  test("options without any TypeORM", async () => {
    const project = scratchProject({ files: { "ormconfig.js": 'module.exports = { type: "postgres" };' } });
    fs.rmSync(project.path("node_modules/typeorm"));
    const { text, exitCode } = await failure(project, { isFresh: true });
    expect(text).toMatch(/^error: the package "typeorm" is not installed in \.\n {2}→ npm install typeorm\n/);
    expect(exitCode).toBe(2);
  });
});

describe('type: "sqlite" of TypeORM 0.3', () => {
  const NOTE = 'type: "sqlite" is opened through better-sqlite3, which reads and writes the same file';
  const SQLITE3 = "exports.verbose = () => ({ Database: class { constructor() { throw new Error('opened'); } } });";

  test("a DataSource is opened through better-sqlite3, which is said in one line", async () => {
    const project = withTypeorm("typeorm-0.3", {
      "user.ts": ENTITY,
      "ormconfig.ts": configuration('type: "sqlite", busyTimeout: 1234, migrations: ["migrations/*.ts"]'),
    });
    fakePackage(project, "sqlite3", { version: "5.1.7" }, SQLITE3);
    const generated = await project.retort(["migrate", "generate", "users"]);
    expect(generated).toMatchObject({ exitCode: 0 });
    expect(generated.stderr.split("\n").filter((line) => line.includes("sqlite3"))).toEqual([`retort: ${NOTE}`]);
    const seen = await probe(project, { isFresh: true, then: "return dataSource.options.timeout" });
    expect(seen).toMatchObject({ type: "better-sqlite3", result: 1234 });
  });

  test("so are options, without sqlite3", async () => {
    const project = withTypeorm("typeorm-0.3", {
      "ormconfig.ts": 'export default { type: "sqlite", database: "app.sqlite" };',
    });
    expect(await probe(project, { isFresh: true })).toMatchObject({ type: "better-sqlite3" });
  });

  test("without sqlite3 the DataSource cannot be made: better-sqlite3 is named", async () => {
    const project = withTypeorm("typeorm-0.3", { "user.ts": ENTITY, "ormconfig.ts": configuration('type: "sqlite"') });
    const { text } = await failure(project, { isFresh: true });
    expect(text).toMatch(
      /the package "sqlite3" is not installed; type: "sqlite" needs it\n.*write type: "better-sqlite3"/,
    );
  });

  test("one that the project has connected is connected anew, unless its database is in memory", async () => {
    const project = withTypeorm("typeorm-0.3", {
      "ormconfig.js": `
        const { DataSource } = require("typeorm");
        module.exports = new DataSource({ type: "sqlite", database: process.env.FILE, flags: 1 }).initialize();`,
    });
    const connected = `exports.verbose = () => ({ Database: class {
      constructor(file, flags, opened) { setImmediate(opened, null); }
      run(sql, done) { done(null); }
      close(done) { done(null); }
    } });`;
    fakePackage(project, "sqlite3", { version: "5.1.7" }, connected);
    const options =
      "const { type, readonly, fileMustExist } = db.dataSource.options; ({ type, readonly, fileMustExist })";
    project.write("app.sqlite", "");
    const opened = await project.retort(["shell", "-e", options], { env: { FILE: "app.sqlite" } });
    expect(opened.stderr).toContain(NOTE);
    expect(opened.stdout).toMatch(/type: 'better-sqlite3', readonly: true, fileMustExist: true/);
    const memory = await project.retort(["shell", "-e", options], { env: { FILE: ":memory:" } });
    expect(memory.stderr).toContain("has connected to its database in memory already");
    expect(memory.exitCode).toBe(2);
  });

  (isTypeorm03 ? test.skip : test)("TypeORM 1.x has no such driver", async () => {
    const project = scratchProject({
      files: { "ormconfig.ts": 'export default { type: "sqlite", database: "a.sqlite" };' },
    });
    const { text } = await failure(project, { isFresh: true });
    expect(text).toMatch(/TypeORM has no driver "sqlite"\n.*write type: "better-sqlite3"/);
  });
});

test("TypeORM 0.3 prefers the package mysql: mysql2 is opened in its place, which is said in one line", async () => {
  const project = withTypeorm("typeorm-0.3", {
    "ormconfig.js": `
      const { DataSource } = require("typeorm");
      module.exports = new DataSource({ type: "mariadb", url: "mysql://nobody@127.0.0.1:9/nothing" });`,
  });
  copyTypeorm(project);
  fakePackage(project, "mysql", { version: "2.18.1" }, "exports.createPool = () => { throw new Error('mysql'); };");
  const { stderr } = await project.retort(["migrate", "status"]);
  expect(stderr).toContain('retort: type: "mariadb" is opened through mysql2, which connects to the same server\n');
  expect(stderr).toContain("connection refused");
  fs.rmSync(project.path("node_modules/mysql2"), { recursive: true });
  expect((await failure(project, { isFresh: true })).text).toBe(
    'error: type: "mariadb" is opened through the package "mysql2", which is not installed\n  → npm install mysql2\n',
  );
});

test("a better-sqlite3 that needs a later Node is refused before it is loaded", async () => {
  const project = scratchProject({
    files: { "user.ts": ENTITY, "ormconfig.ts": configuration('type: "better-sqlite3"') },
  });
  // TypeORM looks for the driver beside itself.
  copyTypeorm(project);
  fakePackage(project, "better-sqlite3", { version: "99.0.1", engines: { node: ">=98" } }, "process.abort();");
  const { text, exitCode } = await failure(project, { isFresh: true });
  expect(text).toBe(
    `error: better-sqlite3 99.0.1 needs Node 98 or later; this is Node ${process.versions.node}\n` +
      "  → use Node 98, or npm install better-sqlite3@12\n",
  );
  expect(exitCode).toBe(2);
  project.write("ormconfig.ts", 'import Database from "better-sqlite3"; export default new Database();');
  expect((await failure(project, { isFresh: true })).text).toContain("better-sqlite3 99.0.1 needs Node 98");
});
