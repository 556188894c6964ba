// `npm run bench:migrate`: Retort's migration commands beside TypeORM's own, and Flask-Migrate's where it is installed.
// A project in plain JavaScript on SQLite, so that nobody compiles anything. The programs take turns; medians are compared.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
const Database = createRequire(path.join(repository, "package.json"))("better-sqlite3");
const retort = path.join(repository, "bin/retort.js");
const typeorm = path.join(repository, "node_modules/typeorm/cli.js");
const TABLES = 50;
const TABLES_ON_POSTGRES = 300;
const MIGRATIONS = 100;
const ROWS = 1_000_000;
const SQLITE = `type: "better-sqlite3", database: process.env.DATABASE || "database.sqlite",`;

const scratch = mkdtempSync(path.join(os.tmpdir(), "retort-bench-"));
try {
  const report = render([...reading(), ...readingOnPostgres(), applying(), rebuilding()]);
  writeFileSync(path.join(repository, "bench/MIGRATE.md"), report);
  console.log(report);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

// What is measured

/** status and generate on a project of fifty tables in which there is nothing to do. */
function reading() {
  const root = project("reading", entities(TABLES));
  run("retort migrate generate", [retort, "migrate", "generate", "start"], root);
  run("retort migrate up", [retort, "migrate", "up"], root);
  const flask = flaskProject(root);
  return [
    compared(`status, ${TABLES} tables`, 7, {
      retort: () => timed(root, [retort, "migrate", "status"]),
      typeorm: () => timed(root, [typeorm, "migration:show", "-d", "ormconfig.js"]),
      flask: flask && (() => flask("current")),
    }),
    compared(`generate, nothing to do, ${TABLES} tables`, 5, {
      retort: () => timed(root, [retort, "migrate", "generate"]),
      // TypeORM's command calls it a failure that nothing has changed.
      typeorm: () =>
        timed(root, [typeorm, "migration:generate", "migrations/Never", "-o", "-d", "ormconfig.js"], [0, 1]),
      flask: flask && (() => flask("check")),
    }),
  ];
}

/** generate where nothing is to be done, on three hundred tables of a server: nothing where PostgreSQL does not answer. */
function readingOnPostgres() {
  const url = new URL(process.env.RETORT_TEST_POSTGRES || "postgres://postgres@127.0.0.1:5432/postgres");
  const name = `retort_bench_${process.pid}`;
  const own = new URL(url);
  own.pathname = `/${name}`;
  const administer = (sql) =>
    spawnSync(
      process.execPath,
      [
        "-e",
        `const c = new (require("pg").Client)(process.argv[1]); c.connect().then(() => c.query(process.argv[2])).then(() => c.end())`,
        url.href,
        sql,
      ],
      { cwd: repository },
    ).status === 0;
  if (!administer(`CREATE DATABASE ${name}`)) return [];
  try {
    const text = entities(TABLES_ON_POSTGRES).replaceAll('"datetime"', '"timestamp"');
    const root = project("postgres", text, `type: "postgres", url: ${JSON.stringify(own.href)},`);
    run("retort migrate generate", [retort, "migrate", "generate", "start"], root);
    run("retort migrate up", [retort, "migrate", "up"], root);
    return [
      compared(`generate, nothing to do, ${TABLES_ON_POSTGRES} tables on PostgreSQL`, 5, {
        retort: () => timed(root, [retort, "migrate", "generate"]),
        typeorm: () =>
          timed(root, [typeorm, "migration:generate", "migrations/Never", "-o", "-d", "ormconfig.js"], [0, 1]),
      }),
    ];
  } finally {
    administer(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** A hundred small migrations on an empty database. */
function applying() {
  const root = project("applying", "module.exports = {};");
  for (let number = 1; number <= MIGRATIONS; number++) {
    const name = `Small${1_700_000_000_000 + number}`;
    const text = migration(name, `CREATE TABLE "t${number}" ("id" integer PRIMARY KEY)`, `DROP TABLE "t${number}"`);
    writeFileSync(path.join(root, `migrations/${1_700_000_000_000 + number}-small.js`), text);
  }
  const fresh = (argv) => {
    rmSync(path.join(root, "database.sqlite"), { force: true });
    return timed(root, argv);
  };
  return compared(`up, ${MIGRATIONS} small migrations`, 5, {
    retort: () => fresh([retort, "migrate", "up"]),
    typeorm: () => fresh([typeorm, "migration:run", "-t", "each", "-d", "ormconfig.js"]),
  });
}

/** A table of a million rows rebuilt, against the INSERT … SELECT that the rebuild cannot do without. */
function rebuilding() {
  const root = project("rebuilding", wide(false));
  run("generate", [retort, "migrate", "generate", "start"], root);
  run("up", [retort, "migrate", "up"], root);
  fill(path.join(root, "database.sqlite"));
  writeFileSync(path.join(root, "entities.js"), wide(true));
  run("generate", [retort, "migrate", "generate", "rebuild"], root);
  const rounds = Array.from({ length: 3 }, () => {
    for (const name of ["plain", "rebuilt"])
      cpSync(path.join(root, "database.sqlite"), path.join(root, `${name}.sqlite`));
    const plain = plainCopy(path.join(root, "plain.sqlite"));
    const { stdout } = run("up", [retort, "migrate", "up", "--json"], root, { DATABASE: "rebuilt.sqlite" });
    return { plain, retort: JSON.parse(stdout).steps[0].milliseconds };
  });
  return {
    title: `rebuild of ${ROWS.toLocaleString("en")} rows, beside its INSERT … SELECT`,
    retort: median(rounds.map((round) => round.retort)),
    plain: median(rounds.map((round) => round.plain)),
  };
}

function plainCopy(file) {
  const database = new Database(file);
  database.exec(
    `CREATE TABLE "copy" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar NOT NULL, "city" varchar, "age" integer NOT NULL)`,
  );
  const started = performance.now();
  database.exec(`BEGIN IMMEDIATE; INSERT INTO "copy" SELECT "id", "name", "city", "age" FROM "person"; COMMIT`);
  const milliseconds = performance.now() - started;
  database.close();
  return milliseconds;
}

// The projects

function project(name, text, database = SQLITE) {
  const root = path.join(scratch, name);
  mkdirSync(path.join(root, "migrations"), { recursive: true });
  symlinkSync(path.join(repository, "node_modules"), path.join(root, "node_modules"), "junction");
  writeFileSync(path.join(root, "package.json"), JSON.stringify({ name, private: true }));
  writeFileSync(path.join(root, "entities.js"), text);
  writeFileSync(
    path.join(root, "ormconfig.js"),
    `require("reflect-metadata");
const { DataSource } = require("typeorm");
exports.default = new DataSource({
  ${database}
  entities: Object.values(require("./entities.js")),
  migrations: ["migrations/*.js"],
});
`,
  );
  return root;
}

function entities(count) {
  const one = (number) => `exports.E${number} = new EntitySchema({ name: "E${number}", columns: {
  id: { type: Number, primary: true, generated: true },
  name: { type: String, length: 40, unique: true },
  amount: { type: "decimal", default: 0 },
  made: { type: "datetime", createDate: true },
}, indices: [{ columns: ["amount", "name"] }]${number > 1 ? `, relations: { other: { type: "many-to-one", target: "E${number - 1}" } }` : ""} });`;
  return `const { EntitySchema } = require("typeorm");\n${Array.from({ length: count }, (_, index) => one(index + 1)).join("\n")}\n`;
}

function wide(strict) {
  return `const { EntitySchema } = require("typeorm");
exports.Person = new EntitySchema({ name: "Person", columns: {
  id: { type: Number, primary: true, generated: true },
  name: { type: String },
  city: { type: String, nullable: true },
  age: { type: "integer"${strict ? "" : ", nullable: true"} },
} });
`;
}

function fill(file) {
  const database = new Database(file);
  database.exec(`INSERT INTO "person" ("name", "city", "age")
    WITH RECURSIVE "n"("i") AS (SELECT 1 UNION ALL SELECT "i" + 1 FROM "n" WHERE "i" < ${ROWS})
    SELECT 'person ' || "i", 'city ' || ("i" % 1000), "i" % 100 FROM "n"`);
  database.close();
}

function migration(name, up, down) {
  return `exports.${name} = class ${name} {
  async up(queryRunner) { await queryRunner.query(${JSON.stringify(up)}); }
  async down(queryRunner) { await queryRunner.query(${JSON.stringify(down)}); }
};
`;
}

/** Flask-Migrate on the same fifty tables; undefined where Debian's python3-flask-migrate is not installed. */
function flaskProject(root) {
  // Debian's packages belong to Debian's Python, which need not be the first in the path.
  const isThere = (python) => spawnSync(python, ["-c", "import flask_migrate, flask_sqlalchemy"]).status === 0;
  const python = ["python3", "/usr/bin/python3"].find(isThere);
  if (!python) return undefined;
  const folder = path.join(root, "flask");
  mkdirSync(folder);
  writeFileSync(
    path.join(folder, "app.py"),
    `from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_migrate import Migrate
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///${folder}/database.sqlite"
db = SQLAlchemy(app)
for n in range(1, ${TABLES} + 1):
    columns = {"id": db.Column(db.Integer, primary_key=True), "name": db.Column(db.String(40), unique=True), "amount": db.Column(db.Numeric, index=True), "made": db.Column(db.DateTime)}
    if n > 1: columns["other_id"] = db.Column(db.Integer, db.ForeignKey(f"e{n - 1}.id"))
    type(f"E{n}", (db.Model,), {"__tablename__": f"e{n}", **columns})
Migrate(app, db)
`,
  );
  const flask = (...argv) => spawnSync(python, ["-m", "flask", "db", ...argv], { cwd: folder, encoding: "utf8" });
  for (const argv of [["init"], ["migrate"], ["upgrade"]]) if (flask(...argv).status !== 0) return undefined;
  return (command) => {
    const started = performance.now();
    flask(command);
    return performance.now() - started;
  };
}

// Measuring

/** One warm run each, then so many rounds in turn. */
function compared(title, rounds, programs) {
  const names = Object.keys(programs).filter((name) => programs[name]);
  for (const name of names) programs[name]();
  const times = Array.from({ length: rounds }, () => names.map((name) => programs[name]()));
  return {
    title,
    ...Object.fromEntries(names.map((name, index) => [name, median(times.map((round) => round[index]))])),
  };
}

function timed(cwd, argv, accepted = [0]) {
  const started = performance.now();
  run(argv.join(" "), argv, cwd, {}, accepted);
  return performance.now() - started;
}

function run(title, argv, cwd, env = {}, accepted = [0]) {
  const result = spawnSync(process.execPath, argv, {
    cwd,
    encoding: "utf8",
    input: "",
    env: { ...process.env, ...env },
  });
  if (!accepted.includes(result.status)) throw new Error(`${title}: exit ${result.status}\n${result.stderr}`);
  return result;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function render(rows) {
  const time = (milliseconds) => (milliseconds === undefined ? "–" : milliseconds.toFixed(0));
  const ratio = (row, name) => (row[name] === undefined ? "–" : (row.retort / row[name]).toFixed(2));
  const line = (row) =>
    `| ${[row.title, time(row.retort), time(row.typeorm), ratio(row, "typeorm"), time(row.flask), ratio(row, "flask"), time(row.plain), ratio(row, "plain")].join(" | ")} |`;
  const cpus = os.cpus();
  const installed = rows.some(({ flask }) => flask !== undefined);
  return `# Migrations

Written by \`npm run bench:migrate\`: medians, in milliseconds, of runs in turn, on SQLite where nothing else is said, beside TypeORM's own command and
Flask-Migrate's (${installed ? "installed" : "not installed here: apt install python3-flask-migrate"}). Aim: status and generate take at most half as long as either, a rebuild at most 1.3
times the plain copy.

| | retort | typeorm | ratio | flask | ratio | plain copy | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.map(line).join("\n")}

${cpus.length} × ${cpus[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}; node ${process.version}.
`;
}
