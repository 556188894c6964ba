import { scratchProject } from "../../helpers/project";

test.each([
  ["TypeScript", { "tsconfig.json": "{}" }, {}, "ormconfig.ts", /^import "reflect-metadata";[^]*migrations\/\*\.ts/],
  ["an ES module package", {}, { type: "module" }, "ormconfig.js", /^import "reflect-metadata";[^]*migrations\/\*\.js/],
  ["CommonJS", {}, {}, "ormconfig.js", /^require\("reflect-metadata"\);[^]*module\.exports =[^]*migrations\/\*\.js/],
])(
  "init in %s: makes what is missing, and the next commands work with it",
  async (_, files, packageJson, name, text) => {
    const project = scratchProject({ files: files as Record<string, string>, packageJson });
    const first = await project.hosted(["migrate", "init"]);
    expect(first).toMatchObject({ stdout: `created  ${name}\ncreated  migrations\n`, exitCode: 0 });
    expect(project.read(name)).toMatch(text);
    const created = await project.hosted(["migrate", "create", "first", "things"]);
    expect(created.stdout).toMatch(/^migrations\/\d{13}-first-things\.[jt]s\n$/);
    // A native ES module that has changed is loaded anew by a new process only.
    expect((await project.retort(["migrate", "up"])).stderr).toMatch(/^up {4}FirstThings\d{13} {2}\d+ ms$/m);
    expect((await project.retort(["migrate", "status"])).stdout).toMatch(/^applied {3}FirstThings\d{13}/);
  },
);

test("init overwrites nothing", async () => {
  const project = scratchProject({
    files: {
      "data-source.js": `require("reflect-metadata");
const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: "x.sqlite", migrations: ["db/changes/*.js"] });
`,
    },
  });
  const text = project.read("data-source.js");
  const { stdout } = await project.hosted(["migrate", "init", "--json"]);
  expect(JSON.parse(stdout)).toEqual({ created: ["db/changes"], existing: ["data-source.js"] });
  expect(project.read("data-source.js")).toBe(text);
  expect(project.exists("ormconfig.js")).toBe(false);
  const again = await project.hosted(["migrate", "init", "--json"]);
  expect(JSON.parse(again.stdout)).toEqual({ created: [], existing: ["data-source.js", "db/changes"] });
  const created = await project.hosted(["migrate", "create", "-m", "more", "--json"]);
  expect(JSON.parse(created.stdout)).toMatchObject({
    name: expect.stringMatching(/^More\d{13}$/),
    file: expect.stringMatching(/^db\/changes\//),
  });
});

test("init takes the driver that the project depends on, and the file that is named", async () => {
  const project = scratchProject({ packageJson: { dependencies: { pg: "^8" } } });
  await project.hosted(["migrate", "init", "-d", "src/db.js"]);
  expect(project.read("src/db.js")).toContain(`type: "postgres"`);
  expect(project.exists("migrations")).toBe(true);
});
