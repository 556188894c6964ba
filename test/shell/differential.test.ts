import { inspect } from "node:util";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { Evaluator } from "../../src/shell/evaluate/evaluator";
import { normalizedError } from "../helpers/error-texts";
import { program, statement } from "../helpers/programs";

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

/** The result and the output of a program. */
async function run(evaluate: () => unknown): Promise<string> {
  printed = [];
  let result: string;
  try {
    result = shown(await evaluate());
  } catch (error) {
    result = `throws ${shown(error)}`;
  }
  return normalizedError([...printed, result].join("\n"));
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

test(`shell 19: ${PROGRAMS / 4} random conditions, loops, switch and try statements have the value that Node's prompt prints`, async () => {
  Object.assign(globalThis, { print });
  for (let seed = SEED; seed < SEED + PROGRAMS / 4; seed += 1) {
    const text = statement(seed);
    const node = await run(() => (0, eval)(text) as unknown);
    const prompt = await run(() => typed(text));
    if (prompt !== node) throw new Error(`seed ${seed}:\n${text}\n\nNode:\n${node}\n\nthe prompt:\n${prompt}`);
  }
});

test.each([
  "if (true) 5",
  "if (false) 5",
  "1; if (true) {}",
  "if (true) { 1; if (false) 2 }",
  "if (false); else 'else'",
  "for (var i = 0; i < 3; i++) i * 2",
  "for (const x of [1, 2, 3]) { if (x === 2) continue; x }",
  "for (const x of [1, 2, 3]) { x; if (x === 2) break }",
  "for (const x of [1, 2, 3]) { 'b'; { break } }",
  "for (const key in { a: 1, b: 2 }) key",
  "for (const x of []) x",
  "n1 = 0; while (n1 < 3) n1++",
  "do { 'once'; continue } while (false)",
  "do { 2; if (true) { break } } while (false)",
  "switch (2) { case 1: 'one'; case 2: 'two'; case 3: 'three'; break; case 4: 'four' }",
  "switch (9) { case 1: 'one' }",
  "try { 1 } finally { 2 }",
  "try { 1; throw 0 } catch { }",
  "try { throw 0 } catch (e) { e + 'caught' } finally { 'finally' }",
  "do { try { 1 } finally { 2; break } } while (0)",
  "do { try { 1; continue } finally { 2 } } while (0)",
  "a1: b1: for (const x of [1, 2]) { for (const y of [3, 4]) { x + y; continue a1 } }",
  "a2: { 1; break a2; 2 }",
  "a3: if (true) { 1; break a3 }",
  "{ 1; { 2 } };",
  "if (true) { function f1() { 'inner' } f1() }",
  "if (true) { var v1 = 5 }",
  "if (true) { (() => { 7 })() }",
  "if (true) { (() => { for (;;) { 7; break } })(); }",
  "if (true) { class A1 { static { 5 } } }",
  "if (true) 'text'",
])("shell 19: the value of %s is that of Node", async (text) => {
  expect(await run(() => typed(text))).toBe(await run(() => (0, eval)(text) as unknown));
});

// Names that a function declares more than once.
test.each([
  "(a => { print(a); function a() {} return typeof a })(1)",
  "((a, b = a) => { print(b); var a; function a() {} return [typeof a, b] })(1)",
  "(a => { print(a); { function a() {} } return a })(1)",
  "(a => { print(a); for (var a of [2, 3]); return a })(1)",
  "(a => { print(a); { let a = 2; print(a) } return a })(1)",
  "(() => { print(typeof g); var g = 1; function g() { g = 2; return g } return g })()",
  "(() => { 'use strict'; print(g()); function g() { return 1 } function g() { return 2 } return g() })()",
  "(() => { print(g.name, String(g)); var g; function g(a) { return a } return g(3) })()",
  "[...(function* (a) { print(typeof a); var g = 1; function g() {} yield g; yield a; function a() {} })(1)].map(x => typeof x)",
  "(( /* ( */ [a, b = print(1)]) => a)([1])",
  "(( // (\n [a, b = print(1)]) => a)([1])",
  "(function f /* ( */ ([a, b = print(1)]) { return a })([1])",
  "(([let, b = print(1)]) => let)([1])",
  "(() => { const q = [1]; for (const q of q) print(q) })()",
  "(() => { const q = [1]; for (const { q } of [...q]) print(q) })()",
  "typeof (a => { print(typeof a); function* a() {} async function a() {} return a })(1)",
])("shell 19: %s gives what Node gives", async (text) => {
  Object.assign(globalThis, { print });
  expect(await run(() => typed(text))).toBe(await run(() => (0, eval)(text) as unknown));
});

test.each([
  "(`${pair.b?.x}${pair.b[0]}`)(1)",
  "(pair.b?.x)(1)",
  "pair.b?.x(1)",
  "(pair?.b + pair?.b)(1)",
  "pair[pair?.b](1)",
  "new (pair?.b.x)(1)",
  "[...one()]",
  "[...(one(), one())]",
  "[...[1, 2].find(x => x)]",
  "[...pair.b.x]",
  "const [r1] = one()",
  "for (const x of one());",
  "(x => [...x()])(() => 1)",
  "one?.()()",
  "pair.continue (([a, b = 1]) => one.nope((a, b) => 1))",
  "pair[5](([a, b = 1]) => one.nope((a, b) => 1))",
  "new (class { #p = 1; m() { this.#p(([a, b = 1]) => one.nope((a, b) => 1)) } })().m()",
  "new pair[1]()",
  "new (one())()",
  "[...one?.()]",
  "const { r2 } = pair?.c.x",
])("shell 19: the error of %s is that of Node", async (text) => {
  Object.assign(globalThis, { pair: { b: { x: null }, c: { x: null } }, one: () => 1 });
  const message = async (evaluate: () => unknown): Promise<unknown> => {
    try {
      return await evaluate();
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(await message(() => typed(text))).toBe(await message(() => (0, eval)(text) as unknown));
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
