import fs from "node:fs";
import nodeModule from "node:module";
import path from "node:path";
import { runNode } from "../helpers/command";
import { scratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";

const module_ = JSON.stringify(path.join(repository, "dist/cli/code-cache.js"));

/** Requires the package `thing` in a process that keeps code in `cache/`. */
async function requireThing(project: ReturnType<typeof scratchProject>, folder = "cache") {
  const script = `require(${module_}).keepCode("${folder}"); process.stdout.write(JSON.stringify(require("thing")));`;
  const { stdout, stderr } = await runNode(["-e", script], { cwd: project.root });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as unknown;
}

function project(code: string) {
  return scratchProject({
    files: {
      "node_modules/thing/package.json": '{ "name": "thing", "main": "index.js" }',
      "node_modules/thing/index.js": code,
      "node_modules/thing/other.js": "exports.value = 'other';",
    },
  });
}

const CODE = `
  const path = require("path");
  module.exports = {
    here: path.basename(__filename), folder: path.basename(__dirname), other: require("./other").value, self: this === exports,
    resolved: path.basename(require.resolve("./other")), cached: Object.keys(require.cache).length > 0, lines: new Error().stack.includes("index.js:7:"),
  };`;
const EXPECTED = { here: "index.js", folder: "thing", other: "other", self: true, resolved: "other.js", cached: true };

/** Later versions of Node have a cache of their own, which `bin/retort.js` uses instead. */
const isUsed = !("enableCompileCache" in nodeModule);

(isUsed ? describe : describe.skip)("kept code on Node 20", () => {
  test("kept code gives the same as code that is compiled anew", async () => {
    const scratch = project(CODE);
    const first = await requireThing(scratch);
    expect(first).toMatchObject(EXPECTED);
    const [kept] = scratch.list("cache");
    const written = fs.statSync(scratch.path("cache", kept!));
    expect(await requireThing(scratch)).toEqual(first);
    expect(fs.statSync(scratch.path("cache", kept!)).mtimeMs).toBe(written.mtimeMs);
  });

  test("a package that has changed is compiled anew, though it has the same length and time", async () => {
    const scratch = project("module.exports = 'one';");
    expect(await requireThing(scratch)).toBe("one");
    const file = scratch.path("node_modules/thing/index.js");
    const { atime, mtime } = fs.statSync(file);
    fs.writeFileSync(file, "module.exports = 'two';");
    fs.utimesSync(file, atime, mtime);
    expect(await requireThing(scratch)).toBe("two");
  });

  test("a cache that is not whole is none", async () => {
    const scratch = project("module.exports = () => 1; module.exports = 'one';");
    await requireThing(scratch);
    const file = scratch.path("cache", scratch.list("cache")[0]!);
    const bytes = fs.readFileSync(file);
    bytes[bytes.length - 20]! ^= 0xff;
    fs.writeFileSync(file, bytes);
    expect(await requireThing(scratch)).toBe("one");
    fs.writeFileSync(file, bytes.subarray(0, 30));
    expect(await requireThing(scratch)).toBe("one");
  });

  test("where no cache can be kept it is done without", async () => {
    const scratch = project("module.exports = 'one';");
    const impossible = "node_modules/thing/index.js/cache";
    expect(await requireThing(scratch, impossible)).toBe("one");
    expect(await requireThing(scratch, impossible)).toBe("one");
  });

  test("what is no CommonJS is left to Node", async () => {
    const scratch = project("export default 1; export const named = 2;");
    expect(await requireThing(scratch)).toMatchObject({ default: 1, named: 2 });
  });
});
