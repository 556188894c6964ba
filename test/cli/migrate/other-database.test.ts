import ts from "typescript";
import { database, eachDatabase } from "../../helpers/databases";
import { migrationProject, nameOf, stampOf } from "../../helpers/migrations";
import { microblogProject, scratchProject, type ScratchProject } from "../../helpers/project";

/** Nobody listens there: a command that connects fails otherwise. */
const NOWHERE = { DATABASE_URL: "postgres://postgres@127.0.0.1:1/nowhere" };

describe("the demo's migrations, written for SQLite, on PostgreSQL", () => {
  const commands: string[] = [
    "up",
    "up --sql",
    "up --dry-run",
    "down",
    "redo",
    "status",
    "history",
    "current",
    "stamp head",
    "check",
    "lint",
    "verify",
    "generate more",
    "squash ..",
  ];
  let project: ScratchProject;
  beforeAll(() => {
    project = microblogProject({ env: NOWHERE });
  });

  test.each(commands)("%s is refused before the database is asked for anything", async (command) => {
    const { exitCode, stderr } = await project.hosted(["migrate", ...command.split(" ")]);
    expect(stderr).toMatch(
      /^error: migrations\/\d+-users-table\.ts \(and 1 more\) is written for SQLite, and the DataSource's database is PostgreSQL; nothing was done\n {2}→ .*folder for each database/,
    );
    expect(exitCode).toBe(2);
  });

  test.each(commands)("%s --json says it on stdout too", async (command) => {
    const { exitCode, stdout } = await project.hosted(["migrate", ...command.split(" "), "--json"]);
    expect({ exitCode, error: (JSON.parse(stdout) as { error: unknown }).error }).toMatchObject({
      exitCode: 2,
      error: {
        code: "migrate/other-database",
        message: expect.stringContaining("written for SQLite"),
        hint: expect.any(String),
      },
    });
  });
});

const plain = `class C {
  name = "Plain1700000000001";
  async up(queryRunner) { await queryRunner.query("CREATE TABLE plain (a integer)"); }
  async down(queryRunner) { await queryRunner.query("DROP TABLE plain"); }
}`;

/** Whether `up` runs a file with this text on SQLite, or the code with which it is refused. */
async function outcome(text: string): Promise<string> {
  const project = migrationProject(await database("sqlite").create());
  project.write("migrations/1700000000001-plain.js", text);
  const { exitCode, stdout } = await project.hosted(["migrate", "up", "--json"]);
  const { error } = JSON.parse(stdout) as { error: { code: string } | null };
  return error?.code ?? `exit ${exitCode}`;
}

test.each([
  ["without a comment", `exports.C = ${plain}`, "exit 0"],
  ["for this database", `// retort: sqlite\nexports.C = ${plain}`, "exit 0"],
  ["for this database, by another name", `// retort: better-sqlite3\nexports.C = ${plain}`, "exit 0"],
  ["for several databases", `// retort: postgres, sqlite\nexports.C = ${plain}`, "exit 0"],
  ["for another database", `// retort: postgres\nexports.C = ${plain}`, "migrate/other-database"],
  ["for MariaDB", `// retort: mariadb\nexports.C = ${plain}`, "migrate/other-database"],
  ["after a BOM, Windows line ends", `\uFEFF// retort: mysql\r\nexports.C = ${plain}`, "migrate/other-database"],
  [
    "below other comments",
    `"use strict";\n/*\n * ours\n */\n\n// retort: mysql\nexports.C = ${plain}`,
    "migrate/other-database",
  ],
  ["a property", `exports.C = ${plain.replace("name =", 'retort = "mysql"; name =')}`, "migrate/other-database"],
  ["a misspelt database", `// retort: postgress\nexports.C = ${plain}`, "migrate/unknown-database"],
  ["prose", `// retort: not generated, by hand\nexports.C = ${plain}`, "exit 0"],
  ["in the middle of the file", `exports.C = ${plain}\n// retort: postgres\n`, "exit 0"],
])("a file that says its database: %s", async (_, text, expected) => {
  expect(await outcome(text)).toBe(expected);
});

test("the hint names what to write instead of a misspelt database", async () => {
  const project = migrationProject(await database("sqlite").create());
  project.write("migrations/1700000000001-plain.js", `// retort: postgress\nexports.C = ${plain}`);
  expect(await project.hosted(["migrate", "up"])).toMatchObject({
    exitCode: 2,
    stderr: `error: migrations/1700000000001-plain.js says that it is written for "postgress", which is no database that Retort knows; did you mean "postgres"?
  → write // retort: sqlite, or postgres, or mysql
`,
  });
});

test("a compiler that removes comments and a class that the DataSource lists leave it in the class", async () => {
  const project = microblogProject({ env: NOWHERE });
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true };
  for (const name of project.list("migrations")) {
    const { outputText } = ts.transpileModule(project.read(`migrations/${name}`), { compilerOptions: options });
    expect(outputText).not.toContain("// retort");
    project.write(`dist/${name.replace(/ts$/, "js")}`, outputText);
  }
  const configuration = project.read("ormconfig.ts");
  project.write("ormconfig.ts", configuration.replace("/migrations/*.ts", "/dist/*.js"));
  expect(await project.hosted(["migrate", "up"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("written for SQLite"),
  });
  project.write(
    "ormconfig.ts",
    configuration
      .replace("[`${__dirname}/migrations/*.ts`]", "[UsersTable1795371803637]")
      .replace(/^/, `import { UsersTable1795371803637 } from "./dist/1795371803637-users-table";\n`),
  );
  expect(await project.hosted(["migrate", "up"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("written for SQLite"),
  });
});

test("to say it later is no change of an applied migration", async () => {
  const project = migrationProject(await database("sqlite").create());
  project.write("migrations/1700000000001-plain.js", `exports.C = ${plain}`);
  expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  project.write("migrations/1700000000001-plain.js", `// retort: sqlite\n\nexports.C = ${plain}`);
  expect(await project.hosted(["migrate", "up", "--strict"])).toMatchObject({ exitCode: 0 });
  project.write("migrations/1700000000001-plain.js", `// retort: sqlite\n\nexports.C = ${plain}// more`);
  expect(await project.hosted(["migrate", "up", "--strict"])).toMatchObject({ exitCode: 1 });
});

test.each([
  ["better-sqlite3", "sqlite"],
  ["postgres", "postgres"],
  ["cockroachdb", "postgres"],
  ["mysql", "mysql"],
  ["mariadb", "mysql"],
])("create in a project of %s writes the comment and the property", async (type, word) => {
  const project = scratchProject({
    files: {
      "ormconfig.ts": `import { DataSource } from "typeorm";
export default new DataSource({ type: "${type}", database: "x", migrations: ["migrations/*.ts"] } as any);`,
    },
  });
  expect(await project.hosted(["migrate", "create", "one"])).toMatchObject({ exitCode: 0 });
  const [file] = project.list("migrations");
  expect(project.read(`migrations/${file}`)).toMatch(
    new RegExp(`^// retort: ${word}\n\nimport [^]*\n  retort = "${word}";\n`),
  );
});

eachDatabase((kind) => {
  test("what generate and squash write says its database, and TypeORM's own command runs it", async () => {
    const entities = `[new EntitySchema({ name: "Thing", columns: { id: { type: Number, primary: true } } })]`;
    const project = migrationProject(await kind.create(), { entities });
    const word = kind.name === "mariadb" ? "mysql" : kind.name;
    expect(await project.hosted(["migrate", "generate", "things"])).toMatchObject({ exitCode: 0 });
    const [file] = project.list("migrations");
    expect(project.read(`migrations/${file}`)).toMatch(new RegExp(`^// retort: ${word}\n`));
    expect(await project.typeorm("migration:run")).toMatchObject({ exitCode: 0 });
    expect(await project.hosted(["migrate", "check"])).toMatchObject({ exitCode: 0 });
    project.migration(2, "Second", { up: ["CREATE TABLE second (id integer)"], down: ["DROP TABLE second"] });
    expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
    expect(project.list("migrations")).toContain(`${stampOf(2)}-second.js`);
    expect(await project.hosted(["migrate", "squash", "..", "-m", "both"])).toMatchObject({ exitCode: 0 });
    const [squashed, ...others] = project.list("migrations");
    expect(others).toEqual([]);
    expect(project.read(`migrations/${squashed}`)).toMatch(
      new RegExp(`^// retort: ${word}\n[^]*replaces = \\[\n[^]*${nameOf(2, "Second")}[^]*\n  retort = "${word}";\n`),
    );
  });
});
