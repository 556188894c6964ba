// Runs the tests with another TypeORM, Node or better-sqlite3, in a copy of the checkout, so that the processes which tests start use
// them too. The copy's node_modules links to this one's packages; TypeORM is copied, since it looks for drivers beside itself.
//
//   node scripts/variant.mjs --typeorm typeorm-0.3 [jest's arguments]
//   node scripts/variant.mjs --node 22 --better-sqlite3 13 --no-servers [jest's arguments]
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installed, nodeProgram } from "./installed.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const modules = path.join(repository, "node_modules");
const [own, jest] = split(process.argv.slice(2));
const { values: wanted } = parseArgs({
  args: own,
  options: {
    typeorm: { type: "string", default: "typeorm" },
    node: { type: "string" },
    "better-sqlite3": { type: "string" },
    "no-servers": { type: "boolean", default: false },
  },
});

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
  const known = { "--typeorm": 2, "--node": 2, "--better-sqlite3": 2, "--no-servers": 1 };
  let end = 0;
  while (Object.hasOwn(known, argv[end] ?? "")) end += known[argv[end]];
  return [argv.slice(0, end), argv.slice(end)];
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
  copyTypeorm(wanted.typeorm, "typeorm");
  copyTypeorm("typeorm-0.3", "typeorm-0.3");
  const version = wanted["better-sqlite3"];
  if (version === undefined) return;
  fs.rmSync(path.join(copy, "node_modules/better-sqlite3"));
  link(installed(`better-sqlite3@${version}`, node), "better-sqlite3");
}

function copyTypeorm(from, to) {
  const browser = path.join(modules, from, "browser");
  const filter = (file) => !file.endsWith(".map") && file !== browser;
  fs.cpSync(path.join(modules, from), path.join(copy, "node_modules", to), { recursive: true, filter });
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
  const { status } = spawnSync(node, ["node_modules/jest/bin/jest.js", ...jest], {
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
