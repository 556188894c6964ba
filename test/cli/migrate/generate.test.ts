import { database } from "../../helpers/databases";
import { migrationProject, nameOf, type MigrationProject } from "../../helpers/migrations";

function entities(...columns: string[]): string {
  return `const { EntitySchema } = require("typeorm");
exports.User = new EntitySchema({ name: "User", columns: {
  id: { type: Number, primary: true, generated: true },
  ${columns.join("\n  ")}
} });
`;
}

let project: MigrationProject;
beforeEach(async () => {
  project = migrationProject(await database("sqlite").create(), {
    entities: `Object.values(require("./entities.js"))`,
  });
  project.write("entities.js", entities(`name: { type: String },`));
});
const retort = (...argv: string[]) => project.hosted(["migrate", ...argv]);

test("migrate 23: generate refuses while migrations are pending; no change is no failure", async () => {
  expect((await retort("check")).exitCode).toBe(4);
  const first = await retort("generate", "users", "table");
  expect(first.stdout).toMatch(/^migrations\/\d{13}-users-table\.js\n$/);
  const again = await retort("generate", "again");
  expect(again).toMatchObject({ exitCode: 1, stdout: "" });
  expect(again.stderr).toContain("1 migration is pending; nothing was written\n  → retort migrate up");
  expect(project.list("migrations")).toHaveLength(1);
  await retort("up");
  const unchanged = await retort("generate", "-m", "nothing");
  expect(unchanged).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: "Nothing to do: the entities and the database agree.\n",
  });
  const json = await retort("generate", "--json");
  expect(JSON.parse(json.stdout)).toEqual({ status: "unchanged", file: null });
  expect((await retort("check")).exitCode).toBe(0);
});

test("migrate 26: every name gives a class that parses", async () => {
  for (const name of ["2fa", "user's “table”", "naïve café", "class", "a/b\\c"]) {
    const { exitCode, stderr } = await retort("create", name);
    expect([name, exitCode, stderr]).toEqual([name, 0, ""]);
  }
  expect((await retort("up")).exitCode).toBe(0);
  const { migrations } = JSON.parse((await retort("status", "--json")).stdout) as {
    migrations: { status: string }[];
  };
  expect(migrations.map(({ status }) => status)).toEqual(Array(5).fill("applied"));
  expect(await retort("create", "…")).toMatchObject({ exitCode: 2 });
  expect((await retort("create")).stderr).toContain("the migration needs a name");
});

test("migrate promise 1: what loses data needs an answer; without a terminal the flags are printed and nothing is written", async () => {
  await retort("generate", "start");
  await retort("up");
  await project.query(`INSERT INTO "user" ("name") VALUES ('susan'), ('bob')`);
  project.write("entities.js", entities(`fullName: { type: String },`));
  const refused = await retort("generate", "rename");
  expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
  expect(refused.stderr).toContain("nothing was written");
  expect(refused.stderr).toContain("--rename User.name:fullName");
  expect(refused.stderr).toContain("--drop User.name");
  expect(project.list("migrations")).toHaveLength(1);

  const shown = await retort("generate", "rename", "--rename", "User.name:fullName", "--dry-run");
  expect(shown.stdout).toContain("class Rename");
  expect(project.list("migrations")).toHaveLength(1);
  expect((await retort("generate", "rename", "--rename", "User.name:fullName")).exitCode).toBe(0);
  await retort("up");
  expect(await project.query(`SELECT "fullName" FROM "user"`)).toEqual([{ fullName: "susan" }, { fullName: "bob" }]);
  expect((await retort("check")).exitCode).toBe(0);
});

test("on a terminal the question is asked", async () => {
  await retort("generate", "start");
  await retort("up");
  await project.query(`INSERT INTO "user" ("name") VALUES ('susan')`);
  project.write("entities.js", entities(`fullName: { type: String },`));
  const terminal = project.terminal(["migrate", "generate", "rename"]);
  await terminal.waitFor("Ctrl-C:");
  expect(terminal.text()).toContain("--rename User.name:fullName");
  terminal.type("1\r");
  expect(await terminal.ended).toBe(0);
  expect(project.list("migrations")).toHaveLength(2);
  await retort("up");
  expect(await project.query(`SELECT "fullName" FROM "user"`)).toEqual([{ fullName: "susan" }]);
});

test("on a terminal a value is asked for until it is one; Ctrl-C leaves everything as it was", async () => {
  await retort("generate", "start");
  await retort("up");
  await project.query(`INSERT INTO "user" ("name") VALUES ('susan')`);
  project.write("entities.js", entities(`name: { type: String }, age: { type: Number },`));
  const stopped = project.terminal(["migrate", "generate", "age"]);
  await stopped.waitFor("Value, or Ctrl-C:");
  stopped.type("\u0003");
  expect(await stopped.ended).toBe(1);
  expect(stopped.text()).toContain("stopped at a question: nothing was done");
  expect(project.list("migrations")).toHaveLength(1);

  const terminal = project.terminal(["migrate", "generate", "age"]);
  await terminal.waitFor("Value, or Ctrl-C:");
  terminal.type("old\r");
  await terminal.waitFor("old is not a value for User.age: it must be a number (integer)");
  terminal.type("30\r");
  expect(await terminal.ended).toBe(0);
  await retort("up");
  expect(await project.query(`SELECT "age" FROM "user"`)).toEqual([{ age: 30 }]);
});

test("a new migration comes after every one that is there, whatever the clock says", async () => {
  const late = 9_999_999_999_000;
  project.write(
    `migrations/${late}-late.js`,
    `exports.Late${late} = class Late${late} { async up() {} async down() {} };`,
  );
  await retort("up");
  const { stdout } = await retort("generate", "next", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ timestamp: late + 1, name: `Next${late + 1}` });
  expect(nameOf(1, "X")).toMatch(/^X\d{13}$/);
});
