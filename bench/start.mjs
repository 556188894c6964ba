// `npm run bench:start`: how long Retort takes to start, against node loading the same libraries and nothing else, in the demo and in a
// large project. Programs take turns, so that a slow moment of the machine meets all of them; the medians are compared.
//
//     node bench/start.mjs --rounds 10     prints, and writes nothing
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { repository, retort, withMicroblog } from "../scripts/microblog.mjs";
import { median, note } from "./session/measure.mjs";
import { ENTITIES, FILES, withLargeProject } from "./start/project.mjs";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "10" } } });
const rounds = Number(options.rounds);
/** First starts, each of which takes seconds. */
const FIRST_STARTS = 3;

const libraries = "require('reflect-metadata');require('typeorm');require('better-sqlite3')";
const initialize = "require('./build/data-source').dataSource.initialize().then((dataSource)=>dataSource.destroy())";
const status = { title: "retort migrate status", argv: [retort, "migrate", "status"] };
const shell = { title: "retort shell -e 1", argv: [retort, "shell", "-e", "1"] };

const demo = {
  limit: 0.8,
  ...(await withMicroblog((folder) => compare(folder, [bare(libraries), status, shell]))),
};
const large = {
  limit: 1.2,
  ...(await withLargeProject((folder) => ({
    first: firstStart(folder),
    ...compare(folder, [bare(initialize), status, shell]),
  }))),
};
const report = render();
if (process.argv.length === 2) writeFileSync(path.join(repository, "bench/START.md"), report);
console.log(report);

function bare(code) {
  return { title: `node -e "${code}"`, argv: ["-e", code] };
}

/** Warm: everything is compiled and cached. */
function compare(folder, programs) {
  for (const program of programs) for (let times = 0; times < 2; times++) measure(program, folder);
  const all = Array.from({ length: rounds }, () => programs.map((program) => measure(program, folder).milliseconds));
  const medians = programs.map((_, index) => median(all.map((round) => round[index])));
  return {
    rows: programs.map(({ title }, index) => ({
      title,
      milliseconds: medians[index],
      ratio: medians[index] / medians[0],
    })),
  };
}

/** With nothing in the caches: neither the project's compiled files nor the code of Retort and its packages. */
function firstStart(folder) {
  const starts = Array.from({ length: FIRST_STARTS }, () => {
    rmSync(path.join(repository, "node_modules/.cache/retort"), { recursive: true, force: true });
    return measure(shell, folder);
  });
  const lines = starts[0].stderr.split("\n").filter((line) => line.startsWith("retort: "));
  return { milliseconds: median(starts.map((start) => start.milliseconds)), lines };
}

function measure({ title, argv }, cwd) {
  const started = performance.now();
  const { status: exitCode, stderr } = spawnSync(process.execPath, argv, { cwd, encoding: "utf8", input: "" });
  const milliseconds = performance.now() - started;
  note(`${milliseconds.toFixed(0).padStart(6)} ms  ${title}`);
  if (exitCode !== 0) throw new Error(`${title}: exit ${exitCode}\n${stderr}`);
  return { milliseconds, stderr };
}

function render() {
  const version = (name) => {
    const entry = createRequire(path.join(repository, "package.json")).resolve.paths(name)[0];
    return JSON.parse(readFileSync(path.join(entry, name, "package.json"), "utf8")).version;
  };
  const cpus = os.cpus();
  const { first } = large;
  return `# Start-up

Written by \`npm run bench:start\`: medians of ${rounds} runs in turn, warm (everything is compiled and cached).

## The demo

A copy of the demo on SQLite. The aim is ${demo.limit} times the first line: node that loads the same libraries.

${table(demo)}

## A large project

${ENTITIES} entities in a project of ${FILES} files. The aim is ${large.limit} times the first line: node that loads the same entities
compiled, and opens the DataSource, as every program that uses them does.

${table(large)}

The first start, with nothing in any cache (\`retort shell -e 1\`, median of ${FIRST_STARTS}; aim: 5 s): ${(first.milliseconds / 1000).toFixed(1)} s. It says what it does:

\`\`\`
${first.lines.join("\n")}
\`\`\`

Two fifths of its profile are TypeScript's compiler, for 496 files that are loaded one by one; 15 % the types behind columns that only
another file declares, for which all files are read a second time; 8 % writing the cache. In the demo a sixth of the shell's profile is
loading its own modules, which \`migrate status\` does not need, and opens the database.

${cpus.length} × ${cpus[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}, load ${os.loadavg()[0].toFixed(1)} when it ended; node ${process.version}, typeorm ${version("typeorm")}, better-sqlite3 ${version("better-sqlite3")}.
`;
}

function table({ rows, limit }) {
  const lines = rows.map(({ title, milliseconds, ratio }, index) => {
    const text = ratio.toFixed(2);
    return `| \`${title}\` | ${milliseconds.toFixed(0)} | ${index > 0 && ratio <= limit ? `**${text}**` : text} |`;
  });
  return `| command | median, ms | ratio |\n| --- | ---: | ---: |\n${lines.join("\n")}`;
}
