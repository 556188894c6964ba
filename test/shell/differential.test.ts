import { inspect } from "node:util";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { Evaluator } from "../../src/shell/evaluate/evaluator";
import { program } from "../helpers/programs";

/*
 * What the prompt gives is compared with what Node gives, for programs without entities.
 *
 *     PROGRAMS=100000 SEED=7 npx jest test/shell/differential.test.ts
 */

const PROGRAMS = Number(process.env.PROGRAMS ?? 2000);
const SEED = Number(process.env.SEED ?? 1) * 1_000_000;

let evaluator: Evaluator;
let printed: string[] = [];

beforeAll(() => {
  evaluator = new Evaluator({
    isEntity: () => false,
    create: () => ({}),
    takesKeywords: () => false,
    import: (specifier) => import(specifier),
  });
  evaluator.define("print", print);
});

afterAll(() => evaluator.close());

function print(...values: unknown[]): void {
  if (printed.length > 3000) throw new Error("too much is printed");
  printed.push(values.map(shown).join(" "));
}

function shown(value: unknown): string {
  return value instanceof Error ? `${value.name}: ${value.message}` : inspect(value, { depth: 4 });
}

/** V8 has several texts for a value that has no name. */
function normalized(output: string): string {
  return output
    .replace(/\n +at .*/g, "")
    .replace(/(\(intermediate value\)|\(\.\.\.\))+/g, "(value)")
    .replace(/^('caught' "|throws TypeError: ).*\(value\).* is not /gm, "$1(value) is not ")
    .replace(/of '.*' as it is/g, "of (value) as it is");
}

/** The result and the output of a program. */
async function run(evaluate: () => unknown): Promise<string> {
  printed = [];
  let result: string;
  try {
    result = shown(await evaluate());
  } catch (error) {
    result = `throws ${shown(error)}`;
  }
  return normalized([...printed, result].join("\n"));
}

async function typed(text: string): Promise<unknown> {
  const outcome = await evaluator.evaluate(text);
  if (outcome.kind === "error") throw outcome.error;
  return outcome.kind === "value" ? outcome.value : outcome.kind;
}

test(`shell 19: ${PROGRAMS} random programs give what Node gives`, async () => {
  for (let seed = SEED; seed < SEED + PROGRAMS; seed += 1) {
    const text = program(seed);
    const node = await run(() => new Function("print", text)(print) as unknown);
    const prompt = await run(() => typed(`(() => {${text}\n})()`));
    if (prompt !== node) throw new Error(`seed ${seed}:\n${text}\n\nNode:\n${node}\n\nthe prompt:\n${prompt}`);
  }
});

const require = createRequire(__filename);
const COMMANDER = path.join(path.dirname(require.resolve("commander")), "lib/command.js");

/** What a package exports, its file evaluated at the prompt. */
async function exportsOf(file: string): Promise<Record<string, unknown>> {
  const module = { exports: {} as Record<string, unknown> };
  const load = await typed(`(function (exports, require, module) {${fs.readFileSync(file, "utf8")}\n})`);
  (load as (...given: unknown[]) => void)(module.exports, createRequire(file), module);
  return module.exports;
}

test("shell 19: packages that are evaluated at the prompt work as Node's do", async () => {
  const text = fs.readFileSync(COMMANDER, "utf8");
  const acorn = await exportsOf(require.resolve("acorn"));
  const { parse } = require("acorn") as { parse: (text: string, options: object) => unknown };
  const options = { ecmaVersion: "latest" };
  expect(JSON.stringify((acorn.parse as typeof parse)(text, options))).toBe(JSON.stringify(parse(text, options)));

  const { Command } = (await exportsOf(COMMANDER)) as {
    Command: new () => import("commander").Command;
  };
  const command = new Command().name("shop").argument("<file>").option("-n, --number <n>", "how many", parseFloat);
  command.exitOverride().parse(["node", "shop", "a.txt", "-n", "2.5"]);
  expect([command.args, command.opts()]).toEqual([["a.txt"], { number: 2.5 }]);
  expect(command.helpInformation()).toContain("how many");
});
