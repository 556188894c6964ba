// Runs the tests with another Node, or with other versions of packages, in a copy of the checkout, so that the processes which tests
// start use them too. The copy's node_modules links to this one's packages; TypeORM is copied, since it looks for drivers beside itself.
//
//   node scripts/variant.mjs --typeorm typeorm-0.3 [jest's arguments]
//   node scripts/variant.mjs --node 22 --no-servers [jest's arguments]
//
// --typeorm NAME   a package of node_modules that takes the place of typeorm
// --with SPEC      a package to install for the run (node_modules/.cache); may be given several times
// --lowest         the lowest version of each peer dependency
// --node MAJOR     the Node that runs jest, and all that the tests start, with the better-sqlite3 that fits
// --no-servers     skips the suites of PostgreSQL and MariaDB
//
// Suites about the checkout and its servers, and not about the program, are left out (ABOUT_THE_CHECKOUT).
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installed, NODES, nodeProgram } from "./installed.mjs";

/**
 * What another Node or another TypeORM does not change: documents, the lockfile, the scripts, and the servers of the lab. That no money
 * is lost on them is asked of every TypeORM.
 */
const ABOUT_THE_CHECKOUT = [
  "test/(architecture|docs|guarantees|lockfile|mapping-docs)\\.test\\.ts$",
  "test/scripts/",
  "test/lab/(?!money)",
];

/** Projects that name their own TypeORM are run whole on the oldest Node, by jest itself, and on the newest. */
const WHOLE_PROJECTS = "test/projects/";

const repository = fileURLToPath(new URL("..", import.meta.url));
const modules = path.join(repository, "node_modules");
const [own, jest] = split(process.argv.slice(2));
const { values: wanted } = parseArgs({
  args: own,
  options: {
    typeorm: { type: "string", default: "typeorm" },
    node: { type: "string" },
    with: { type: "string", multiple: true, default: [] },
    lowest: { type: "boolean", default: false },
    "no-servers": { type: "boolean", default: false },
  },
});

if (wanted.lowest) wanted.with.push(...lowestPeers());
const node = wanted.node === undefined ? process.execPath : nodeProgram(wanted.node);
const copy = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "retort-variant-")));
try {
  copySources();
  linkPackages();
  process.exitCode = runJest();
} finally {
  fs.rmSync(copy, { recursive: true, force: true, maxRetries: 3 });
}

/** Options of this script come first; from the first one that it does not know, all are jest's. */
function split(argv) {
  const known = { "--typeorm": 2, "--node": 2, "--with": 2, "--lowest": 1, "--no-servers": 1 };
  let end = 0;
  while (Object.hasOwn(known, argv[end] ?? "")) end += known[argv[end]];
  return [argv.slice(0, end), argv.slice(end)];
}

/** `^0.3.26 || ^1.0.0` → 0.3.26 */
function lowestPeers() {
  const { peerDependencies } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));
  return Object.entries(peerDependencies).map(([name, range]) => `${name}@${/\d+\.\d+\.\d+/.exec(range)[0]}`);
}

/** What git has or would have, and what is built. */
function copySources() {
  const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: repository,
    encoding: "utf8",
  });
  const files = listed.stdout.split("\0").filter((name) => name !== "" && fs.existsSync(path.join(repository, name)));
  for (const name of [...files, "dist"]) {
    fs.cpSync(path.join(repository, name), path.join(copy, name), { recursive: true, preserveTimestamps: true });
  }
}

function linkPackages() {
  for (const name of packageNames()) if (!/^typeorm/.test(name)) link(path.join(modules, name), name);
  copyTypeorm(path.join(modules, wanted.typeorm), "typeorm");
  copyTypeorm(path.join(modules, "typeorm-0.3"), "typeorm-0.3");
  for (const spec of [...wanted.with, ...fittingSqlite()]) replacePackage(spec);
}

/** The better-sqlite3 of this checkout is built for the Node that runs this script. */
function fittingSqlite() {
  const { version } = JSON.parse(fs.readFileSync(path.join(modules, "better-sqlite3/package.json"), "utf8"));
  const wantedMajor = NODES[wanted.node] ?? version.split(".")[0];
  const isNamed = wanted.with.some((spec) => spec.startsWith("better-sqlite3@"));
  const fits = node === process.execPath && version.startsWith(`${wantedMajor}.`);
  return isNamed || fits ? [] : [`better-sqlite3@${wantedMajor}`];
}

/** TypeORM brings its own packages along; another package is linked, with those beside it. */
function replacePackage(spec) {
  const folder = installed(spec, node);
  const name = path.basename(folder);
  const target = path.join(copy, "node_modules", name);
  fs.rmSync(target, { recursive: true, force: true });
  if (name !== "typeorm") return link(folder, name);
  copyTypeorm(folder, name);
  const peers = ["typeorm", "reflect-metadata", "better-sqlite3", "pg", "mysql2"];
  for (const other of fs.readdirSync(path.dirname(folder)).filter((one) => !peers.includes(one)))
    fs.symlinkSync(path.join(path.dirname(folder), other), path.join(target, "node_modules", other), "junction");
}

function copyTypeorm(from, name) {
  const browser = path.join(from, "browser");
  const filter = (file) => !file.endsWith(".map") && file !== browser;
  fs.cpSync(from, path.join(copy, "node_modules", name), { recursive: true, filter });
  fs.mkdirSync(path.join(copy, "node_modules", name, "node_modules"), { recursive: true });
}

function packageNames() {
  const entries = fs.readdirSync(modules).filter((name) => !name.startsWith("."));
  return entries.flatMap((name) =>
    name.startsWith("@") ? fs.readdirSync(path.join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function link(from, name) {
  const file = path.join(copy, "node_modules", name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.symlinkSync(from, file, "junction");
}

function runJest() {
  const { PATH, ...environment } = process.env;
  const nowhere = {
    RETORT_TEST_POSTGRES: "postgres://127.0.0.1:9/",
    RETORT_TEST_MARIADB: "mysql://127.0.0.1:9/",
    CI: "",
  };
  const isNewest = wanted.node !== undefined && wanted.node === Object.keys(NODES).at(-1);
  const leftOut = [...ABOUT_THE_CHECKOUT, ...(isNewest ? [] : [WHOLE_PROJECTS])].map(
    (pattern) => `--testPathIgnorePatterns=${pattern}`,
  );
  const { status } = spawnSync(node, ["node_modules/jest/bin/jest.js", ...jest, ...leftOut], {
    cwd: copy,
    stdio: "inherit",
    env: {
      ...environment,
      PATH: `${path.dirname(node)}${path.delimiter}${PATH}`,
      ...(wanted["no-servers"] && nowhere),
    },
  });
  return status ?? 1;
}
