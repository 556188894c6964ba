import { eachDatabase } from "../helpers/databases";
import { microblogProject, type ScratchProject } from "../helpers/project";

let project: ScratchProject;

beforeAll(async () => {
  project = microblogProject();
  expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
});

/** Runs a file of this text. */
async function run(text: string, { args = [], file = "script.ts" }: { args?: string[]; file?: string } = {}) {
  project.write("modules/package.json", '{ "type": "module" }');
  project.write(file, text);
  return project.retort(["run", file, ...args]);
}

/** How many users of this name are in the database, as the shell prints it. */
async function countOf(username: string): Promise<string> {
  return (await project.hosted(["shell", "-e", `User.query.filterBy(username="${username}").count()`])).stdout;
}

test("the prompt's names are at hand, and the arguments", async () => {
  const names = ["db", "session", "User", "Post", "print", "Like", "In", "or", "and", "not", "sql"];
  const { stdout, stderr, exitCode } = await run(
    `const names: string[] = ${JSON.stringify(names)};
     console.log(JSON.stringify([names.filter((name) => !(name in globalThis)), process.argv.slice(2), require.main === module]));`,
    { args: ["one", "--two", "-3"] },
  );
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([[], ["one", "--two", "-3"], true]);
  expect(exitCode).toBe(0);
});

test("the names are the project's own classes", async () => {
  const { stdout } = await run(
    `import { User as Own } from "./examples/microblog"; declare const User: unknown; console.log(Own === User);`,
  );
  expect(stdout).toBe("true\n");
});

test.each([
  [
    "awaits at the top of an ES module",
    "script.mts",
    `session.add(db.create(User, { username: "USER", email: "USER" })); await session.commit();`,
  ],
  [
    "a function exported as default",
    "script.ts",
    `export default async () => { session.add(db.create(User, { username: "USER", email: "USER" })); await session.commit(); };`,
  ],
  [
    "module.exports of a JavaScript file",
    "script.cjs",
    `module.exports = async () => { session.add(db.create(User, { username: "USER", email: "USER" })); await session.commit(); };`,
  ],
  ...[
    ["an ES module", "script.mjs"],
    ["an ES module by its syntax", "script.js"],
    ["an ES module by its package", "modules/script.js"],
  ].map(([title, file]) => [
    `a function exported as default of ${title}`,
    file!,
    `import fs from "node:fs"; export default async function () { await fs.promises.stat("."); session.add(db.create(User, { username: "USER", email: "USER" })); await session.commit(); }`,
  ]),
  [
    "a function that nobody waits for",
    "script.ts",
    `async function main() { await new Promise((done) => setTimeout(done, 100)); session.add(db.create(User, { username: "USER", email: "USER" })); await session.commit(); } void main();`,
  ],
])("work is done to its end: %s", async (name, file, text) => {
  const declared = file.endsWith("ts") ? "declare const db: any, session: any, User: any;\n" : "";
  const username = name.replaceAll(" ", "-");
  const { stderr, exitCode } = await run(declared + text.replaceAll("USER", username), { file });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(await countOf(username)).toBe("1\n");
});

test("nothing is committed that the file does not commit, and that is said", async () => {
  const { stderr, exitCode } = await run(
    `const g: any = globalThis; g.session.add(g.db.create(g.User, { username: "lost", email: "lost" }));`,
  );
  expect(stderr).toBe("retort: script.ts left 1 unsaved, and did not commit\n");
  expect(exitCode).toBe(0);
  expect(await countOf("lost")).toBe("0\n");
});

test.each(["boom.mjs", "boom.js", "modules/boom.js"])("an error of an ES module is reported once: %s", async (file) => {
  const result = await run(`export default async () => {\n  throw new Error("boom");\n};`, { file });
  expect(result).toMatchObject({ stdout: "", stderr: `error: ${file}:2:9: boom\n`, exitCode: 1 });
});

describe("an error ends it with 1, and names file and line", () => {
  const types = "interface First { line: 1 }\n";
  test.each([
    ["thrown while it loads", `${types}throw new TypeError("boom");`, "error: script.ts:2:7: TypeError: boom\n"],
    [
      "of its default function",
      `${types}export default async () => {\n  throw new Error("boom"); };`,
      "error: script.ts:3:9: boom\n",
    ],
    [
      "after it is through",
      `${types}setTimeout(() => { throw new Error("boom"); }, 20);`,
      "error: script.ts:2:26: boom\n",
    ],
    [
      "of a promise that nobody waits for",
      `${types}void Promise.reject(new Error("boom"));`,
      "error: script.ts:2:21: boom\n",
    ],
    [
      "of the database",
      `${types}export default async () => {\n  await (globalThis as any).db.dataSource.query("SELECT * FROM nowhere"); };`,
      /^error: script\.ts:3:\d+: .*no such table: nowhere\n/,
    ],
    ["of its syntax", `${types}const = 1;`, /^error: script\.ts:2:7: /],
  ])("%s", async (_, text, expected) => {
    const { stdout, stderr, exitCode } = await run(text);
    if (typeof expected === "string") expect(stderr).toBe(expected);
    else expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: expect.any(Number) });
    expect(exitCode === 1 || /syntax/.test(_)).toBe(true);
  });

  test("with --verbose: the stack, in lines of the source", async () => {
    project.write(
      "deep.ts",
      `${types}function inner(): never {\n  throw new Error("boom");\n}\nexport default () => inner();`,
    );
    const { stderr } = await project.retort(["run", "--verbose", "deep.ts"]);
    expect(stderr).toMatch(/at inner \(.*deep\.ts:3:9\)[\s\S]*deep\.ts:5:/);
  });

  test("a file that is not there exits with 2", async () => {
    const { stderr, exitCode } = await project.retort(["run", "nowhere.ts"]);
    expect(stderr).toBe("error: there is no file nowhere.ts\n  → retort run FILE [args…]\n");
    expect(exitCode).toBe(2);
  });
});

test("all that was printed arrives, and a timer left open does not hold the process", async () => {
  const { stdout, exitCode } = await run(
    `setInterval(() => {}, 60_000).unref(); process.stdout.write("x".repeat(1_000_000)); process.exitCode = 7;`,
  );
  expect(stdout).toHaveLength(1_000_000);
  expect(exitCode).toBe(7);
});

eachDatabase((database) => {
  test("statements that nobody waits for are waited for, and then the process ends", async () => {
    const { env } = await database.create();
    const waiting = { sqlite: "SELECT 1", postgres: "SELECT pg_sleep(0.3)", mariadb: "SELECT sleep(0.3)" }[
      database.name
    ];
    project.write(
      "floating.ts",
      `const { db } = globalThis as any;
       async function main() {
         await db.dataSource.query("${waiting}");
         await new Promise((done) => setTimeout(done, 50));
         await Promise.all([db.dataSource.query("SELECT 2"), db.dataSource.query("SELECT 3")]);
         console.log("done");
       }
       void main();`,
    );
    const { stdout, stderr, exitCode } = await project.retort(["run", "floating.ts"], { env });
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: "done\n", stderr: "", exitCode: 0 });
  });
});
