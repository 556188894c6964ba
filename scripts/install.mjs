// Installs the packed package into projects of both TypeORM versions, with npm, pnpm and yarn, and compares what is installed before and
// after: Retort must add packages and change none. Then it runs. Last, it is installed and runs on every Node that is supported.
//
//   npm run test:install -- [--only TEXT] [--json] [--outputFile=FILE]
//
// --only         those whose title contains TEXT
// --outputFile   a report with counts, as jest writes it (--json is for its command line)
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installed, NODES, nodeProgram } from "./installed.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, outputFile: { type: "string" }, json: { type: "boolean" } },
});
const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "retort-install-")));

/** The better-sqlite3 of this checkout: its compiled binary is copied into the projects, so that they need not compile. */
const ownSqlite = path.join(repository, "node_modules/better-sqlite3");
const sqlite = versionIn(ownSqlite);
const BINARY = "build/Release/better_sqlite3.node";

/** What has to be there once, in the version that it had: a second copy of TypeORM would know no entities. */
const SHARED = ["typeorm", "better-sqlite3", "pg", "mysql2", "reflect-metadata"];

const PROJECTS = {
  "TypeORM 0.3.26": { typeorm: "0.3.26", "reflect-metadata": "0.1.14", pg: "8.5.1", mysql2: "2.2.5" },
  "TypeORM 0.3": { typeorm: "^0.3.31", "reflect-metadata": "^0.2.2", typescript: "~5.9.0" },
  "TypeORM 1.x": { typeorm: "^1.1.1", pg: "^8.16.0", mysql2: "^3.15.3" },
  "TypeORM 0.3 in a package": { "@acme/database": { typeorm: "^0.3.31" } },
  "TypeORM 1.x in a package": { "@acme/database": { typeorm: "^1.1.1" } },
};

const MANAGERS = {
  npm: { add: (...specs) => ["npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...specs]] },
  pnpm: {
    add: (...specs) =>
      specs.length === 0
        ? [process.execPath, [program("pnpm@10", "bin/pnpm.cjs"), "install", "--ignore-scripts"]]
        : [process.execPath, [program("pnpm@10", "bin/pnpm.cjs"), "add", "--ignore-scripts", ...specs]],
  },
  yarn: {
    add: (...specs) =>
      specs.length === 0
        ? [process.execPath, [program("yarn@1", "bin/yarn.js"), "install", "--ignore-scripts", "--non-interactive"]]
        : [process.execPath, [program("yarn@1", "bin/yarn.js"), "add", "--ignore-scripts", ...specs]],
  },
};

/** A project's configuration file. */
const DATA_SOURCE = `
const { DataSource, EntitySchema } = require("typeorm");
const User = new EntitySchema({
  name: "User",
  columns: { id: { type: Number, primary: true, generated: true }, name: { type: String } },
});
module.exports = new DataSource({
  type: "better-sqlite3",
  database: "app.sqlite",
  entities: [User],
  migrations: ["migrations/*.js"],
});
`;

const rows = [];
const failures = [];
let passed = 0;
try {
  const packed = pack(repository);
  for (const [title, dependencies] of Object.entries(PROJECTS))
    for (const manager of Object.keys(MANAGERS))
      attempt(`${title}, ${manager}`, () => installInto(title, dependencies, manager, packed));
  for (const node of Object.keys(NODES)) attempt(`Node ${node}`, () => runsOn(node, packed));
  for (const name of ["nest", "nest-data-sources"]) attempt(name, () => nestProject(name, packed));
  attempt("yarn-pnp", () => plugAndPlayProject("yarn-pnp", packed));
  attempt("better-sqlite3 13 on Node 20", () => refusedOn("20", "13", packed));
  report();
} finally {
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
}

function attempt(title, work) {
  if (!title.includes(options.only)) return;
  try {
    work();
    passed++;
    console.log(`ok      ${title}`);
  } catch (error) {
    failures.push(title);
    console.log(`FAILED  ${title}: ${error.message}`);
  }
}

// One project

function installInto(title, dependencies, manager, packed) {
  const project = makeProject(`${title}-${manager}`, dependencies);
  run(project, ...MANAGERS[manager].add());
  const before = packagesIn(project);
  const sizeBefore = sizeOf(project);
  const started = Date.now();
  run(project, ...MANAGERS[manager].add(packed));
  const seconds = (Date.now() - started) / 1000;
  const after = packagesIn(project);
  const changed = changes(before, after);
  const size = (sizeOf(project) - sizeBefore) / 2 ** 20;
  rows.push({ title, manager, size, seconds, added: after.size - before.size, changed });
  if (changed.length > 0) throw new Error(`versions changed: ${changed.join(", ")}`);
  copyBinary(project);
  expectToRun(project, process.execPath);
}

/** A DataSource of its own, or that of a package which alone has TypeORM. */
function makeProject(name, dependencies, rest = {}) {
  const project = path.join(scratch, name.replaceAll(/[^\w.]+/g, "-"));
  const inPackage = dependencies["@acme/database"];
  const own = inPackage
    ? { "@acme/database": `file:${packDatabase({ ...inPackage, "better-sqlite3": sqlite })}` }
    : { "better-sqlite3": sqlite, ...dependencies };
  const configuration = inPackage ? 'module.exports = require("@acme/database");' : DATA_SOURCE;
  write(project, "package.json", JSON.stringify({ name: "project", private: true, dependencies: own, ...rest }));
  write(project, "ormconfig.js", configuration);
  return project;
}

function packDatabase(dependencies) {
  const folder = path.join(scratch, `database-${dependencies.typeorm.replaceAll(/\W/g, "")}`);
  write(
    folder,
    "package.json",
    JSON.stringify({ name: "@acme/database", version: "1.0.0", main: "index.js", dependencies }),
  );
  write(folder, "index.js", DATA_SOURCE);
  return pack(folder);
}

function expectToRun(project, node) {
  retort(project, node, ["migrate", "generate", "users"]);
  retort(project, node, ["migrate", "up"]);
  const code = "u = db.create(User, { name: 'susan' }); db.session.add(u); db.session.commit(); User.query.one().name";
  const { stdout } = retort(project, node, ["shell", "-e", code]);
  if (!stdout.includes("susan")) throw new Error(`the shell printed ${stdout}`);
}

// Projects of test/projects, each run whole

/** A NestJS application without a file of its data source. */
function nestProject(name, packed) {
  const project = copied(name);
  run(project, ...MANAGERS.npm.add(packed));
  copyBinary(project);
  const { stdout } = retort(project, process.execPath, ["init"]);
  if (!stdout.includes("created  src/data-source.ts")) throw new Error(`init printed ${stdout}`);
  // Looking synchronizes nothing, though the application's options say so.
  const { status } = retortIn(project, process.execPath, ["migrate", "check"]);
  if (status !== 4) throw new Error(`check exits ${status}`);
  runWhole(project, [path.join(project, "node_modules/typeorm-retort/bin/retort.js")]);
}

/** Yarn has the packages in archives, and those with a binary in a folder each. */
function plugAndPlayProject(name, packed) {
  const project = copied(name);
  const yarn = program("@yarnpkg/cli-dist@4", "bin/yarn.js");
  const registry = run(project, "npm", ["config", "get", "registry"]).stdout.trim();
  run(project, process.execPath, [yarn, "config", "set", "npmRegistryServer", registry]);
  run(project, process.execPath, [yarn, "add", `better-sqlite3@${sqlite}`, `typeorm-retort@file:${packed}`]);
  const unplugged = path.join(project, ".yarn/unplugged");
  for (const folder of fs.readdirSync(unplugged).filter((one) => one.startsWith("better-sqlite3-")))
    fs.cpSync(path.join(ownSqlite, BINARY), path.join(unplugged, folder, "node_modules/better-sqlite3", BINARY));
  runWhole(project, [yarn, "retort"]);
}

function copied(name) {
  const project = path.join(scratch, name);
  fs.cpSync(path.join(repository, "test/projects", name), project, { recursive: true });
  return project;
}

/** @param command what Node runs as `retort` */
function runWhole(project, command) {
  const argv = ["node_modules/jest/bin/jest.js", "--testMatch", "**/test/projects/installed.ts"];
  const env = {
    ...process.env,
    RETORT_INSTALLED_PROJECT: project,
    RETORT_INSTALLED_COMMAND: JSON.stringify(command),
  };
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: repository, env, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

// One Node

function runsOn(major, packed) {
  const node = nodeProgram(major);
  const project = projectWith(`node-${major}`, NODES[major], packed);
  useSqliteOf(project, node, NODES[major]);
  expectToRun(project, node);
}

function refusedOn(major, version, packed) {
  const project = projectWith(`refused-${major}`, version, packed);
  const { status, stderr } = retortIn(project, nodeProgram(major), ["migrate", "status"]);
  if (status !== 2 || !/better-sqlite3 13\S* needs Node 22 or later; this is Node 20/.test(stderr))
    throw new Error(`exit ${status}: ${stderr}`);
}

/** TypeORM 1.1 does not know better-sqlite3 13 yet: the README's override. */
function projectWith(name, sqliteVersion, packed) {
  const overrides = { typeorm: { "better-sqlite3": "$better-sqlite3" } };
  const dependencies = { typeorm: "^1.1.1", "better-sqlite3": `^${sqliteVersion}.0.0` };
  const project = makeProject(name, dependencies, { overrides });
  run(project, ...MANAGERS.npm.add(packed));
  return project;
}

/** A better-sqlite3 that is compiled where it is installed is compiled once for each Node. */
function useSqliteOf(project, node, version) {
  const target = path.join(project, "node_modules/better-sqlite3");
  if (fs.existsSync(path.join(target, "prebuilds"))) return;
  const isOwn = node === process.execPath && sqlite.startsWith(`${version}.`);
  const built = isOwn ? ownSqlite : installed(`better-sqlite3@${version}`, node);
  fs.cpSync(path.join(built, BINARY), path.join(target, BINARY), { recursive: true });
}

// What is installed

/** Folder below node_modules → what is there, of every package that is installed. */
function packagesIn(project) {
  const found = new Map();
  const visit = (modules) => {
    if (!fs.existsSync(modules)) return;
    for (const entry of fs.readdirSync(modules, { withFileTypes: true })) {
      const folder = path.join(modules, entry.name);
      if (entry.name === ".pnpm")
        for (const one of fs.readdirSync(folder)) visit(path.join(folder, one, "node_modules"));
      else if (entry.name.startsWith("@")) visit(folder);
      else if (fs.existsSync(path.join(folder, "package.json"))) {
        const isLink = entry.isSymbolicLink();
        found.set(path.relative(project, folder), { name: identity(folder), isLink });
        if (!isLink) visit(path.join(folder, "node_modules"));
      }
    }
  };
  visit(path.join(project, "node_modules"));
  return found;
}

/** Packages of the project that are gone or have another version, and shared ones that there are more of than before. */
function changes(before, after) {
  const names = new Set([...after.values()].map(({ name }) => name));
  // What is not imported by the project's own files may move to another folder.
  const changed = [...before].filter(([folder, { name }]) =>
    isDirect(folder) ? after.get(folder)?.name !== name : !names.has(name),
  );
  const copies = (packages, wanted) =>
    [...packages.values()]
      .filter(({ name, isLink }) => !isLink && name.startsWith(`${wanted}@`))
      .map(({ name }) => name);
  const doubled = SHARED.filter((name) => String(copies(before, name)) !== String(copies(after, name)));
  return [
    ...changed.map(([folder, { name }]) => `${name} → ${after.get(folder)?.name ?? "nothing"} in ${folder}`),
    ...doubled.map((name) => `${copies(before, name)} → ${copies(after, name)}`),
  ];
}

/** What the project's own files import. */
function isDirect(folder) {
  return /^node_modules[\\/](@[^\\/]+[\\/])?[^\\/@]+$/.test(folder);
}

function identity(folder) {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  return `${name}@${version}`;
}

function sizeOf(project) {
  return Number(
    spawnSync("du", ["-sb", path.join(project, "node_modules")], { encoding: "utf8" }).stdout.split("\t")[0],
  );
}

/** Installed without scripts, better-sqlite3 12 has no binary: this checkout's is of the same version. */
function copyBinary(project) {
  for (const [folder, { name, isLink }] of packagesIn(project))
    if (name === `better-sqlite3@${sqlite}` && !isLink)
      fs.cpSync(path.join(ownSqlite, BINARY), path.join(project, folder, BINARY), { recursive: true });
}

// Running

function pack(folder) {
  const { stdout } = run(folder, "npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", scratch]);
  return path.join(scratch, JSON.parse(stdout)[0].filename.replace(/^@/, "").replace("/", "-"));
}

function program(spec, file) {
  return path.join(installed(spec), file);
}

function retort(project, node, argv) {
  const result = retortIn(project, node, argv);
  if (result.status !== 0) throw new Error(`retort ${argv.join(" ")} exits ${result.status}: ${result.stderr}`);
  return result;
}

function retortIn(project, node, argv) {
  const file = path.join(project, "node_modules/typeorm-retort/bin/retort.js");
  return spawnSync(node, [file, ...argv], { cwd: project, encoding: "utf8", timeout: 120_000 });
}

function run(cwd, command, argv) {
  const { status, stdout, stderr } = spawnSync(command, argv, { cwd, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${path.basename(command)} ${argv.join(" ")}: ${stderr.trim() || stdout.trim()}`);
  return { stdout, stderr };
}

function write(folder, name, text) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), text);
}

function versionIn(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).version;
}

// The report

function report() {
  const lines = rows.map(
    ({ title, manager, size, seconds, added, changed }) =>
      `| ${title} | ${manager} | ${added} | ${size.toFixed(1)} | ${seconds.toFixed(1)} | ${changed.length === 0 ? "none" : changed.join(", ")} |`,
  );
  const table = [
    "| project | manager | folders added | size, MB | seconds | versions changed |",
    "| --- | --- | ---: | ---: | ---: | --- |",
    ...lines,
  ].join("\n");
  console.log(`\n${table}\n`);
  const counts = { numPassedTests: passed, numFailedTests: failures.length, numRuntimeErrorTestSuites: 0 };
  const result = { ...counts, numPendingTests: 0, numTodoTests: 0, success: failures.length === 0 };
  if (options.outputFile) fs.writeFileSync(options.outputFile, JSON.stringify(result));
  console.log(`${passed} passed, ${failures.length} failed`);
  if (failures.length > 0) process.exitCode = 1;
}
