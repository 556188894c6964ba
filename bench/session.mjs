// `npm run bench`: Retort's session beside a hand-written program, TypeORM's own calls, MikroORM (installed for the bench
// alone, once) and SQLAlchemy (apt-get install python3-sqlalchemy). SQLite files, in turn, best of five; only ratios of one
// run mean anything. It writes bench/RESULTS.md.
//
//     node bench/session.mjs --only retort --works insert,update --rounds 9     prints, and writes nothing; with --write it does
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contestants } from "./session/contestants.mjs";
import { race } from "./session/race.mjs";
import { render } from "./session/report.mjs";
import { SqliteScratch } from "./session/sqlite-scratch.mjs";
import { AIMS, WORKS } from "./session/works.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const ROWS = 10_000;
const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    works: { type: "string" },
    rounds: { type: "string", default: "5" },
    linear: { type: "boolean" },
    write: { type: "boolean" },
  },
});
const scratch = await SqliteScratch.open(repository);
try {
  await main();
} finally {
  scratch.close();
}

async function main() {
  const rounds = Number(options.rounds);
  const whole = options.write ?? (options.only === undefined && options.works === undefined);
  const works = WORKS.filter(({ name }) => !options.works || options.works.split(",").includes(name));
  const taking = await contestants(scratch, options.only?.split(","));
  scratch.fill(ROWS);
  const results = await race(scratch, taking, works, ROWS, rounds);
  const report = { rows: ROWS, rounds, contestants: taking.map(({ name, version }) => ({ name, version })), results };
  if (whole || options.linear) report.linear = await linear(taking, works, rounds);
  if (whole) report.stream = stream();
  for (const contestant of taking) await contestant.close?.();
  const text = render(report, AIMS);
  console.log(text);
  if (whole) writeFileSync(path.join(repository, "bench/RESULTS.md"), text);
}

/** Retort's works with ten times the rows, and the ceiling's. */
async function linear(taking, works, rounds) {
  const growing = works.filter(({ grows }) => grows);
  const both = taking.filter(({ name }) => name === "Retort" || name === "ceiling");
  scratch.fill(ROWS * 10);
  const many = await race(scratch, both, growing, ROWS * 10, Math.min(3, rounds));
  scratch.fill(ROWS);
  const few = await race(scratch, both, growing, ROWS, rounds);
  return growing.map(({ name }) => ({ name, few: few.get(name), many: many.get(name) }));
}

/** In a process of its own, whose greatest size is the streaming's. */
function stream() {
  const file = scratch.fill(1_000_000);
  const program = fileURLToPath(new URL("session/stream.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, scratch.folder, file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`stream: exit ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
