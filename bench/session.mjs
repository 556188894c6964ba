// `npm run bench`: Retort's session beside a hand-written program, TypeORM's own calls, MikroORM (npm ci --prefix bench/peers)
// and SQLAlchemy (apt-get install python3-sqlalchemy). SQLite files, in turn, best of five; only ratios of one run mean
// anything. It writes bench/RESULTS.md.
//
//     node bench/session.mjs --only retort --works insert,update --rounds 9     prints, and writes nothing; with --write it does
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contestants } from "./session/contestants.mjs";
import { best, note } from "./session/measure.mjs";
import { render } from "./session/report.mjs";
import { Scratch } from "./session/scratch.mjs";
import { AIMS, WORKS } from "./session/works.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const ROWS = 10_000;
const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    works: { type: "string" },
    rounds: { type: "string", default: "5" },
    write: { type: "boolean" },
  },
});
const scratch = await Scratch.open(repository);
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
  const results = await race(taking, works, ROWS, rounds);
  const report = { rows: ROWS, rounds, contestants: taking.map(({ name, version }) => ({ name, version })), results };
  if (whole) {
    report.linear = await linear(taking, rounds);
    report.stream = stream();
  }
  for (const contestant of taking) await contestant.close?.();
  const text = render(report, AIMS);
  console.log(text);
  if (whole) writeFileSync(path.join(repository, "bench/RESULTS.md"), text);
}

/** Every work by every contestant, in turn, so that a slow moment of the machine meets all of them. */
async function race(taking, works, rows, rounds) {
  const results = new Map(works.map((work) => [work.name, new Map()]));
  for (let round = 1; round <= rounds; round++)
    for (const work of works)
      for (const contestant of taking) {
        const before = results.get(work.name).get(contestant.name);
        if (before?.failed) continue;
        const result = await scratch.run(contestant, work.name, rows);
        note(
          `round ${round}  ${work.name.padEnd(8)} ${contestant.name.padEnd(12)} ${result.failed ?? result.milliseconds.toFixed(1)}`,
        );
        results.get(work.name).set(contestant.name, best(before, result));
      }
  return results;
}

/** Retort's works with ten times the rows, and the ceiling's. */
async function linear(taking, rounds) {
  const works = WORKS.filter(({ grows }) => grows);
  const both = taking.filter(({ name }) => name === "Retort" || name === "ceiling");
  scratch.fill(ROWS * 10);
  const many = await race(both, works, ROWS * 10, Math.min(3, rounds));
  scratch.fill(ROWS);
  const few = await race(both, works, ROWS, rounds);
  return works.map(({ name }) => ({ name, few: few.get(name), many: many.get(name) }));
}

/** In a process of its own, whose greatest size is the streaming's. */
function stream() {
  const file = scratch.fill(1_000_000);
  const program = fileURLToPath(new URL("session/stream.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, scratch.folder, file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`stream: exit ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
