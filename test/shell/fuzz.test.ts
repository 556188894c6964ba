import { inspect } from "node:util";
import { Script } from "node:vm";
import { tokenizer, type AnyNode } from "acorn";
import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { Evaluator } from "../../src/shell/evaluate/evaluator";
import { childrenOf } from "../../src/shell/rewrite/ast";
import { parse } from "../../src/shell/rewrite/parse";
import { holdsSecret } from "../../src/shell/prompt/secret-input";
import { program, random } from "../helpers/programs";
import { normalizedError } from "../helpers/error-texts";
import { openRepl } from "../helpers/repl";

/*
 * Random inputs for the rewriter, the terminal output and the filter of the history. A failure names its seed, which alone repeats it.
 *
 *     FUZZ_MINUTES=20 SEED=7 npx jest test/shell/fuzz.test.ts -t rewriter
 */

const MINUTES = Number(process.env.FUZZ_MINUTES ?? 0);
const SEED = Number(process.env.SEED ?? 1) * 1_000_000;

/** Runs cases for FUZZ_MINUTES; without that, a few. Tells how many there were. */
async function fuzz(few: number, run: (seed: number, pick: Random) => unknown): Promise<void> {
  const end = Date.now() + MINUTES * 60_000;
  let seed = SEED;
  for (; MINUTES > 0 ? Date.now() < end : seed < SEED + few; seed += 1) await run(seed, new Random(seed));
  if (MINUTES > 0) process.stderr.write(`${expect.getState().currentTestName}: ${seed - SEED} cases from ${SEED}\n`);
}

class Random {
  private readonly next: () => number;
  constructor(seed: number) {
    this.next = random(seed);
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
}

const TIMEOUT = MINUTES * 60_000 + 120_000;

// The rewriter --------------------------------------------------------------------------------------------------------

/** Tokens that change what is around them. */
const TOKENS =
  "=> ... ?. ?? ??= ( ) [ ] { } , ; : ` + ++ -- ! ~ ** = == / . # in of new typeof void delete this super class extends static get set function * yield return throw if else for while do break continue switch case default try catch finally var let const null arguments new.target v1: /a/g 0x1f 1n 'k' \n /**/ //\n ${ }"
    .split(" ")
    .concat(" ");

/** A random program with some of its tokens or expressions replaced by those of another. */
function mutated(seed: number, pick: Random): string {
  let text = program(seed);
  const other = program(seed + 500_000);
  for (let rest = 1 + pick.below(3); rest > 0; rest -= 1)
    text = pick.chance(0.6) ? spliced(text, other, pick) : withOtherToken(text, other, pick);
  return text;
}

function spliced(text: string, other: string, pick: Random): string {
  const [place, given] = [expressionsOf(text), expressionsOf(other)];
  if (place.length === 0 || given.length === 0) return text;
  const { start, end } = pick.of(place);
  const taken = pick.of(given);
  const expression = other.slice(taken.start, taken.end);
  return `${text.slice(0, start)}${pick.chance(0.5) ? `(${expression})` : expression}${text.slice(end)}`;
}

function expressionsOf(text: string): AnyNode[] {
  const parsed = parse(`(() => {${text}\n})`);
  if (parsed.status !== "complete") return [];
  const found: AnyNode[] = [];
  const visit = (node: AnyNode): void => {
    if (/(?:Expression|Literal|Identifier)$/.test(node.type)) found.push(node);
    childrenOf(node).forEach(visit);
  };
  childrenOf(parsed.program).forEach(visit);
  const moved = "(() => {".length;
  return found
    .map((node) => ({ ...node, start: node.start - moved, end: node.end - moved }))
    .filter(({ start, end }) => start >= 0 && end <= text.length);
}

function withOtherToken(text: string, other: string, pick: Random): string {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return text;
  const { start, end } = pick.of(tokens);
  const others = tokensOf(other);
  const given = pick.chance(0.6) || others.length === 0 ? pick.of(TOKENS) : textOf(other, pick.of(others));
  switch (pick.below(3)) {
    case 0:
      return `${text.slice(0, start)} ${text.slice(end)}`;
    case 1:
      return `${text.slice(0, start)} ${given} ${text.slice(start)}`;
    default:
      return `${text.slice(0, start)} ${given} ${text.slice(end)}`;
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function tokensOf(text: string): Range[] {
  const tokens: Range[] = [];
  try {
    for (const { start, end } of tokenizer(text, { ecmaVersion: "latest" })) tokens.push({ start, end });
  } catch {
    // An earlier change has left a text or a comment open.
  }
  return tokens;
}

function textOf(text: string, { start, end }: Range): string {
  return text.slice(start, end);
}

/** What JavaScript itself gives; undefined where it refuses the program, or where that would not end. */
function natively(text: string, print: (...values: unknown[]) => void): (() => unknown) | undefined {
  let work: (print: unknown) => unknown;
  try {
    work = new Function("print", text) as typeof work;
  } catch {
    return undefined;
  }
  // A script can be ended after a time, and with it what it calls.
  const scope = new Script("globalThis").runInThisContext() as Record<string, unknown>;
  return () => {
    scope["__fuzzed"] = () => work(print);
    return new Script("__fuzzed()").runInThisContext({ timeout: 200 });
  };
}

/** Undoes what a program does to shared objects: variables that it has not declared, methods that it deletes or replaces. */
function restorer(objects: readonly object[]): () => void {
  const before = objects.map((object) => [object, Object.getOwnPropertyDescriptors(object)] as const);
  return () => {
    for (const [object, descriptors] of before) {
      for (const key of Reflect.ownKeys(object))
        if (!Object.hasOwn(descriptors, key)) Reflect.deleteProperty(object, key);
      for (const key of Reflect.ownKeys(descriptors)) restoreProperty(object, key, descriptors[key as string]!);
    }
  };
}

function restoreProperty(object: object, key: PropertyKey, before: PropertyDescriptor): void {
  const now = Object.getOwnPropertyDescriptor(object, key);
  if (!now || (now.configurable && "value" in before && !Object.is(now.value, before.value)))
    Object.defineProperty(object, key, before);
}

test(
  "shell 19: programs with random changes give what Node gives: rewriter",
  async () => {
    let printed: string[] = [];
    const shown = (value: unknown): string =>
      value instanceof Error ? `${value.name}: ${value.message}` : inspect(value, { depth: 4 });
    const print = (...values: unknown[]): void => {
      if (printed.length > 1000) throw new Error("too much is printed");
      printed.push(values.map(shown).join(" "));
    };
    const evaluator = new Evaluator({
      isEntity: () => false,
      create: () => ({}),
      takesKeywords: () => false,
      import: (specifier) => import(specifier),
    });
    evaluator.define("print", print);
    const restore = restorer([
      globalThis,
      // Jest's own realm, in which the prompt evaluates.
      new Script("globalThis").runInThisContext() as object,
      Object,
      Symbol,
      Array.prototype,
      String.prototype,
      Map.prototype,
      Set.prototype,
      print,
    ]);
    const result = async (run: () => unknown): Promise<string> => {
      printed = [];
      try {
        return [...printed, shown(await run()), ...printed].join("\n");
      } catch (error) {
        return [`throws ${shown(error)}`, ...printed].join("\n");
      } finally {
        restore();
      }
    };
    try {
      await fuzz(100, async (seed, pick) => {
        const text = mutated(seed, pick);
        const run = natively(text, print);
        if (!run) return void evaluator.parse(text);
        const node = await result(run);
        // Recursion without end, a loop without end, too much output, the global object with its clocks.
        if (/Maximum call stack|Script execution timed out|too much is printed|timeOrigin: /.test(node)) return;
        const prompt = await result(async () => {
          const outcome = await evaluator.evaluate(`(function (print) {${text}\n})(print)`);
          if (outcome.kind === "error") throw outcome.error;
          return outcome.kind === "value" ? outcome.value : outcome.kind;
        });
        // V8 does not tell what is called from what it gives; of `...new Set(1)(2)` it names the class.
        if (/is not a function or its return value/.test(node) && / is not a function$/m.test(prompt)) return;
        // The parser of the prompt refuses `f() = 1` at once, V8 when it is reached.
        if (/SyntaxError: Assigning to rvalue/.test(prompt)) return;
        // V8 takes `a?.b.#p = 1`, which ECMAScript has as an early error.
        if (/SyntaxError: Optional chaining cannot appear in left-hand side/.test(prompt)) return;
        if (normalizedError(prompt) !== normalizedError(node))
          throw new Error(`seed ${seed}:\n${text}\n\nNode:\n${node}\n\nthe prompt:\n${prompt}`);
      });
    } finally {
      evaluator.close();
    }
  },
  TIMEOUT,
);

// The terminal --------------------------------------------------------------------------------------------------------

@Entity()
class Leaflet {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column("varchar")
  title!: string;
  @Column("simple-json", { nullable: true })
  data!: unknown;
  toString(): string {
    return `Leaflet ${this.title}`;
  }
}

/** What moves the cursor, ends a line, or changes the direction of text, apart from the line end. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Pieces of sequences that a terminal obeys. */
const PIECES = [
  "\x1b[",
  "\x1b]",
  "\x9b",
  "\x9d",
  "\x90",
  "\x1bP",
  "\x1b_",
  "\x1b\\",
  "\x07",
  "52;c;QUJD",
  "2J",
  "31m",
  "?1049h",
  "6n",
];
PIECES.push(
  "0;title",
  "8;;http://a",
  "\r",
  "\n",
  "\t",
  "\b",
  "\x7f",
  "\x1bc",
  "\x0e",
  "\x00",
  "1;1H",
  "é",
  "日本",
  "👩‍👩‍👧",
  "🇩🇪",
  "a",
);

function hostile(pick: Random): string {
  let text = "";
  for (let rest = 1 + pick.below(12); rest > 0; rest -= 1) {
    const character = pick.below(5);
    if (character === 0) text += String.fromCharCode(pick.below(0xa0));
    else if (character === 1) text += String.fromCharCode(pick.below(0x10000));
    else if (character === 2) text += String.fromCodePoint(0x10000 + pick.below(0x100000));
    else if (character === 3) text += String.fromCharCode(0x2000 + pick.below(0x70));
    else text += pick.of(PIECES);
  }
  return text;
}

const PRINTING = [
  "g = Leaflet(title=T, data={ [T]: [T] }); db.session.add(g)",
  ".diff",
  "db.session.flush(); g",
  "g.title = T + 'x'; g",
  "Leaflet.query.all()",
  "print(g, T, [T], { [T]: T }, new Map([[T, T]]), Symbol(T), new Error(T))",
  "({ [T]: T, f: Object.defineProperty(() => 1, 'name', { value: T }), [Symbol.toStringTag]: T })",
  "class Named { static [Symbol.toStringTag] = T; get [T]() { return T } } new Named()",
  "new (class { [Symbol.for('nodejs.util.inspect.custom')]() { return T } })()",
  "throw Object.assign(new Error(T), { name: T, code: T, detail: T, cause: new Error(T) })",
  "throw T",
  "null[T]",
  "Leaflet.query.filterBy({ [T]: T })",
  "Leaflet.query.filterBy({ title: T }).toSQL()",
  "sql`select ${T} as a`",
  "db.session.execute(T)",
  ".explain Leaflet.query.filterBy({ title: T })",
  ".sql",
  ".all",
  "db.session.rollback()",
];

test(
  "shell 20: random characters and sequences are escaped wherever they are printed: terminal",
  async () => {
    const opened = await openRepl({ entities: [Leaflet], columns: 60 });
    opened.repl.isEchoing = true;
    try {
      await fuzz(3, async (seed, pick) => {
        const text = hostile(pick);
        opened.repl.evaluator.define("T", text);
        opened.notes();
        const inputs = [
          ...PRINTING,
          `x = ${JSON.stringify(text)}`,
          text,
          `.${text}`,
          `?${text}`,
          `.load ${text}`,
          `.help ${text}`,
        ];
        for (const input of inputs) {
          const lines = await opened.type(input);
          const written = [...lines, opened.notes()].join("\n").replaceAll("\r\x1b[K", "");
          const found = CONTROLS.exec(written);
          if (found)
            throw new Error(
              `seed ${seed}: ${JSON.stringify(text)}, printed by ${JSON.stringify(input)}: ${JSON.stringify(written)}`,
            );
        }
        await opened.type("db.session.rollback()");
      });
    } finally {
      await opened.close();
    }
  },
  TIMEOUT,
);

// The history ---------------------------------------------------------------------------------------------------------

const NAMES =
  "password passwd pwd pw passphrase secret token apiKey api_key accessKey privateKey otp pin cvv salt credentials jwt".split(
    " ",
  );
const BEFORE = ["", "", "db", "my", "user", "old", "x_", "AWS_", "smtp"];

function secretName(pick: Random): string {
  const name = pick.of(NAMES);
  const before = pick.of(BEFORE);
  if (before === "") return pick.chance(0.2) ? name.replace(/([A-Z])/g, "_$1").toUpperCase() : name;
  if (before.endsWith("_"))
    return `${before}${before === "AWS_" ? name.replace(/([A-Z])/g, "_$1").toUpperCase() : name}`;
  return `${before}${name[0]!.toUpperCase()}${name.slice(1)}`;
}

/** Expressions whose value has the secret in it. */
const VALUES: readonly ((secret: string) => string)[] = [
  (s) => `'${s}'`,
  (s) => `"${s}"`,
  (s) => `\`${s}\``,
  (s) => `\`x\${1}${s}\``,
  (s) => `('a' + '${s}')`,
  (s) => `f(1, '${s}')`,
  (s) => `('${s}')`,
  (s) => `'${s}'.trim().slice(0)`,
  (s) => `(a ? '${s}' : '')`,
  (s) => `(a ?? '${s}')`,
  (s) => `['${s}'][0]`,
  (s) => `({ value: '${s}' }).value`,
  (s) => `Buffer.from('${s}')`,
  (s) => `String.raw\`${s}\``,
  (s) => `(() => '${s}')()`,
  (s) => `await f('${s}')`,
  (s) => `[...'${s}'].join('')`,
  (s) => `new String('${s}')`,
];

/** Statements in which a value belongs to a name. */
const FORMS: readonly ((name: string, value: string) => string)[] = [
  (n, v) => `${n} = ${v}`,
  (n, v) => `let ${n} = ${v}`,
  (n, v) => `u.${n} = ${v}`,
  (n, v) => `u?.x[0].${n} = ${v}`,
  (n, v) => `u["${n}"] = ${v}`,
  (n, v) => `this.${n} ??= ${v}`,
  (n, v) => `process.env.${n} ||= ${v}`,
  (n, v) => `save({ a: 1, ${n}: ${v} })`,
  (n, v) => `save({ "${n}": ${v} })`,
  (n, v) => `User(a=1, ${n}=${v})`,
  (n, v) => `({ ${n} = ${v} }) => 1`,
  (n, v) => `const { a: ${n} = ${v} } = o`,
  (n, v) => `function f(${n} = ${v}) {}`,
  (n, v) => `class A { ${n} = ${v} }`,
  (n, v) => `class A { static #${n} = ${v} }`,
  (n, v) => `if (u.${n} === ${v}) 1`,
  (n, v) => `${v} == ${n}`,
  (n, v) => `users.find(u => u.${n} === ${v})`,
  (n, v) => `compare(${n}, ${v})`,
  (n, v) => `map.set('${n}', ${v})`,
  (n, v) => `Object.assign(u, { ${n}: ${v} })`,
  (n, v) => `u.set${n[0]!.toUpperCase()}${n.slice(1)}(${v})`,
  (n, v) => `for (const ${n} of [${v}]) f()`,
  (n, v) => `o = { x: { ${n}: [${v}] } }`,
  (n, v) => `Object.defineProperty(u, '${n}', { value: ${v} })`,
];

/** What may stand around it. */
const AROUND: readonly ((code: string) => string)[] = [
  (c) => c,
  (c) => c,
  (c) => `1 + 1; ${c}; x`,
  (c) => `if (a) { ${c} } else { b }`,
  (c) => `async function g() { ${c} }`,
  (c) => `[1].map(x => { ${c} })`,
  (c) => `try {\n  ${c}\n} catch {}`,
  (c) => `${c} // done`,
  (c) => `/* first */ ${c}`,
  (c) => `label: for (;;) { ${c}; break }`,
  (c) => `const t: number = 1; ${c}`,
  (c) => `${c}; f(`,
  (c) => `x = {; ${c}`,
];

/** Texts that are repeated, for the time. */
const UNITS = [
  ...NAMES,
  " ",
  "'",
  '"',
  "`",
  "=",
  ":",
  "://",
  "@",
  "eyJ",
  ".",
  "aA",
  "_",
  "(",
  ")",
  "{",
  "[",
  "/",
  "\\",
  "$",
  "-",
  "--",
  "\n",
  "//",
  "/*",
  "bearer ",
  "key",
  "é",
  "\u{1f600}",
];

test(
  "shell 6: secrets in random forms are left out, other inputs are kept, in linear time: history",
  async () => {
    await fuzz(400, (seed, pick) => {
      const value = pick.of(VALUES)(`Zq${pick.below(1e9).toString(36)}x`);
      const input = pick.of(AROUND)(pick.of(FORMS)(secretName(pick), value));
      if (!holdsSecret(input)) throw new Error(`seed ${seed}: kept in the history: ${input}`);
      if (seed % 20 === 0) {
        const harmless = program(seed);
        if (holdsSecret(harmless)) throw new Error(`seed ${seed}: left out of the history: ${harmless}`);
      }
      if (seed % 100 !== 0) return;
      let unit = "";
      for (let rest = 1 + pick.below(4); rest > 0; rest -= 1) unit += pick.of(UNITS);
      const before = pick.of(["", "pwd = '", "x = `", "'", "password: "]);
      const began = process.cpuUsage();
      holdsSecret(before + unit.repeat(Math.ceil(80_000 / unit.length)));
      const { user } = process.cpuUsage(began);
      if (user > 2_000_000)
        throw new Error(`seed ${seed}: ${user / 1000} ms for ${before} and ${JSON.stringify(unit)}`);
    });
  },
  TIMEOUT,
);
