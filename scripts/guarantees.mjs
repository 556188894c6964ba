// Fills docs/guarantees.md with the names of the tests that hold each behaviour: those that begin with its number.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import process from "node:process";

const repository = fileURLToPath(new URL("..", import.meta.url));
const file = path.join(repository, "docs/guarantees.md");

const ITEM = /^- \*\*(.+?)\*\*: /;
const HELD_BY = /^ {2}- /;
const TEST =
  /\b(?:test|it|describe)(?:\.each\([^]*?\))?\(\s*(["'`])((?:session|shell|migrate(?: promise)?) \d+): ((?:\\.|(?!\1)[^\\])*)\1/g;

const { held, places } = namedTests();
const known = new Set();
const lines = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => !HELD_BY.test(line))
  .flatMap((line) => [line, ...heldBy(ITEM.exec(line)?.[1])]);
const unknown = [...held.keys()].filter((number) => !known.has(number));

if (unknown.length > 0) {
  fail(unknown.map((number) => `${places.get(number)}: there is no "${number}" in docs/guarantees.md`).join("\n"));
} else if (process.argv[2] === "--check") {
  if (lines.join("\n") !== readFileSync(file, "utf8")) fail("docs/guarantees.md is not up to date: npm run guarantees");
} else {
  writeFileSync(file, lines.join("\n"));
}

function heldBy(number) {
  if (number === undefined) return [];
  known.add(number);
  const tests = held.get(number);
  return tests ? [...tests].sort().map((test) => `  - ${test}`) : ["  - Not yet."];
}

/** Behaviour → the tests that hold it, as Markdown. A test that is skipped or a todo holds nothing. */
function namedTests() {
  const held = new Map();
  const places = new Map();
  for (const name of readdirSync(path.join(repository, "test"), { recursive: true }).sort()) {
    if (!name.endsWith(".test.ts")) continue;
    const text = readFileSync(path.join(repository, "test", name), "utf8");
    for (const [, , number, title] of text.matchAll(TEST)) {
      if (!held.has(number)) held.set(number, new Set());
      held.get(number).add(`${readable(title)} (\`test/${name.replaceAll(path.sep, "/")}\`)`);
      places.set(number, `test/${name}`);
    }
  }
  return { held, places };
}

/** The title as one reads it; what a table of cases fills in is left open. */
function readable(title) {
  return title.replace(/\\(.)/g, "$1").replace(/%[sdifjop]|\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…");
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
