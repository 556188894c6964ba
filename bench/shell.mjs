// `npm run bench:shell`: from start to prompt against node loading the same libraries; from Enter to the next prompt for the first
// input and for later ones; a Tab with 300 entities. Medians, of a real pseudo-terminal but for Tab, which is measured in the process.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { repository, retort, withMicroblog } from "../scripts/microblog.mjs";

const require = createRequire(import.meta.url);
const { spawn } = require("node-pty");
const ROUNDS = 7;
const LATER = 20;
const libraries = "require('reflect-metadata');require('typeorm');require('better-sqlite3')";

const terminal = await withMicroblog(async (folder) => {
  await measureShell(folder); // warm
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push({ bare: bare(), ...(await measureShell(folder)) });
  return {
    bare: median(rounds.map((round) => round.bare)),
    start: median(rounds.map((round) => round.start)),
    first: median(rounds.map((round) => round.first)),
    later: median(rounds.flatMap((round) => round.later)),
  };
});
const rows = [
  ["node that loads the same libraries", terminal.bare, "", ""],
  ["start to prompt", terminal.start, (terminal.start / terminal.bare).toFixed(2), "1.5 times"],
  ["first input, Enter to prompt", terminal.first, "", "20 ms"],
  ["later inputs, Enter to prompt", terminal.later, "", "5 ms"],
  ["Tab, 300 entities", await tab(), "", "30 ms"],
];
const report = `# The shell

Written by \`npm run bench:shell\`: medians of ${ROUNDS} shells (${LATER} later inputs each, \`1 + 1\`) in a pseudo-terminal, warm,
in a copy of the demo on SQLite.

| what | median, ms | ratio | budget |
| --- | ---: | ---: | ---: |
${rows.map(([title, milliseconds, ratio, budget]) => `| ${title} | ${milliseconds.toFixed(1)} | ${ratio} | ${budget} |`).join("\n")}

${os.cpus().length} × ${os.cpus()[0]?.model ?? "unknown processor"}, ${os.type()} ${os.machine()}, load ${os.loadavg()[0].toFixed(1)} while it ran; node ${process.version}.
`;
writeFileSync(path.join(repository, "bench/SHELL.md"), report);
console.log(report);

function bare() {
  const started = performance.now();
  spawnSync(process.execPath, ["-e", libraries], { cwd: repository });
  return performance.now() - started;
}

/** Opens one shell and measures the time to the prompt, of the first input, and of later ones. */
async function measureShell(folder) {
  const started = performance.now();
  const { NO_COLOR: _none, DATABASE_URL: _other, ...env } = process.env;
  const program = spawn(process.execPath, [retort, "shell"], {
    cols: 100,
    rows: 30,
    cwd: folder,
    env: { ...env, NO_COLOR: "1", RETORT_HISTORY: path.join(folder, "history") },
  });
  let text = "";
  let heard = () => undefined;
  program.onData((chunk) => {
    text += chunk;
    heard();
  });
  const until = (found) =>
    new Promise((resolve) => {
      heard = () => found() && resolve(performance.now());
      heard();
    });
  const prompts = () => text.split("microblog > ").length - 1;
  const start = (await until(() => prompts() > 0)) - started;
  const answer = async (input) => {
    program.write(input);
    await until(() => text.includes(input, text.lastIndexOf("microblog > ")));
    await new Promise((resolve) => setTimeout(resolve, 30));
    text = "";
    const pressed = performance.now();
    program.write("\r");
    return (await until(() => /\n2\r?\n[^]*microblog > /.test(stripVTControlCharacters(text)))) - pressed;
  };
  await new Promise((resolve) => setTimeout(resolve, 100));
  const first = await answer("1 + 1");
  const later = [];
  for (let time = 0; time < LATER; time += 1) later.push(await answer("1 + 1"));
  program.kill();
  return { start, first, later };
}

/** A Tab where there are 300 entities, in this process. */
async function tab() {
  require("reflect-metadata");
  const { DataSource, EntitySchema } = require("typeorm");
  const { connect } = require("../dist/session/database");
  const { Repl } = require("../dist/shell/repl");
  const { complete } = require("../dist/shell/complete/complete");
  const entities = Array.from({ length: 300 }, (_, number) => {
    const columns = Object.fromEntries(Array.from({ length: 12 }, (__, n) => [`column${n}`, { type: "varchar" }]));
    return new EntitySchema({
      name: `Entity${number}`,
      columns: { id: { type: "integer", primary: true }, ...columns },
    });
  });
  const db = await connect(new DataSource({ type: "better-sqlite3", database: ":memory:", entities }));
  const output = { write: () => true };
  const shell = { db, root: repository, input: process.stdin, output, error: output, env: {} };
  const opened = new Repl(shell, "terminal");
  const times = [];
  for (let round = 0; round < 50; round += 1)
    for (const typed of ["Ent", `db.query(Entity${round}).filterBy({ c`, `db.query(Entity${round}).first().`]) {
      const started = performance.now();
      if (complete(typed, typed.length, opened).candidates.length === 0) throw new Error(`nothing after ${typed}`);
      times.push(performance.now() - started);
    }
  opened.close();
  await db.close();
  return median(times);
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
