import fs from "node:fs";
import { database } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

let project: MigrationProject;
beforeEach(async () => {
  project = migrationProject(await database("sqlite").create());
  project.migration(1, "Fine", { up: ["CREATE TABLE fine (id int)"], down: ["DROP TABLE fine"] });
});

const BAD: [what: string, file: string, text: string, words: RegExp][] = [
  [
    "does not parse",
    "1700000000002-broken.js",
    "exports.Broken1700000000002 = class {\n  async up( {\n};\n",
    /migrations\/1700000000002-broken\.js/,
  ],
  ["throws", "1700000000002-throws.js", "throw new Error('not me');\n", /1700000000002-throws\.js.*not me/],
  [
    "exports nothing",
    "1700000000002-empty.js",
    "// to do\n",
    /migrations\/1700000000002-empty\.js exports no migration: no class with the methods up and down/,
  ],
  [
    "has no timestamp",
    "1700000000002-timeless.js",
    "exports.Timeless = class Timeless { up() {} down() {} };",
    /the migration Timeless in migrations\/1700000000002-timeless\.js has no timestamp/,
  ],
  [
    "has the name of another",
    "1700000000002-again.js",
    `exports.${nameOf(1, "Fine")} = class ${nameOf(1, "Fine")} { up() {} down() {} };`,
    /two migrations are called Fine1700000000001: migrations\/1700000000001-fine\.js and migrations\/1700000000002-again\.js/,
  ],
  [
    "cannot be made",
    "1700000000002-fussy.js",
    "exports.X = class Fussy1700000000002 { constructor() { throw new Error('no'); } up() {} down() {} };",
    /the constructor of the migration Fussy1700000000002 in migrations\/1700000000002-fussy\.js throws: no/,
  ],
];

test.each(BAD)("a file that %s: one clear line, exit code 2, nothing run", async (_, file, text, words) => {
  project.write(`migrations/${file}`, text);
  const result = await project.hosted(["migrate", "up"]);
  expect(result).toMatchObject({ exitCode: 2, stdout: "" });
  expect(result.stderr).toMatch(words);
  expect(result.stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
  await expect(project.query("SELECT * FROM fine")).rejects.toThrow("no such table");
});

test("what is exported besides the migration does not disturb, nor do declarations and other files", async () => {
  project.write(
    "migrations/1700000000002-helped.js",
    `const helper = () => 1;
class Helped1700000000002 { async up(q) { await q.query("CREATE TABLE helped (id int)"); } async down() {} }
module.exports = { helper, Helped1700000000002, default: Helped1700000000002 };`,
  );
  project.write("migrations/types.d.ts", "export declare const x: number;\n");
  project.write("migrations/README.md", "# Migrations\n");
  const { exitCode, stderr } = await project.hosted(["migrate", "up"]);
  expect(stderr).toContain("up    Helped1700000000002");
  expect(exitCode).toBe(0);
});

test("a file may export several migrations, as in TypeORM", async () => {
  project.write(
    "migrations/1700000000002-two.js",
    `exports.Two1700000000003 = class Two1700000000003 { async up(q) { await q.query("INSERT INTO fine VALUES (3)"); } async down(q) { await q.query("DELETE FROM fine WHERE id = 3"); } };
exports.One1700000000002 = class One1700000000002 { async up(q) { await q.query("INSERT INTO fine VALUES (2)"); } async down(q) { await q.query("DELETE FROM fine WHERE id = 2"); } };`,
  );
  expect((await project.hosted(["migrate", "up"])).exitCode).toBe(0);
  expect(await project.query("SELECT name FROM migrations ORDER BY id")).toEqual(
    ["Fine1700000000001", "One1700000000002", "Two1700000000003"].map((name) => ({ name })),
  );
  expect((await project.hosted(["migrate", "down", "--yes"])).exitCode).toBe(0);
  expect(await project.query("SELECT id FROM fine")).toEqual([{ id: 2 }]);
  // Half of its migrations cannot be squashed: the file would be deleted with the rest.
  const squash = await project.hosted(["migrate", "squash", `base..${nameOf(2, "One")}`]);
  expect(squash).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("Two1700000000003, which is not in the range"),
  });
});

test("migrate promise 7: what generate writes is what up runs, in every form of migrations; otherwise it is refused", async () => {
  const entities = `[new EntitySchema({ name: "Item", columns: { id: { type: Number, primary: true } } })]`;
  for (const [declared, isWritten] of [
    ['["migrations/*.js"]', true],
    ['["migrations/sqlite-*.js"]', true],
    ['["dist/**/*.js"]', true],
    ["[]", false],
    ["undefined", false],
    ["[class Old1700000000001 { async up() {} async down() {} }]", false],
    ["{ Old1700000000001: class Old1700000000001 { async up() {} async down() {} } }", false],
  ] as const) {
    const own = migrationProject(await database("sqlite").create(), { entities, options: `migrations: ${declared},` });
    own.write("tsconfig.json", '{ "compilerOptions": { "outDir": "dist", "rootDir": "src" } }');
    await own.hosted(["migrate", "up"]);
    const generated = await own.hosted(["migrate", "generate", "items"]);
    if (isWritten) {
      expect([declared, generated.exitCode, own.list("dist")]).toEqual([declared, 0, []]);
      expect((await own.hosted(["migrate", "up"])).stderr).toMatch(/up {4}Items/);
      expect((await own.hosted(["migrate", "check"])).exitCode).toBe(0);
    } else {
      expect(generated).toMatchObject({ exitCode: 2, stdout: "" });
      expect(generated.stderr).toMatch(
        /would not find .*\n.*in ormconfig\.js, write migrations: \[.*"migrations\/\*\.js"\]/s,
      );
      expect([own.list("migrations"), own.list("src")]).toEqual([[], []]);
    }
  }
});

test("classes that the configuration gives itself are migrations too, and their files are found", async () => {
  const own = migrationProject(await database("sqlite").create(), {
    options: `migrations: [require("./migrations/${1_700_000_000_001}-fine.js").${nameOf(1, "Fine")}],`,
  });
  own.migration(1, "Fine", { up: ["CREATE TABLE fine (id int)"], down: ["DROP TABLE fine"] });
  expect((await own.hosted(["migrate", "up"])).stderr).toContain(nameOf(1, "Fine"));
  const { stdout } = await own.hosted(["migrate", "status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    migrations: [{ name: nameOf(1, "Fine"), status: "applied", file: "migrations/1700000000001-fine.js" }],
  });
});

test("patterns: one folder, several endings, links, negations", async () => {
  for (const pattern of [
    '"migrations/*.js"',
    '"migrations/*{.js,.ts}"',
    '"./migrations/*.{js,cjs}"',
    '"**/*-fine.js"',
  ]) {
    const own = migrationProject(await database("sqlite").create(), { options: `migrations: [${pattern}],` });
    own.migration(1, "Fine", { up: ["CREATE TABLE fine (id int)"] });
    own.write(
      "elsewhere/linked.js",
      own.read("migrations/1700000000001-fine.js").replaceAll("1700000000001", "1700000000002"),
    );
    fs.symlinkSync(own.path("elsewhere/linked.js"), own.path("migrations/1700000000002-fine.js"));
    fs.symlinkSync(own.path("elsewhere/gone.js"), own.path("migrations/1700000000003-fine.js"));
    const { stdout, stderr } = await own.hosted(["migrate", "status", "--json"]);
    expect([stderr, JSON.parse(stdout)]).toMatchObject(["", { pending: 2 }]);
  }
  const own = migrationProject(await database("sqlite").create(), {
    options: `migrations: ["migrations/*.js", "!migrations/*-not.js"],`,
  });
  own.migration(1, "Fine", {});
  own.migration(2, "Not", {});
  const { stdout } = await own.hosted(["migrate", "status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ pending: 1 });
});

test("status needs no entities: one that cannot be read is the business of those who ask for it", async () => {
  const own = migrationProject(await database("sqlite").create(), { entities: `["entities/*.js"]` });
  own.migration(1, "Fine", { up: ["CREATE TABLE fine (id int)"] });
  own.write("entities/broken.js", "throw new Error('not me');\n");
  for (const command of ["status", "history", "current", "lint"])
    expect((await own.hosted(["migrate", command])).exitCode).toBe(0);
  const check = await own.hosted(["migrate", "check"]);
  expect(check).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("entities/broken.js") });
});
