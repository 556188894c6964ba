// Packages that are installed for one script only: once, into node_modules/.cache.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * The versions of Node that the tests run on → the better-sqlite3 that fits: 12 is compiled where it is installed, 13 brings binaries
 * and needs Node 22.
 */
export const NODES = { 20: "12", 22: "13", 24: "13", 26: "13" };

const cache = fileURLToPath(new URL("../node_modules/.cache/installed", import.meta.url));

/** The folder of a package (`better-sqlite3@13`), installed with the Node that is to load it. */
export function installed(spec, node = process.execPath) {
  const major = spawnSync(node, ["-p", "process.versions.modules"], { encoding: "utf8" }).stdout.trim();
  const folder = path.join(cache, `${spec}-abi${major}`.replaceAll("/", "+"));
  const name = spec.replace(/(?!^)@.*$/, "");
  const target = path.join(folder, "node_modules", name);
  if (!fs.existsSync(path.join(folder, "done"))) {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(
      path.join(folder, "package.json"),
      JSON.stringify({ private: true, allowScripts: { [name]: true } }),
    );
    const environment = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` };
    const argv = ["install", "--no-save", "--no-audit", "--no-fund", spec];
    const { status, stderr } = spawnSync("npm", argv, { cwd: folder, env: environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm could not install ${spec}: ${stderr}`);
    fs.writeFileSync(path.join(folder, "done"), "");
  }
  return target;
}

/** The program of a release of Node: its newest of a major version. */
export function nodeProgram(version) {
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  const platform = `node-${process.platform}-${process.arch}`;
  return path.join(installed(`${platform}@${version}`), "bin/node");
}
