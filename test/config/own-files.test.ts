import fs from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import { microblogProject, type ScratchProject } from "../helpers/project";
import { runProgram, retortFile } from "../helpers/command";

/** A demo project that has been started once, so that everything that Retort keeps for itself exists. */
async function startedProject(): Promise<{ project: ScratchProject; files: string[] }> {
  const project = microblogProject({ env: { XDG_STATE_HOME: undefined } });
  expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  expect(await project.retort(["shell", "-e", "1"])).toMatchObject({ exitCode: 0 });
  const folder = path.join(project.root, "node_modules", ".cache");
  const names = fs.readdirSync(folder, { recursive: true }).map((name) => path.join(folder, String(name)));
  return { project, files: names.filter((name) => fs.statSync(name).isFile()) };
}

test.each([
  ["missing", (file: string) => fs.rmSync(file)],
  ["empty", (file: string) => fs.writeFileSync(file, "")],
  ["cut", (file: string) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))],
  ["of other bytes", (file: string) => fs.writeFileSync(file, Buffer.from([0, 255, 254, 10, 47, 47, 123, 10, 40]))],
  [
    "changed in the middle",
    (file: string) => fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/;/g, "( ;")),
  ],
  ["a folder", (file: string) => (fs.rmSync(file), fs.mkdirSync(file))],
])("a start goes on where the files of its cache are %s", async (_what, damage) => {
  const { project, files } = await startedProject();
  expect(files.length).toBeGreaterThan(2);
  files.forEach(damage);
  const ran = await project.retort(["shell", "-e", "User.query.count()"]);
  expect(ran).toMatchObject({ exitCode: 0, stdout: "0\n", stderr: "" });
  expect(await project.retort(["migrate", "status"])).toMatchObject({ exitCode: 0 });
});

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

test.each([
  ["a folder", (file: string) => fs.mkdirSync(file, { recursive: true })],
  ["empty", (file: string) => write(file, "")],
  ["damaged", (file: string) => write(file, '"1 + 1"\n{"a":\n\u0000\u0001\n"User"\n')],
  ["below a file", (file: string) => write(path.dirname(file), "")],
])("a prompt opens where its history is %s", async (_what, make) => {
  const project = microblogProject();
  const file = project.path("state", "retort", "history");
  make(file);
  const terminal = project.terminal(["shell"], { env: { RETORT_HISTORY: file } });
  await terminal.waitForPrompt();
  expect(await terminal.enter("20 + 22")).toEqual(["42"]);
  terminal.close();
});

test.each(["this is no database, and long enough to be looked at as one\n".repeat(20), ""])(
  "migrations run where the lock file that an earlier run has left is damaged",
  async (text) => {
    const project = microblogProject();
    fs.writeFileSync(`${project.path("microblog.sqlite")}-retort-lock`, text);
    expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  },
);

test.each([
  ["shell", "-e", "User.query.all()"],
  ["migrate", "status"],
  ["migrate", "up"],
])(
  "an SQLite file that another process has locked is said to be locked: %s %s %s",
  async (...argv) => {
    const project = microblogProject();
    await project.hosted(["migrate", "up"]);
    const holder = new Sqlite(project.path("microblog.sqlite"));
    holder.exec("BEGIN EXCLUSIVE");
    const ran = await project.retort(argv);
    holder.close();
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/is locked: another process is writing to it/);
    expect(ran.stderr).not.toMatch(/permission|owner/);
  },
  30_000,
);

test.each([
  ["create", ["migrate", "create", "Later"]],
  ["init", ["migrate", "init", "-d", "other.ts"]],
])("migrate %s where no file can grow leaves none behind", async (_command, argv) => {
  const project = microblogProject({ migrations: false });
  const before = fs
    .readdirSync(project.root, { recursive: true })
    .filter((name) => !String(name).includes("node_modules"));
  const limited = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`;
  const ran = await runProgram("bash", ["-c", limited, process.execPath, retortFile, ...argv], { cwd: project.root });
  expect(ran.exitCode).not.toBe(0);
  expect(ran.stderr).not.toBe("");
  const files = fs
    .readdirSync(project.root, { recursive: true })
    .filter((name) => /\.(ts|js|tmp)$/.test(String(name)) && !String(name).includes("node_modules"));
  expect(files.filter((name) => !before.includes(name))).toEqual([]);
});
