import fs from "node:fs";
import { freePort } from "../helpers/ports";
import { scratchProject } from "../helpers/project";
import { isTypeorm03 } from "../helpers/typeorm";
import { failure, probe } from "./probe";

const ENTITY = `
  import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
  @Entity() export class User { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }`;

function configuration(options: string): Record<string, string> {
  return {
    "user.ts": ENTITY,
    "ormconfig.ts": `import { DataSource } from "typeorm";\nimport { User } from "./user";\nexport default new DataSource({ entities: [User], ${options} });\n`,
  };
}

const tsconfigPaths = JSON.stringify({ compilerOptions: { paths: { "@app/*": ["./src/*"] } } });
const SQLITE = 'type: "better-sqlite3", database: "app.sqlite"';

/** One or two lines: what happened, and what to do about it. */
async function twoLines(files: Record<string, string>, options: Parameters<typeof failure>[1] = {}) {
  const project = scratchProject({ files });
  const { text, exitCode } = await failure(project, options);
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  return { text, exitCode, project };
}

describe("a configuration that cannot be used exits with 2", () => {
  test("there is none: the places that were looked in", async () => {
    const { text, exitCode } = await twoLines({});
    expect(exitCode).toBe(2);
    expect(text).toMatch(/^error: no configuration found: looked in \. for \{ormconfig,data-source,src\/data-source,/);
    expect(text).toContain(".{ts,mts,cts,js,mjs,cjs}");
    expect(text).toContain("→ retort init");
  });

  test("the file that is named is not there", async () => {
    const { text, exitCode } = await twoLines({}, { dataSource: "src/nowhere.ts" });
    expect(exitCode).toBe(2);
    expect(text).toMatch(/^error: there is no file src\/nowhere\.ts \(named by -d\)\n/);
  });

  test.each([
    ["TypeScript", "ormconfig.ts", "const x: number = 1;\nexport default new (;\n", /^error: ormconfig\.ts:2:\d+: /],
    ["a file it imports", "user.ts", "export class {\n  ;;;(\n", /^error: user\.ts:\d+:\d+: /],
    ["JavaScript", "ormconfig.js", "const x = 1;\nmodule.exports = {{;\n", /^error: ormconfig\.js:2: Unexpected token/],
    [
      "an ES module",
      "ormconfig.mjs",
      "const x = 1;\nexport default {{;\n",
      /^error: ormconfig\.mjs:2:\d+: Unexpected token/,
    ],
    ["a file it imports, an ES module", "part.mjs", "\nexport {{;\n", /^error: part\.mjs:2:\d+: Unexpected token/],
    ["JSON", "ormconfig.json", '{ "type": }', /^error: ormconfig\.json: .*Unexpected token/],
  ])("it does not parse: %s", async (_, file, content, expected) => {
    const importing = {
      "user.ts": { "ormconfig.ts": 'import "./user";' },
      "part.mjs": { "ormconfig.mjs": 'import "./part.mjs";' },
    };
    const { text, exitCode } = await twoLines({ ...importing[file as "user.ts"], [file]: content });
    expect(text).toMatch(expected);
    expect(exitCode).toBe(2);
  });

  test.each([
    [
      "TypeScript",
      "ormconfig.ts",
      "interface A { a: 1 }\n\nthrow new Error('DB_HOST is not set');",
      "error: ormconfig.ts:3:7: DB_HOST is not set",
    ],
    [
      "JavaScript",
      "ormconfig.js",
      "\n\n\nthrow new Error('DB_HOST is not set');",
      "error: ormconfig.js:4:7: DB_HOST is not set",
    ],
    [
      "an ES module",
      "ormconfig.mjs",
      "\n\nthrow new Error('DB_HOST is not set');",
      "error: ormconfig.mjs:3:7: DB_HOST is not set",
    ],
    [
      "after an await",
      "ormconfig.mts",
      "interface A { a: 1 }\nawait 1;\nthrow new Error('DB_HOST is not set');",
      "error: ormconfig.mts:3:7: DB_HOST is not set",
    ],
    [
      "a function that it exports",
      "ormconfig.ts",
      "export default () => {\n  throw new Error('DB_HOST is not set');\n};",
      "error: ormconfig.ts:2:9: DB_HOST is not set",
    ],
    ["no error at all", "ormconfig.ts", "throw 'DB_HOST is not set';", "error: ormconfig.ts: DB_HOST is not set"],
    [
      "a promise that it exports",
      "ormconfig.ts",
      "export default Promise.reject(new Error('DB_HOST is not set'));",
      "error: ormconfig.ts:1:31: DB_HOST is not set",
    ],
  ])("it throws: %s", async (_, file, content, expected) => {
    const { text, exitCode } = await twoLines({ [file]: content });
    expect(text).toContain(`${expected}\n`);
    expect(exitCode).toBe(2);
  });

  test("a package it imports is not installed", async () => {
    const { text, exitCode } = await twoLines({ "ormconfig.ts": '\nimport "@acme/config/db";' });
    expect(text).toBe(
      'error: ormconfig.ts:2: cannot find the package "@acme/config/db"\n  → npm install @acme/config\n',
    );
    expect(exitCode).toBe(2);
  });

  test.each([
    ["a scope of the project's name", "@shop/orders", { name: "shop" }, {}],
    ["the scope of the project", "@acme/orders", { name: "@acme/shop" }, {}],
    ["a folder", "@orders/order", {}, { "src/orders/x.ts": "" }],
    ["a path from the root", "src/orders/nowhere", {}, { "src/orders/x.ts": "" }],
    ["a path of tsconfig.json", "@app/nowhere", {}, { "tsconfig.json": tsconfigPaths }],
    ["an alias of module-alias", "@app/nowhere", { _moduleAliases: { "@app": "src" } }, {}],
    ["the usual alias of a folder", "@/nowhere", {}, {}],
  ])("a name of the project itself is not to be installed: %s", async (_, request, packageJson, files) => {
    const project = scratchProject({ packageJson, files: { "ormconfig.ts": `\nimport "${request}";`, ...files } });
    const { text, exitCode } = await failure(project);
    expect(text).toMatch(
      /^error: ormconfig\.ts:2: "[^"]+" is a name of this project, and no file has it\n {2}→ correct/,
    );
    expect(exitCode).toBe(2);
  });

  test.each([
    ["pnpm", { "pnpm-lock.yaml": "" }, {}, "pnpm add left-pad"],
    ["yarn", { "yarn.lock": "" }, {}, "yarn add left-pad"],
    ["bun", { "bun.lock": "" }, {}, "bun add left-pad"],
    ["npm", { "package-lock.json": "" }, {}, "npm install left-pad"],
    ["packageManager", {}, { packageManager: "pnpm@9.1.0+sha512.abc" }, "pnpm add left-pad"],
  ])("what to type is of the project's package manager: %s", async (_, files, packageJson, hint) => {
    const project = scratchProject({
      packageJson,
      files: { ...files, "ormconfig.ts": 'import "left-pad/es";' } as Record<string, string>,
    });
    expect((await failure(project)).text).toContain(`→ ${hint}\n`);
  });

  test("an error inside a package names the package, and the line of the project that called it", async () => {
    const { text } = await twoLines({
      "node_modules/checks/index.js": "exports.check = () => { throw new Error('DB_HOST is not set'); };",
      "ormconfig.ts": 'import { check } from "checks";\ncheck();',
    });
    expect(text).toBe('error: ormconfig.ts:2:6: the package "checks" threw: DB_HOST is not set\n');
  });

  test.each([
    ["another package", "absent", 'the package "broken" needs the package "absent", which is not installed', "absent"],
    ["a file of its own", "./lib/a", 'the package "broken" is incomplete: it cannot find its file ./lib/a', "broken"],
  ])("a package that does not find %s is not the project's fault", async (_, request, message, install) => {
    const { text, exitCode } = await twoLines({
      "node_modules/broken/package.json": "{}",
      "node_modules/broken/index.js": `require("${request}");`,
      "ormconfig.ts": '\nimport "broken";',
    });
    expect(text).toMatch(new RegExp(`^error: ormconfig\\.ts:2: ${message}\n {2}→ npm install ${install}\n$`));
    expect(exitCode).toBe(2);
  });

  test("a file it imports is not there", async () => {
    const { text } = await twoLines({
      "ormconfig.ts": 'import "./one";',
      "one.ts": 'import "typeorm";\nimport { x } from "./two.js";\nx;',
    });
    expect(text).toBe("error: one.ts:2: cannot find ./two.js\n  → correct the import in one.ts\n");
  });

  test("it exports something else", async () => {
    const { text, exitCode } = await twoLines({
      "ormconfig.ts": "export const port = 1; export const names = []; export class Thing {}",
    });
    expect(text).toMatch(
      /^error: ormconfig\.ts exports no DataSource; it exports port \(a number\), names \(an array\), Thing \(a class\)\n/,
    );
    expect(exitCode).toBe(2);
  });

  test("it exports a function that gives something else", async () => {
    const { text, exitCode } = await twoLines({ "ormconfig.ts": "export default () => 42;" });
    expect(text).toMatch(/^error: default of ormconfig\.ts gives a function, which is not a DataSource/);
    expect(exitCode).toBe(2);
  });

  test('type: "sqlite" is called better-sqlite3 since TypeORM 1.0', async () => {
    const { text, exitCode } = await twoLines(configuration('type: "sqlite", database: "x.sqlite"'));
    expect(text).toBe(
      isTypeorm03
        ? 'error: the package "sqlite3" is not installed; type: "sqlite" needs it\n' +
            '  → write type: "better-sqlite3", which opens the same file\n'
        : 'error: ormconfig.ts:3:16: TypeORM has no driver "sqlite"\n' +
            '  → write type: "better-sqlite3", which opens the same file\n',
    );
    expect(exitCode).toBe(2);
  });

  test("the driver's package is not installed", async () => {
    // This checkout has the packages of all supported databases.
    const missing =
      'import { DriverPackageNotInstalledError } from "typeorm"; throw new DriverPackageNotInstalledError("Postgres", "pg");';
    const project = scratchProject({ files: { "ormconfig.ts": missing, "yarn.lock": "" } });
    const { text, exitCode } = await failure(project);
    expect(text).toBe('error: the package "pg" is not installed; type: "postgres" needs it\n  → yarn add pg\n');
    expect(exitCode).toBe(2);
  });

  test.each(["oracle", "mssql", "mongodb", "spanner"])("nothing is to be installed for %s", async (type) => {
    const { text, exitCode } = await twoLines(configuration(`type: "${type}"`));
    expect(text).toBe(
      `error: type "${type}" is not supported\n  → use type: "better-sqlite3", "postgres", "mysql" or "mariadb"\n`,
    );
    expect(exitCode).toBe(2);
  });

  test("an entity has no primary key", async () => {
    const files = { ...configuration(SQLITE), "user.ts": ENTITY.replace("@PrimaryGeneratedColumn()", "@Column()") };
    const { text, exitCode } = await twoLines(files);
    expect(text).toMatch(
      /^error: the entity User has no primary key\n {2}→ mark a property of User with @PrimaryGeneratedColumn\(\)/,
    );
    expect(exitCode).toBe(2);
  });

  test("a column's type says nothing at run time", async () => {
    const { text, exitCode } = await twoLines({
      ...configuration(SQLITE),
      "user.ts": ENTITY.replace("string", "{ first: string }"),
    });
    expect(text).toMatch(
      /^error: the type of User\.name is not known at run time .*\n {2}→ name it: @Column\(\{ type: "varchar" \}\)/,
    );
    expect(exitCode).toBe(2);
  });

  test("an entity file that a pattern finds throws", async () => {
    const files = {
      ...configuration('type: "better-sqlite3", database: ":memory:", subscribers: ["late/*.ts"]'),
      "late/on.ts": "\nthrow new Error('not now');",
    };
    const { text, exitCode } = await twoLines(files);
    expect(text).toContain("error: late/on.ts:2:7: not now\n");
    expect(exitCode).toBe(2);
  });
});

describe("a database that cannot be used exits with 1, and nothing is made", () => {
  test("a file that is no database", async () => {
    const { text, exitCode, project } = await twoLines({
      ...configuration(SQLITE),
      "app.sqlite": "this is a letter ".repeat(100),
    });
    expect(text).toMatch(/^error: app\.sqlite is not an SQLite database\n/);
    expect(exitCode).toBe(1);
    expect(project.read("app.sqlite")).toHaveLength(1700);
  });

  test("a folder that is not there", async () => {
    for (const use of ["read", "write"] as const) {
      const { text, exitCode, project } = await twoLines(
        configuration('type: "better-sqlite3", database: "data/deep/app.sqlite"'),
        { use },
      );
      expect(text).toBe(
        "error: there is no folder data/deep for the database data/deep/app.sqlite\n  → mkdir -p data/deep\n",
      );
      expect(exitCode).toBe(1);
      expect(project.exists("data")).toBe(false);
    }
  });

  test("a folder in the place of the file", async () => {
    const { text, exitCode } = await twoLines({ ...configuration(SQLITE), "app.sqlite/x": "" });
    expect(text).toMatch(/^error: the database app\.sqlite cannot be opened: /);
    expect(exitCode).toBe(1);
  });

  test("nobody listens at host and port", async () => {
    const port = await freePort();
    for (const type of ["postgres", "mysql"]) {
      const options = `type: "${type}", url: "${type}://me:secret@127.0.0.1:${port}/shop"`;
      const { text, exitCode } = await twoLines(configuration(options));
      expect(text).toMatch(
        new RegExp(
          `^error: no connection to \\w+ at 127\\.0\\.0\\.1:${port} \\(database "shop"\\): connection refused\\n`,
        ),
      );
      expect(text).toContain("→ start the server, or correct host and port in ormconfig.ts");
      expect(text).not.toContain("secret");
      expect(exitCode).toBe(1);
    }
  });
});

test("reading makes no database: an empty one in memory stands in for a file that is not there yet", async () => {
  const project = scratchProject({ files: configuration(`${SQLITE}, synchronize: true`) });
  const { result } = await probe(project, { then: `return dataSource.query("SELECT name FROM sqlite_master");` });
  expect(result).toEqual([]);
  expect(project.exists("app.sqlite")).toBe(false);
});

test("connecting changes no schema, whatever the options say", async () => {
  const project = scratchProject({
    files: configuration(`${SQLITE}, synchronize: true, dropSchema: true, migrationsRun: true`),
  });
  const tables = `return dataSource.query("SELECT name FROM sqlite_master");`;
  await probe(project, { use: "write", then: `await dataSource.query("CREATE TABLE kept (id)");` });
  expect((await probe(project, { use: "write", then: tables })).result).toEqual([{ name: "kept" }]);
});

test("a DataSource that the project connects itself while it is loaded changes no schema either", async () => {
  const files = configuration(`${SQLITE}, synchronize: true`);
  files["ormconfig.ts"] = files["ormconfig.ts"]!.replace("default new DataSource", "default connect").concat(
    "function connect(options: any) { return new DataSource(options).initialize(); }",
  );
  const { result } = await probe(scratchProject({ files }), {
    use: "write",
    then: `return [dataSource.isInitialized, await dataSource.query("SELECT name FROM sqlite_master")];`,
  });
  expect(result).toEqual([true, []]);
});

test("a relative path of a database is meant from the project's folder, wherever one stands", async () => {
  const project = scratchProject({ files: { ...configuration(SQLITE), "deep/er/file": "" } });
  await probe(project, { use: "write", cwd: project.path("deep/er") });
  expect(project.exists("app.sqlite")).toBe(true);
  expect(project.exists("deep/er/app.sqlite")).toBe(false);
});

test("a database that may only be read can be read", async () => {
  const project = scratchProject({ files: configuration(`${SQLITE}, readonly: true`) });
  fs.writeFileSync(project.path("app.sqlite"), "");
  expect((await probe(project, { use: "write" })).type).toBe("better-sqlite3");
});
