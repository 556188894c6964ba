// `npm run bench:long`: pages, streams and batches of a table of ten million rows on PostgreSQL. RETORT_TEST_POSTGRES names the
// server, ROWS another number of rows.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const { Client } = createRequire(import.meta.url)("pg");
const server = process.env.RETORT_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/postgres";
const ROWS = Number(process.env.ROWS ?? 10_000_000);
/** The most by which a process may grow, in mebibytes. */
const AIM = 150;
const NAME = `retort_bench_${process.pid}`;
const child = fileURLToPath(new URL("long/work.mjs", import.meta.url));

try {
  await sql(server, `CREATE DATABASE ${NAME}`);
  const began = performance.now();
  await sql(
    address(),
    `CREATE TABLE visit (id int NOT NULL, "user" int NOT NULL, at timestamptz NOT NULL, state varchar NOT NULL);
    INSERT INTO visit SELECT n, n % 1000, timestamptz '2020-01-01' + (n / 3) * interval '1 second', 'new' FROM generate_series(1, ${ROWS}) n;
    ALTER TABLE visit ADD PRIMARY KEY (id);
    CREATE INDEX visit_at ON visit (at, id)`,
  );
  await sql(address(), "VACUUM ANALYZE visit");
  console.log(`${ROWS} rows in ${seconds((performance.now() - began) / 1_000)} s`);
  const pages = run("pages");
  const works = ["stream", "read", "update", "delete"].map((work) => ({ work, ...run(work) }));
  const report = render(pages.result, works);
  writeFileSync(fileURLToPath(new URL("LONG.md", import.meta.url)), report);
  console.log(report);
} finally {
  await sql(server, `DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
}

function run(work) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--expose-gc", child, address(), work, String(ROWS)],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${work}: ${stderr}`);
  console.log(`${work}: ${stdout.trim()}`);
  return JSON.parse(stdout);
}

function address() {
  const url = new URL(server);
  url.pathname = `/${NAME}`;
  return url.href;
}

async function sql(connectionString, text) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function seconds(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}

function render(pages, works) {
  const number = (value) => value.toLocaleString("en");
  const milliseconds = (value) => value.toFixed(value < 10 ? 1 : 0);
  const names = {
    stream: "`for await (const visit of visits.stream())`",
    read: "`for await (const batch of visits.inBatches(10_000))`",
    update: '`visits.inBatches(10_000).update({ state: "seen" })`',
    delete: "`visits.filter(…).inBatches(10_000).delete()`, every second row",
  };
  return `# Long tables

Written by \`npm run bench:long\`: a table of ${number(ROWS)} rows on PostgreSQL, with an index on \`(at, id)\`.

## One page of 20 rows, sorted by \`at\` and \`id\`, newest first

In milliseconds, the median of five; each page is sent and read as objects. A cursor costs the same wherever it stands.

| rows before the page | \`after(cursor)\` | \`before(cursor)\` | \`offset(n)\` |
| ---: | ---: | ---: | ---: |
${pages.map(({ depth, after, before, offset }) => `| ${number(depth)} | ${milliseconds(after)} | ${milliseconds(before)} | ${milliseconds(offset)} |`).join("\n")}

## All rows

The growth of the process is the most of its resident memory during the work, beyond what it had after reading one batch. Aim: at most ${AIM} MiB.
An update of a batch and its COMMIT are one transaction, so the server's disk takes most of the time.

| work | rows | seconds | rows a second | growth in MiB |
| --- | ---: | ---: | ---: | ---: |
${works.map(({ work, result, seconds: time, growth }) => `| ${names[work]} | ${number(result)} | ${seconds(time)} | ${number(Math.round(result / time / 1_000) * 1_000)} | ${Math.round(growth)}${growth > AIM ? " (misses the aim)" : ""} |`).join("\n")}

${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, ${os.type()} ${os.arch()}; node ${process.version}.
`;
}
