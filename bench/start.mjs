// `npm run bench:start`: how long Retort takes to start, against node loading the same libraries and nothing else.
// The three take turns, ten rounds, so that a slow moment of the machine meets all of them; the medians are compared.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { repository, retort, withMicroblog } from "../scripts/microblog.mjs";

const ROUNDS = 10;
const LIMIT = 1.5;

const libraries = "require('reflect-metadata');require('typeorm');require('better-sqlite3')";
const programs = [
  { title: `node -e "${libraries}"`, argv: ["-e", libraries] },
  { title: "retort migrate status", argv: [retort, "migrate", "status"] },
  { title: "retort shell -e 1", argv: [retort, "shell", "-e", "1"] },
];

const medians = await withMicroblog((folder) => {
  for (const program of programs) for (let times = 0; times < 2; times++) measure(program, folder); // warm
  const rounds = Array.from({ length: ROUNDS }, () => programs.map((program) => measure(program, folder)));
  return programs.map((_, index) => median(rounds.map((round) => round[index])));
});

const rows = programs.map(({ title }, index) => ({
  title,
  milliseconds: medians[index].toFixed(0),
  ratio: (medians[index] / medians[0]).toFixed(2),
}));
const report = render(rows);
writeFileSync(path.join(repository, "bench/START.md"), report);
console.log(report);
if (rows.some(({ ratio }) => Number(ratio) > LIMIT)) process.exitCode = 1;

function measure({ title, argv }, cwd) {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd, encoding: "utf8", input: "" });
  const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
  if (status !== 0) throw new Error(`${title}: exit ${status}\n${stderr}`);
  return milliseconds;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function render(rows) {
  const version = (name) => {
    const entry = createRequire(path.join(repository, "package.json")).resolve.paths(name)[0];
    return JSON.parse(readFileSync(path.join(entry, name, "package.json"), "utf8")).version;
  };
  const cpus = os.cpus();
  return `# Start-up

Written by \`npm run bench:start\`: medians of ${ROUNDS} runs in turn, warm (the demo's files are compiled and cached), in a
copy of the demo on SQLite. The budget is ${LIMIT} times the first line: node that loads the same libraries.

| command | median, ms | ratio |
| --- | ---: | ---: |
${rows.map(({ title, milliseconds, ratio }) => `| \`${title}\` | ${milliseconds} | ${ratio} |`).join("\n")}

${cpus.length} × ${cpus[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}; node ${process.version}, typeorm ${version("typeorm")}, better-sqlite3 ${version("better-sqlite3")}.
`;
}
