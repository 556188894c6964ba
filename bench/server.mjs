// `npm run bench:server`: the example's server beside the same handlers over the bare driver, on PostgreSQL, in turn; the memory over
// 100,000 requests. It writes bench/SERVER.md. Only ratios of one run mean anything.
//
//     node bench/server.mjs --rounds 5 --requests 4000 --memory 100000     --json prints the figures, and writes nothing
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { buildExamples } from "../scripts/examples.mjs";
import { compare, growth, ServerProcess, WORKS } from "./server/load.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const ROWS = 1_000;
const CONNECTIONS = 20;
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "4000" },
    memory: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, amount, memory] = [values.rounds, values.requests, values.memory].map(Number);
const admin = process.env.RETORT_TEST_POSTGRES ?? "postgres://postgres@127.0.0.1:5432/postgres";
const name = `retort_bench_${randomBytes(6).toString("hex")}`;
const folder = path.join(repository, `build/bench-${process.pid}`);

await query(admin, `CREATE DATABASE ${name}`);
try {
  await main(new URL(`/${name}`, admin).href);
} finally {
  await query(admin, `DROP DATABASE ${name} WITH (FORCE)`);
  rmSync(folder, { recursive: true, force: true });
}

async function main(url) {
  buildExamples(folder);
  await fill(url);
  const servers = {
    bare: await ServerProcess.start("bare", url, folder),
    retort: await ServerProcess.start("retort", url, folder),
  };
  const options = { amount, connections: CONNECTIONS, rows: ROWS };
  const results = [];
  for (const work of Object.keys(WORKS)) {
    await compare(servers, work, 1, options); // warm
    results.push({ work, ...(await compare(servers, work, rounds, options)) });
  }
  const grown = await growth(servers.retort, "get + commit", { ...options, amount: memory, readings: 10 });
  for (const server of Object.values(servers)) await server.stop();
  if (values.json) return console.log(JSON.stringify({ results, grown }));
  const text = report(results, grown);
  writeFileSync(path.join(repository, "bench/SERVER.md"), text);
  console.log(text);
}

async function fill(url) {
  const require = createRequire(path.join(folder, "examples/server/server.js"));
  require("reflect-metadata");
  const { DataSource } = require("typeorm");
  const { Post, User } = require("../microblog");
  const dataSource = new DataSource({ type: "postgres", url, entities: [User, Post], synchronize: true });
  await dataSource.initialize();
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    username: `user${index}`,
    email: `user${index}@example.com`,
  }));
  await dataSource.getRepository(User).insert(rows);
  await dataSource.destroy();
}

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function report(results, { memory: readings, bytesPerRequest }) {
  const rows = results.map(
    ({ work, bare, retort, ratios, failed, count }) =>
      `| ${work} | ${shown(bare)} | ${shown(retort)} | ${ratios.p50.toFixed(2)} | ${ratios.p99.toFixed(2)} | ${ratios.cpu.toFixed(2)} | ${failed} of ${count} |`,
  );
  const megabytes = readings.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(", ");
  return `# The server

Written by \`npm run bench:server\`: the server of \`examples/server\` and the same handlers with pg alone, on PostgreSQL, in processes of
their own. Medians of ${rounds} rounds in turn of ${amount} requests over ${CONNECTIONS} connections, after one to warm up. The aim for get + commit: p50 at
most 1.3 times, p99 at most 2 times.

Both servers do the same work. get + commit is one SELECT by key: a session that has written nothing sends no BEGIN and no COMMIT, and
neither does \`pool.query\`. get + change + commit is that SELECT, then BEGIN, an UPDATE of the column and COMMIT over one connection. The
program with pg alone is what one writes with care: its pool waits as long as a session does, an UPDATE that meets no row is an error, a
transaction that fails is rolled back, and its connection is given back. It has no session of its own for each request
(\`AsyncLocalStorage\`), which takes a part of the difference on Node 20 and 22.

The time on a processor is the server's own for a request, user and system. Other programs on the machine change it less than latencies,
which also hold what PostgreSQL and autocannon take.

| request | bare: p50, p99 (ms), processor (µs) | Retort: p50, p99 (ms), processor (µs) | p50, times | p99, times | processor, times | failed |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}

Memory in use after a garbage collection, every ${memory / 10} of ${memory} requests (get + commit): ${megabytes} MB; in the second half
${bytesPerRequest.toFixed(1)} bytes a request.

${os.cpus().length} × ${os.cpus()[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}, load ${os.loadavg()[0].toFixed(1)} when it ended; node ${process.version}.
`;
}

function shown({ p50, p99, cpu }) {
  return `${p50.toFixed(2)}, ${p99.toFixed(1)}, ${cpu.toFixed(0)}`;
}
