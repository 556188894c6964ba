// `npm run bench:servers`: Retort's session on PostgreSQL and MariaDB beside a hand-written program on the same driver,
// TypeORM's own calls, and MikroORM (installed for the bench alone, once). In turn, best of five; only ratios of one run mean
// anything. It writes bench/SERVERS.md.
//
//     node bench/servers.mjs --servers postgres --only retort --works insert --rounds 9     prints, and writes nothing
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contestants } from "./session/contestants.mjs";
import { race } from "./session/race.mjs";
import { document, machine, ratios } from "./session/report.mjs";
import { ServerScratch } from "./session/server-scratch.mjs";
import { SERVER_AIMS, WORKS } from "./session/works.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const ROWS = 10_000;
const { values: options } = parseArgs({
  options: {
    servers: { type: "string", default: "postgres,mariadb" },
    only: { type: "string", default: "retort,typeorm,mikroorm" },
    works: { type: "string", default: Object.keys(SERVER_AIMS).join(",") },
    rounds: { type: "string", default: "5" },
  },
});
const whole = process.argv.length === 2;
const works = WORKS.filter(({ name }) => options.works.split(",").includes(name));
const rounds = Number(options.rounds);

const parts = [heading()];
for (const server of options.servers.split(",")) parts.push(...(await measured(server)));
const text = document(parts);
console.log(text);
if (whole) writeFileSync(path.join(repository, "bench/SERVERS.md"), text);

async function measured(server) {
  const scratch = await ServerScratch.open(repository, server);
  try {
    const taking = await contestants(scratch, options.only.split(","));
    const results = await race(scratch, taking, works, ROWS, rounds);
    const version = { name: "ceiling", version: await scratch.serverVersion() };
    return [`## ${scratch.title}`, ...ratios(taking, results, SERVER_AIMS), machine([version, ...taking])];
  } finally {
    await scratch.close();
  }
}

function heading() {
  return `# The session on database servers

Written by \`npm run bench:servers\`: ${ROWS.toLocaleString("en")} users and as many posts, each with its author (the demo's entities),
on this machine; the contestants take turns, and the best of ${rounds} is compared. Figures are times the ceiling: a program written by
hand with the same driver, a thousand rows a statement, one transaction, and an object a row. Whoever takes longer than six seconds is
measured once. Only ratios of one run mean anything.`;
}
