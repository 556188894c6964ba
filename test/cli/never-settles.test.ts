import { scratchProject, type ProjectOptions } from "../helpers/project";

/** A project with an SQLite database, and what else a test needs. */
const project = (files: ProjectOptions["files"] = {}) =>
  scratchProject({
    files: {
      "ormconfig.js": `const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: "data.sqlite", migrations: ["migrations/*.js"] });
`,
      ...files,
    },
  });

const NEVER = "new Promise(() => {})";

test.each([
  ["an input that awaits", [`await ${NEVER}`], `"await ${NEVER}"`],
  ["an input whose value it is", [NEVER], `"${NEVER}"`],
  ["an input that calls back", [`await new Promise(done => [].forEach(done))`], `"await new Promise(done`],
])("shell 22: %s and never settles is named with -e and in a pipe, exit 13", async (_what, [code], named) => {
  const { retort } = project();
  for (const run of [
    await retort(["shell", "-e", code!]),
    await retort(["shell"], { stdin: `print(1)\n${code}\nprint(2)\n` }),
  ]) {
    expect(run.exitCode).toBe(13);
    expect(run.stderr).toContain(`${named}`);
    expect(run.stderr).toContain("never settles");
    expect(run.stdout).not.toContain("2");
  }
});

test.each([
  ["its default function", `module.exports = async () => { console.log("begun"); await ${NEVER}; };`],
  ["a promise that it exports", `console.log("begun"); module.exports = { default: () => ${NEVER} };`],
])("retort run ends with 13 where %s never settles", async (_what, text) => {
  const ran = await project({ "work.js": text }).retort(["run", "work.js"]);
  expect(ran).toMatchObject({ exitCode: 13, stdout: "begun\n" });
  expect(ran.stderr).toMatch(/^error: work\.js never settles/);
});

test("a migration that never settles is no success and is not recorded", async () => {
  const { retort } = project({
    "migrations/1700000000001-Hang.js": `module.exports.Hang1700000000001 = class {
  name = "Hang1700000000001";
  async up(q) { await q.query("create table half(a int)"); await ${NEVER}; }
  async down() {}
};
`,
  });
  const up = await retort(["migrate", "up"]);
  expect(up.exitCode).toBe(13);
  expect(up.stderr).toMatch(/migration Hang1700000000001 \(up\) never settles/);
  const status = await retort(["migrate", "status", "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({ current: null, pending: 1 });
});

test.each([
  ["what it exports", `module.exports = ${NEVER};`],
  ["its top-level await", `await ${NEVER};\nexport default {};`, "ormconfig.mjs"],
])("a configuration is named where %s never settles", async (_what, text, file = "ormconfig.js") => {
  const scratch = scratchProject({ files: { [file]: text } });
  for (const argv of [
    ["migrate", "status"],
    ["shell", "-e", "1"],
  ]) {
    const { exitCode, stderr } = await scratch.retort(argv);
    expect(exitCode).toBe(13);
    expect(stderr).toContain(file);
    expect(stderr).toContain("never settles");
  }
});

test("what settles late ends with its own exit code", async () => {
  const { retort } = project();
  const late = await retort(["shell", "-e", "await new Promise(done => setTimeout(done, 300)); 5"]);
  expect(late).toMatchObject({ exitCode: 0, stdout: "5\n", stderr: "" });
});
