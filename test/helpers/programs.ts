/*
 * Random JavaScript programs, to compare what the prompt gives with what Node gives. They end, print what happens on the way, and throw
 * often. A seed gives the same program each time.
 */

/** A generator of numbers in [0, 1), by its seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Context {
  /** Names that can be read. */
  readonly names: readonly string[];
  /** Names that can be assigned. */
  readonly variables: readonly string[];
  readonly inFunction: boolean;
  readonly inLoop: boolean;
  readonly inGenerator: boolean;
  readonly isMethod: boolean;
  readonly depth: number;
}

const CONTEXT: Context = {
  names: ["o", "list", "n", "s", "f"],
  variables: ["n", "s"],
  inFunction: false,
  inLoop: false,
  inGenerator: false,
  isMethod: false,
  depth: 0,
};

/** What each program begins with. */
const START = [
  "const o = { a: 1, b: { a: [1, 2], x: null }, name: 'o', get x() { print('get x'); return 7 }, m(y = this.a) { return [this === o, y] } };",
  "const list = [3, 1, { a: 2 }, , 'text'];",
  "let n = 2; let s = 'abc';",
  "function f(a, b = a) { print('f', a, b); return a }",
];

const PROPERTIES = ["a", "b", "length", "name", "x"];
const BINARY = ["+", "-", "*", "%", "===", "!==", "<", ">=", "&&", "||", "??", "&", "==", "**"];

/** A program: the body of a function, which is given `print`. */
export function program(seed: number): string {
  return new ProgramWriter(random(seed)).program();
}

/** A condition, a loop, a `switch` or a `try`, as it is typed at a prompt. */
export function statement(seed: number): string {
  return new ProgramWriter(random(seed)).control();
}

class ProgramWriter {
  private count = 0;

  constructor(private readonly random: () => number) {}

  program(): string {
    return [...START, this.statements(CONTEXT, 4), `return (${this.expression(CONTEXT)});`].join("\n");
  }

  control(): string {
    for (;;) {
      const text = this.statement(CONTEXT);
      if (/^(?:if|for|switch|try|while|v\d+:)/.test(text)) return [...START, text].join("\n");
    }
  }

  // Statements ----------------------------------------------------------------------------------------------------------

  private statements(context: Context, most: number): string {
    const lines: string[] = [];
    let names = context.names;
    let variables = context.variables;
    for (let rest = 1 + this.below(most); rest > 0; rest -= 1) {
      const inner = { ...context, names, variables, depth: context.depth + 1 };
      if (this.chance(0.35)) {
        const { text, declared, assignable } = this.declaration(inner);
        lines.push(text);
        names = [...names, ...declared];
        if (assignable) variables = [...variables, ...declared];
      } else lines.push(this.statement(inner));
    }
    return lines.join(this.chance(0.3) ? "\n" : " ");
  }

  private declaration(context: Context): { text: string; declared: string[]; assignable: boolean } {
    const kind = this.pick(["let", "const", "var"]);
    const assignable = kind !== "const";
    const name = this.fresh();
    switch (this.below(context.depth > 3 ? 2 : 7)) {
      case 0:
      case 1:
        return { text: `${kind} ${name} = ${this.expression(context)};`, declared: [name], assignable };
      case 2: {
        const other = this.fresh();
        const rest = this.fresh();
        return {
          text: `${kind} { a: ${name} = ${this.expression(context)}, ['b']: ${other}, ...${rest} } = ${this.pick(["o", "{}", "list[2]", "s"])};`,
          declared: [name, other, rest],
          assignable,
        };
      }
      case 3: {
        const other = this.fresh();
        return {
          text: `${kind} [${name}, , ${other} = ${this.expression(context)}] = ${this.pick(["list", "s", "new Set([1, 2, 3])", "[n, , undefined]"])};`,
          declared: [name, other],
          assignable,
        };
      }
      case 4:
        return {
          text: `function ${name}(${this.params()}) { ${this.body(context, { inFunction: true })} }`,
          declared: [name],
          assignable: false,
        };
      case 5:
        return { text: this.classOf(name, context), declared: [name], assignable: false };
      default:
        return {
          text: `function* ${name}(p) { ${this.body(context, { inFunction: true, inGenerator: true })} yield p; }`,
          declared: [name],
          assignable: false,
        };
    }
  }

  private statement(context: Context): string {
    const { depth } = context;
    const kinds = depth > 3 ? 4 : 14;
    switch (this.below(kinds)) {
      case 0:
        return `print(${this.expression(context)});`;
      case 1:
        return `${this.target(context)} ${this.pick(["=", "+=", "-=", "??=", "||=", "&&="])} ${this.expression(context)};`;
      case 2:
        return context.inFunction && this.chance(0.5)
          ? `return ${this.expression(context)};`
          : `${this.expression(context, true)};`;
      case 3:
        return context.inLoop && this.chance(0.6)
          ? this.pick(["break;", "continue;"])
          : `print(typeof ${this.expression(context)});`;
      case 4:
        return `if (${this.expression(context)}) { ${this.statements(context, 2)} } else ${this.statement({ ...context, depth: depth + 1 })}`;
      case 5: {
        const name = this.fresh();
        const inner = { ...context, names: [...context.names, name], inLoop: true };
        return `for (let ${name} = 0; ${name} < 3; ${name}++) { ${this.statements(inner, 2)} }`;
      }
      case 6: {
        const name = this.fresh();
        const inner = { ...context, names: [...context.names, name], inLoop: true };
        return `for (const ${name} of ${this.iterable(context)}) { ${this.statements(inner, 2)} }`;
      }
      case 7: {
        const name = this.fresh();
        const inner = { ...context, names: [...context.names, name], inLoop: true };
        return `for (const ${name} in ${this.pick(["o", "list", "s", "o.b"])}) { ${this.statements(inner, 2)} }`;
      }
      case 8: {
        const name = this.fresh();
        const inner = { ...context, names: [...context.names, name] };
        return `try { ${this.statements(context, 2)} } catch (${name}) { print('caught', ${name} && ${name}.message); ${this.statements(inner, 1)} } finally { print('finally') }`;
      }
      case 9:
        return `switch (${this.expression(context)}) { case ${this.literal()}: ${this.statements({ ...context, inLoop: false }, 1)} default: print('default'); case 'x': print('x') }`;
      case 10: {
        const label = this.fresh();
        return `${label}: for (const i of [1, 2]) { for (const j of [1, 2, 3]) { print(i, j); if (${this.expression(context)}) ${this.pick(["break", "continue"])} ${label}; } }`;
      }
      case 11:
        return `throw ${this.pick(["new Error('thrown')", "'thrown'", "n"])};`;
      case 12:
        return `{ let count = 3; while (count--) { ${this.statements({ ...context, names: [...context.names, "count"], inLoop: true }, 2)} } }`;
      default:
        return context.inGenerator
          ? this.pick([`print(yield ${this.expression(context)});`, `yield* ${this.iterable(context)};`])
          : `{ ${this.statements(context, 2)} }`;
    }
  }

  private body(context: Context, more: Partial<Context>): string {
    const names = [...context.names, "a", "b"];
    return this.statements(
      { ...context, inLoop: false, inGenerator: false, ...more, names, depth: context.depth + 1 },
      3,
    );
  }

  private params(): string {
    return this.pick([
      "a, b",
      "a, b = a",
      "{ a, b } = o",
      "[a, b] = [1, 2]",
      "a = n, ...b",
      "a = b, b = 1",
      "a, { length: b = 3 } = {}",
    ]);
  }

  private classOf(name: string, context: Context): string {
    const inner = { isMethod: true, inFunction: true };
    return [
      `class ${name} {`,
      `#p = ${this.literal()}; q = ${this.expression({ ...context, depth: 3 })};`,
      `static s = ${this.literal()};`,
      `constructor(a = 1) { this.a = a; ${this.chance(0.5) ? `print('new', this.q)` : ""} }`,
      `m(${this.params()}) { ${this.body(context, inner)} }`,
      `get g() { ${this.chance(0.5) ? "print('g');" : ""} return this.#p }`,
      `set g(v) { this.#p = v }`,
      `static t(a) { return [a, new this().g] }`,
      `*[Symbol.iterator]() { yield this.a; yield* [this.q] }`,
      "}",
    ].join(" ");
  }

  // Expressions ---------------------------------------------------------------------------------------------------------

  private expression(context: Context, isStatement = false): string {
    const inner = { ...context, depth: context.depth + 1 };
    if (context.depth > 4) return this.atom(context);
    const text = this.compound(inner);
    // A statement that begins so is a block, a function or a class.
    return isStatement && /^(\{|function|class|let)/.test(text) ? `(${text})` : text;
  }

  private compound(context: Context): string {
    const e = (): string => this.expression(context);
    switch (this.below(27)) {
      case 0:
      case 1:
        return this.atom(context);
      case 2:
        return `((${e()}) ${this.pick(BINARY)} (${e()}))`;
      case 3:
        return `(${e()} ? ${e()} : ${e()})`;
      case 4:
        return `${this.receiver(context)}.${this.pick(PROPERTIES)}`;
      case 5:
        return `${this.receiver(context)}?.${this.pick(PROPERTIES)}${this.pick(["", ".a", "?.[0]", "?.()"])}`;
      case 6:
        return `${this.receiver(context)}[${this.primitive(context)}]`;
      case 7:
        return `${this.pick(["f", ...context.names])}(${e()}, ${e()})`;
      case 8:
        return `(${e()}, ${e()})`;
      case 9:
        return `[${e()}, ...${this.iterable(context)}, ${e()}]`;
      case 10:
        return `({ a: ${e()}, [${this.pick(["'k'", "s", "n"])}]: ${e()}, ...${this.pick(["o.b", "null", "list[2]"])}, m() { return ${e()} } })`;
      case 11:
        return "`" + `t\${${this.primitive(context)}}-\${${this.primitive(context)}}` + "`";
      case 12:
        return `((a, b) => ${e()})(${e()})`;
      case 13:
        return `((${this.params()}) => { ${this.body(context, { inFunction: true })} })(${e()})`;
      case 14:
        return `(function (${this.params()}) { ${this.body(context, { inFunction: true })} }).call(${this.pick(["o", "null", "list"])}, ${e()})`;
      case 15:
        return `list.${this.pick(["map", "filter", "find", "findLast", "some", "every", "flatMap", "findIndex", "forEach"])}((a, b) => ${e()})`;
      case 16:
        return `list.${this.pick(["reduce", "reduceRight"])}((a, b) => ${e()}${this.pick(["", ", 0"])})`;
      case 17:
        return `[3, 1, , 2, undefined].${this.pick(["sort", "toSorted"])}((a, b) => (print(a, b), a - b))`;
      case 18:
        return `s.replace(/[ab]/g, a => ${this.primitive(context)})`;
      case 19:
        return `(print(${e()}), ${e()})`;
      case 20:
        return `${this.pick(["typeof", "!", "void", "-", "delete o."])}${this.pick([" n", " s", " o2"])}`.replace(
          /\. +/,
          ".",
        );
      case 21:
        return `(${this.target(context)} ${this.pick(["=", "+=", "??="])} ${e()})`;
      case 22:
        return `${this.pick(["n++", "--n", "o.a++", "o.b.a[0]--", "list[1]++"])}`;
      case 23:
        return `new ${this.pick(["Map", "Set", "Array", "Date2", ...context.names])}(${this.pick(["", "[]", "3"])})`;
      case 24:
        return `((strings, ...values) => [strings.raw.length, ...values])\`a\${${e()}}b\${${e()}}\``;
      case 25:
        return `o.m(${this.pick(["", e()])})`;
      default:
        return `Object.entries(${this.pick(["o.b", "{ a: n }", "list"])}).map(([a, b = 1]) => ${e()})`;
    }
  }

  private receiver(context: Context): string {
    return this.pick([
      "o",
      "o.b",
      "list",
      "s",
      "o.b.a",
      "o.missing",
      "list[2]",
      `(${this.expression(context)})`,
      ...context.names,
    ]);
  }

  private iterable(context: Context): string {
    return this.pick([
      "list",
      "s",
      "new Set([1, 2])",
      "new Map([[1, 2]])",
      "[n, s]",
      "o.b.a",
      "n",
      "f",
      this.pick(context.names),
    ]);
  }

  private target(context: Context): string {
    return this.pick([...context.variables, "o.a", "o.b.x", "list[1]", "o[s]", "o.missing.a"]);
  }

  private atom(context: Context): string {
    return this.pick([this.literal(), ...context.names, context.isMethod ? "this" : "n", "o.a", "undefined"]);
  }

  /** Something that is converted to text without running code. */
  private primitive(context: Context): string {
    return this.pick([this.literal(), "n", "s", "o.a", `typeof ${this.expression({ ...context, depth: 4 })}`]);
  }

  private literal(): string {
    return this.pick(["0", "1", "2.5", "'x'", "''", "true", "null", "10", "'length'"]);
  }

  private fresh(): string {
    return `v${(this.count += 1)}`;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}
