import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Cache, cacheFolder } from "../../src/config/cache";
import { scratchProject } from "../helpers/project";
import { runNode } from "../helpers/command";
import { repository } from "../helpers/repository";

test("what was written is read, and a folder that cannot be written is no trouble", () => {
  const folder = scratchProject().path("node_modules/.cache/retort");
  const cache = new Cache(folder);
  expect(cache.read("a")).toBeUndefined();
  cache.write("a", "text");
  expect(cache.read("a")).toBe("text");
  expect(fs.statSync(path.join(folder, "a")).mode & 0o777).toBe(0o600);
  const none = new Cache("/dev/null/nowhere");
  none.write("a", "text");
  expect(none.read("a")).toBeUndefined();
  expect(new Cache(undefined).read("a")).toBeUndefined();
});

test("keys tell parts from one another", () => {
  expect(Cache.key("ab", "c")).not.toBe(Cache.key("a", "bc"));
  expect(Cache.key("a", "b")).toBe(Cache.key("a", "b"));
});

test("it lies in the project's node_modules, or in those of the workspace above it", () => {
  const project = scratchProject({ files: { "packages/a/package.json": "{}" } });
  expect(cacheFolder(project.root)).toBe(project.path("node_modules/.cache/retort"));
  expect(cacheFolder(project.path("packages/a"))).toBe(project.path("node_modules/.cache/retort"));
});

test("without node_modules it lies among the temporary files, where nobody else may write", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-no-modules-"));
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "retort-tmp-"));
  const script = `process.stdout.write(String(require(${JSON.stringify(`${repository}/dist/config/cache.js`)}).cacheFolder(process.cwd())))`;
  const ask = async () => (await runNode(["-e", script], { cwd: folder, env: { TMPDIR: temporary } })).stdout;
  try {
    const cache = await ask();
    expect(path.dirname(cache)).toBe(temporary);
    expect(fs.statSync(cache).mode & 0o777).toBe(0o700);
    fs.chmodSync(cache, 0o777);
    expect(await ask()).toBe("undefined");
  } finally {
    fs.rmSync(folder, { recursive: true });
    fs.rmSync(temporary, { recursive: true });
  }
});

test("several processes that start at once all get it right", async () => {
  const project = scratchProject({
    files: {
      "ormconfig.ts": `import { DataSource } from "typeorm"; import { value } from "./value"; export default new DataSource({ type: "better-sqlite3", database: value });`,
      "value.ts": `export const value: string = ":memory:";`,
    },
  });
  const script = `require(${JSON.stringify(`${repository}/dist/config/project.js`)})
    .loadProject({ cwd: process.cwd(), env: {} }).then(({ dataSource }) => process.stdout.write(dataSource.options.database));`;
  const runs = await Promise.all(Array.from({ length: 6 }, () => runNode(["-e", script], { cwd: project.root })));
  expect(runs.map(({ stdout }) => stdout)).toEqual(Array<string>(6).fill(":memory:"));
  expect(project.list("node_modules/.cache/retort").filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
