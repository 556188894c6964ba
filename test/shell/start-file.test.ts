import { microblogProject } from "../helpers/project";
import { openRepl } from "../helpers/repl";

const values = async (
  files: Record<string, string>,
  code: string,
): Promise<{ stdout: string; stderr: string; exitCode: number | null }> => {
  const project = microblogProject({ files });
  expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  return project.hosted(["shell", "-e", code]);
};

test.each([
  [
    ".retortrc.ts",
    "export default (db: { query: unknown }) => ({ twice: (n: number): number => n * 2, has: typeof db.query });",
  ],
  [".retortrc.ts", "export const twice = (n: number): number => n * 2;\nexport const has = 'function';"],
  [
    ".retortrc.ts",
    "export const twice = (n: number) => n * 2;\nexport default async (db: any) => { await null; return { has: typeof db.query } };",
  ],
  [".retortrc.js", "module.exports = { twice: (n) => n * 2, has: 'function' };"],
  [".retortrc.js", "module.exports = async (db) => ({ twice: (n) => n * 2, has: typeof db.query });"],
  [".retortrc.mjs", "export default { twice: (n) => n * 2, has: 'function' };"],
])("shell 23: %s adds names to the prompt: %s", async (file, text) => {
  expect(await values({ [file]: text }, "[twice(21), has]")).toMatchObject({
    stdout: "[ 42, 'function' ]\n",
    stderr: "",
    exitCode: 0,
  });
});

test("shell 23: the start file adds names over those of shell.names, and to retort run", async () => {
  const project = microblogProject({
    packageJson: { retort: { shell: { names: { a: "settings", b: "settings" } } } },
    files: { ".retortrc.js": "module.exports = { b: 'start file' };", "script.ts": "console.log(a, b);" },
  });
  expect(await project.hosted(["shell", "-e", "[a, b]"])).toMatchObject({ stdout: "[ 'settings', 'start file' ]\n" });
  expect(await project.retort(["run", "script.ts"])).toMatchObject({ stdout: "settings start file\n", exitCode: 0 });
});

test("shell 23: a start file with an error names its line; one that gives no names says what to write", async () => {
  const wrong = await values({ ".retortrc.ts": "const a = 1;\nthrow new Error('no');\nexport { a };" }, "1");
  expect(wrong.exitCode).not.toBe(0);
  expect(wrong.stderr).toMatch(/\.retortrc\.ts:2:\d+: .*no/);
  const empty = await values({ ".retortrc.ts": "export default 5;" }, "1");
  expect(empty).toMatchObject({ exitCode: 2 });
  expect(empty.stderr).toMatch(/export default \(db\) => \(\{ name: value \}\)/);
});

test("shell 23: sql`…` runs in the session and prints its rows, _ is the last value", async () => {
  const { type, close } = await openRepl();
  await type("db.session.add(Shop(name='unsaved'))");
  const rows = (await type("sql`select name, ${40 + 2} as n from shop`")).join("\n");
  expect(rows).toMatch(/unsaved +│ +42/);
  expect(await type("_[0].n")).toEqual(["42"]);
  expect(await type("_ + 1")).toEqual(["43"]);
  // Still part of the session's transaction.
  await type("db.session.rollback()");
  expect((await type("sql`select count(*) as n from shop`")).join("\n")).toMatch(/0/);
  await close();
});
