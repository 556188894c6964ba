// `npm run bench:cold`: the first work of a fresh process, which is what a script and a first request see: nothing is
// compiled yet. Five processes a contestant and a work, in turn; medians are compared. It writes bench/COLD.md.
//
//     node bench/cold.mjs --only retort --works insert --rounds 9     prints, and writes nothing
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contestants } from "./session/contestants.mjs";
import { median, note } from "./session/measure.mjs";
import { document, machine, ratios } from "./session/report.mjs";
import { SqliteScratch } from "./session/sqlite-scratch.mjs";
import { COLD_AIMS, WORKS } from "./session/works.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
const program = fileURLToPath(new URL("session/cold-run.mjs", import.meta.url));
const ROWS = 10_000;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "retort,typeorm,mikroorm" },
    works: { type: "string", default: Object.keys(COLD_AIMS).join(",") },
    rounds: { type: "string", default: "5" },
  },
});
const whole = process.argv.length === 2;
const rounds = Number(options.rounds);
const scratch = await SqliteScratch.open(repository);
try {
  await main();
} finally {
  scratch.close();
}

async function main() {
  const taking = await contestants(scratch, options.only.split(","));
  const works = WORKS.filter(({ name }) => options.works.split(",").includes(name));
  scratch.fill(ROWS);
  const results = new Map();
  for (const work of works) results.set(work.name, await compare(work.name, taking));
  const text = document([heading(), ...ratios(taking, results, COLD_AIMS), explanation(), machine(taking)]);
  console.log(text);
  if (whole) writeFileSync(path.join(repository, "bench/COLD.md"), text);
}

/** One work by every contestant, in turn. Gives the median of each. */
async function compare(work, taking) {
  const measured = new Map(taking.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++)
    for (const { key, name } of taking) {
      const fresh = { name, [work]: (file) => inFreshProcess(key, work, file) };
      const result = await scratch.run(fresh, work, ROWS);
      note(`round ${round}  ${work.padEnd(8)} ${name.padEnd(12)} ${result.failed ?? result.milliseconds.toFixed(1)}`);
      measured.get(name).push(result);
    }
  return new Map(Array.from(measured, ([name, all]) => [name, medianOf(all)]));
}

function inFreshProcess(key, work, file) {
  const argv = [program, scratch.folder, key, work, file, String(ROWS)];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(/^\w*Error: .*/m.exec(stderr)?.[0] ?? `exit ${status}`);
  return JSON.parse(stdout);
}

function medianOf(results) {
  return results.find(({ failed }) => failed) ?? { milliseconds: median(results.map((one) => one.milliseconds)) };
}

function heading() {
  return `# The first work of a process

Written by \`npm run bench:cold\`: as \`npm run bench\`, but every work is the first that its process does, after the modules are loaded
and the database is open; what is to be changed is loaded by the same contestant. Medians of ${rounds} fresh processes each, which take
turns. Figures are times the ceiling: the program written by hand with better-sqlite3, as cold. Only ratios of one run mean anything.`;
}

function explanation() {
  return `## Where the time goes

The same works take a quarter to a half of it once they are compiled (bench/RESULTS.md). V8 interprets a function until it has run often,
compiles it for the objects that it has seen, and begins again where those of another entity come: some forty times in the first insert.
Its profile (\`node --cpu-prof bench/session/cold-run.mjs …\`) is flat: writing rows 20 %, both sides of relations 18 %, snapshots and undo
log 13 %, what changed 11 %, garbage collection 9 %, SQLite 4 %, and no function more than a twentieth. What is left to gain is fewer passes
over the objects, which are the steps of a flush.`;
}
