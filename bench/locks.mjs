// `npm run bench:locks`: how long a writer waits for a migration of a large table on PostgreSQL, beside one ALTER TABLE with
// the same clauses written by hand. RETORT_TEST_POSTGRES names the server.
import { spawnSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
const { Client } = createRequire(path.join(repository, "package.json"))("pg");
const retort = path.join(repository, "bin/retort.js");
const server = process.env.RETORT_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/postgres";
const ROWS = 1_000_000;
const ROUNDS = 3;
const NAME = `retort_bench_${process.pid}`;

/** Nine columns change; for three of them every row is written anew. */
const BEFORE = {
  a: "{ type: 'int' }",
  b: "{ type: 'int' }",
  c: "{ type: 'int' }",
  d: "{ type: 'varchar', length: 20 }",
  e: "{ type: 'int', default: 1 }",
  f: "{ type: 'int', nullable: true }",
  g: "{ type: 'int' }",
  i: "{ type: 'int', nullable: true }",
};
const AFTER = {
  a: "{ type: 'bigint' }",
  b: "{ type: 'bigint' }",
  c: "{ type: 'numeric' }",
  d: "{ type: 'varchar', length: 40 }",
  e: "{ type: 'int', default: 2 }",
  f: "{ type: 'int' }",
  g: "{ type: 'int', nullable: true }",
  h: "{ type: 'int', default: 5 }",
};
const BY_HAND = `ALTER TABLE person DROP COLUMN i, ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint,
  ALTER COLUMN c TYPE numeric, ALTER COLUMN d TYPE varchar(40), ALTER COLUMN e SET DEFAULT 2,
  ALTER COLUMN f SET NOT NULL, ALTER COLUMN g DROP NOT NULL, ADD COLUMN h int NOT NULL DEFAULT 5`;

const root = mkdtempSync(path.join(os.tmpdir(), "retort-bench-"));
try {
  await sql("postgres", `CREATE DATABASE ${NAME}`);
  project(BEFORE);
  run("generate", "start");
  run("up");
  await sql(
    NAME,
    `INSERT INTO person (id, a, b, c, d, f, g, i) SELECT n, n, n, n, 'text ' || n, n, n, n FROM generate_series(1, ${ROWS}) n`,
  );
  await sql(NAME, "VACUUM ANALYZE person");
  project(AFTER);
  run("generate", "nine", "--drop", "Person.i");
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      hand: await longestWait((copy) => sql(copy, BY_HAND)),
      retort: await longestWait((copy) => up(copy)),
    });
  }
  const report = render(rounds);
  writeFileSync(path.join(repository, "bench/LOCKS.md"), report);
  console.log(report);
} finally {
  await sql("postgres", `DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
  rmSync(root, { recursive: true, force: true });
}

/** The longest time that one INSERT of a writer takes while the work changes a copy of the table. */
async function longestWait(work) {
  const copy = `${NAME}_copy`;
  await sql("postgres", `CREATE DATABASE ${copy} TEMPLATE ${NAME}`);
  try {
    await sql(copy, "CHECKPOINT");
    const writer = await connected(copy);
    let isOver = false;
    let longest = 0;
    const writing = (async () => {
      for (let id = ROWS + 1; !isOver; id++) {
        const began = performance.now();
        await writer.query("INSERT INTO person (id, a, b, c, d, f, g) VALUES ($1, 1, 1, 1, 'new', 1, 1)", [id]);
        longest = Math.max(longest, performance.now() - began);
        await sleep(2);
      }
    })();
    await sleep(300);
    await work(copy);
    isOver = true;
    await writing;
    await writer.end();
    return longest;
  } finally {
    await sql("postgres", `DROP DATABASE ${copy} WITH (FORCE)`);
  }
}

function up(database) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [retort, "migrate", "up"], {
      cwd: root,
      env: environment(database),
      stdio: "ignore",
    });
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`up: exit ${code}`))));
  });
}

function run(...argv) {
  const { status, stderr } = spawnSync(process.execPath, [retort, "migrate", ...argv], {
    cwd: root,
    env: environment(NAME),
  });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${String(stderr)}`);
}

function environment(database) {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return { ...process.env, BENCH_URL: url.href };
}

function project(columns) {
  mkdirSync(path.join(root, "migrations"), { recursive: true });
  const link = path.join(root, "node_modules");
  rmSync(link, { force: true });
  symlinkSync(path.join(repository, "node_modules"), link);
  const list = Object.entries(columns)
    .map(([name, options]) => `${name}: ${options}`)
    .join(", ");
  writeFileSync(
    path.join(root, "ormconfig.js"),
    `const { DataSource, EntitySchema } = require("typeorm");
const Person = new EntitySchema({ name: "Person", tableName: "person", columns: { id: { type: "int", primary: true }, ${list} } });
exports.default = new DataSource({ type: "postgres", url: process.env.BENCH_URL, entities: [Person], migrations: ["migrations/*.js"] });
`,
  );
}

async function connected(database) {
  const url = new URL(server);
  url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  return client;
}

async function sql(database, text) {
  const client = await connected(database);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function render(rounds) {
  const of = (name) => rounds.map((round) => round[name]).sort((a, b) => a - b);
  const median = (list) => list[Math.floor(list.length / 2)];
  const [hand, ours] = [of("hand"), of("retort")];
  return `# Locks

Written by \`npm run bench:locks\`: the longest wait of a writer, in milliseconds, while nine columns of a table of ${ROWS.toLocaleString("en")}
rows change on PostgreSQL (three are written anew), as \`retort migrate generate\` writes it and as one \`ALTER TABLE\` by hand. Aim: at most
1.5 times as long. ${rounds.length} rounds in turn, on copies of one database.

| | median | least | most |
| --- | ---: | ---: | ---: |
| one ALTER TABLE by hand | ${Math.round(median(hand))} | ${Math.round(hand[0])} | ${Math.round(hand.at(-1))} |
| retort migrate up | ${Math.round(median(ours))} | ${Math.round(ours[0])} | ${Math.round(ours.at(-1))} |
| ratio | ${(median(ours) / median(hand)).toFixed(2)} | | |

${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, ${os.type()} ${os.arch()}; node ${process.version}.
`;
}
