import fs from "node:fs";
import path from "node:path";
import { runNode } from "../helpers/command";
import { scratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";
import { isTypeorm03 } from "../helpers/typeorm";

const start = `require(${JSON.stringify(path.join(repository, "dist/cli/quick-start.js"))}).startQuickly();`;

/** What the script prints, as Node runs it, with and without the short cuts. */
async function bothWays(cwd: string, script: string): Promise<string[]> {
  const results = [await runNode(["-e", script], { cwd }), await runNode(["-e", start + script], { cwd })];
  return results.map(({ stdout, stderr }) => stdout + stderr.replace(/^.*\n(?=Error)/gm, ""));
}

test("files are found where Node finds them: endings, folders, links, files without an ending", async () => {
  const project = scratchProject({
    files: {
      "node_modules/thing/index.js": `
        const names = ["./plain", "./plain.js", "./folder", "./folder/", "./both", "./bare", "./data", "./deep/../plain", "./deep/up", "./deep/up2", "./linked", "./linkedFolder/inner", "./missing"];
        const find = (name) => { try { return require.resolve(name) } catch (error) { return error.code } };
        const get = (name) => { try { return require(name) } catch (error) { return error.code } };
        module.exports = names.flatMap((name) => [name, find(name), get(name)]);`,
      "node_modules/thing/plain.js": "module.exports = 'plain';",
      "node_modules/thing/folder/index.js": "module.exports = require('..') && 'folder';",
      "node_modules/thing/both.js": "module.exports = 'both.js';",
      "node_modules/thing/both/index.js": "module.exports = 'both/index.js';",
      "node_modules/thing/bare": "module.exports = 'bare';",
      "node_modules/thing/bare.js": "module.exports = 'bare.js';",
      "node_modules/thing/data.json": '"data"',
      "node_modules/thing/deep/up.js": "module.exports = require('../plain') + require('./up2');",
      "node_modules/thing/deep/up2.js": "module.exports = 'up2';",
      "elsewhere/inner.js": "module.exports = __filename;",
    },
  });
  const thing = project.path("node_modules/thing");
  fs.symlinkSync(path.join(thing, "plain.js"), path.join(thing, "linked.js"));
  fs.symlinkSync(project.path("elsewhere"), path.join(thing, "linkedFolder"), "junction");
  const [plain, quick] = await bothWays(project.root, `console.log(JSON.stringify(require("thing")))`);
  expect(quick).toBe(plain);
  expect(JSON.parse(quick!)).toHaveLength(39);
});

test("drivers and tools that are not used are not loaded, and those that are work as ever", async () => {
  const project = scratchProject();
  const script = `
    require("reflect-metadata");
    const { DataSource } = require("typeorm");
    const { PlatformTools } = require("typeorm/platform/PlatformTools");
    const loaded = () => Object.keys(require.cache).filter((file) => /Driver\\.js$|formatter|tinyglobby/.test(file)).length;
    const before = loaded();
    const postgres = new DataSource({ type: "postgres", entities: ["none/*.js"] });
    const sqlite = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: ["none/*.js"], logging: false });
    sqlite.initialize().then(async () => {
      const kinds = [postgres, sqlite].map(({ driver }) => driver.constructor.name);
      console.log(JSON.stringify([kinds, PlatformTools.formatSql("select 1 from x", "sqlite"), await sqlite.query("select 1 as one")]));
      console.log(before, loaded());
    });`;
  const [plain, quick] = (await bothWays(project.root, script)).map((text) => text.trim().split("\n"));
  expect(quick![0]).toBe(plain![0]);
  const [[before, after], [plainBefore]] = [quick!, plain!].map((lines) => lines[1]!.split(" ").map(Number)) as [
    [number, number],
    [number, number],
  ];
  expect(before).toBeLessThan(isTypeorm03 ? 4 : 3);
  expect(after).toBeLessThan(plainBefore);
});
