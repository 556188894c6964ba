import { splitInputs } from "../../src/shell/evaluate/input-splitter";
import { parse } from "../../src/shell/rewrite/parse";
import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
let type: TestRepl["type"];

beforeAll(async () => {
  opened = await openRepl({ timing: false } as never);
  ({ type } = opened);
  await type("corner = Shop(name='corner'); db.session.add(corner, Shop(name='mall'))");
  await type("for (const title of ['a', 'b']) db.session.add(Article(title=title, shop=corner)); db.session.commit()");
  await type("db.session.expunge(...Shop.query.all(), ...Article.query.all())");
});
afterAll(() => opened.close());

/** What is printed for the value, without the receipt. */
async function value(text: string): Promise<string> {
  return (await type(text)).filter((line) => !/\bquer(y|ies)\b/.test(line)).join("\n");
}

test("shell 2: nothing needs await, against a database", async () => {
  expect(await value("Shop.query.get(1).name")).toBe("'corner'");
  expect(await value("Shop.query.first().articles.length")).toBe("2");
  expect(await value("for (const a of Article.query.all()) print(a.title, a.shop.name)")).toBe("a corner\nb corner");
  expect(await value("Shop.query.all().filter(s => s.articles.length > 1).map(s => s.name)")).toBe("[ 'corner' ]");
  expect(await value("Shop.query.all().map(s => s.articles.count())")).toBe("[ 2, 0 ]");
  expect(await value("`${Article.query.get(2).title} of ${Article.query.get(2).shop.name}`")).toBe("'b of corner'");
  expect(await value("const { shop: { name } } = Article.query.get(1); name")).toBe("'corner'");
  expect(await value("if (Shop.query.count() === 2) 'two'; else 'other'")).toBe("'two'");
  expect(await value("(await Shop.query.get(2)).name")).toBe("'mall'");
});

test("shell 2: a query that was not asked for rows stays a query, and sends nothing", async () => {
  expect(await type("q = Shop.query.filterBy(name='mall')")).toEqual([
    "Query of Shop; .all(), .first() or .count() runs it",
  ]);
  // Neither does looking at it.
  expect(await type("q")).toEqual(["Query of Shop; .all(), .first() or .count() runs it"]);
  expect(await value("q.first().id")).toBe("2");
});

test("shell 3: Python's keywords and new make entities", async () => {
  expect(await value("Shop(name='x').name")).toBe("'x'");
  expect(await value("new Shop({ name: 'y' }).name + Shop({ name: 'z' }).name")).toBe("'yz'");
  expect(await value("Shop.query.filterBy(name='mall').count()")).toBe("1");
  expect(await value("Shop.query.filter(name='mall').first().id")).toBe("2");
  expect(await value("Shop.query.get(1).articles.filterBy(title='b').count()")).toBe("1");
  expect(await value("db.session.new.length")).toBe("0");
});

test("shell 4: declarations can be typed again, a failed let poisons nothing, imports and TypeScript work", async () => {
  await type("const k = 1; class A {}; function f() { return 1 }");
  expect(await value("const k = 2; class A { two() { return k } }; function f() { return new A().two() }; f()")).toBe(
    "2",
  );
  expect((await type("let z = null.x"))[0]).toContain("null is null");
  expect(await value("let z = 5; z")).toBe("5");
  expect(await value("import { basename } from 'node:path'; basename('/a/b.txt')")).toBe("'b.txt'");
  expect(await value("const n: number = Shop.query.count(); n as unknown as string")).toBe("2");
  expect(
    await value("interface Named { name: string } const of = (x: Named): string => x.name; of(Shop.query.get(2)!)"),
  ).toBe("'mall'");
});

const split = (text: string): (readonly [kind: string, text: string])[] =>
  splitInputs(text, { parse: (part) => parse(part), isCommand: (name) => name === "echo" }).map(
    (input) => [input.kind, input.text] as const,
  );

test("shell 5: a text becomes whole statements, in order", () => {
  const script = [
    "function pasted(a) {",
    "",
    "  return a",
    "}",
    "Shop.query",
    "  .filterBy({ name: 'x' })",
    "  // a remark",
    "  .all()",
    "if (a)",
    "  b()",
    "else",
    "  c()",
    ".echo on",
    "const text = `one",
    "two`",
    "x = 1; y = 2",
  ];
  expect(split(script.join("\n")).map(([kind, text]) => [kind, text.split("\n").length])).toEqual([
    ["statement", 4],
    ["statement", 4],
    ["statement", 4],
    ["command", 1],
    ["statement", 2],
    ["statement", 1],
  ]);
});

test.each([
  ["+", "const y = 10\n  + 4"],
  ["-", "const y = 10\n- 4"],
  ["[", "const y = 'abc'\n[1]"],
  ["(", "const y = String\n(5)"],
  ["/", "const y = 10\n/2/1"],
  ["a template", "const y = String.raw\n`a`"],
  ["a member", "const y = Shop.query\n.count()"],
  ["a member with the name of a command", "const y = Shop\n  .echo"],
  ["a call with the name of a command", "const y = Shop\n.echo(1)"],
  ["a condition", "const y = 1\n? 2\n: 3"],
  ["a condition on names", "const y = a\n?b\n:c"],
  ["blank lines in a chain", "Shop.query\n\n\n  .count()"],
  ["comments in a chain", "Shop.query\n  /* a\n remark */ // another\n  .count()"],
  ["a blank line before else", "if (0) print(1)\n\nelse print(2)"],
  ["a blank line before catch", "try { f() }\n\ncatch {\n}\n\nfinally { }"],
  ["a blank line before while", "do { } \n\nwhile (0)"],
  ["a line with a command inside a template", "x = `\n.echo on\n`"],
  ["a line with a command inside a block", "{\n  let x = [1]\n.echo\n}"],
])("shell 22: %s at the beginning of a line continues the statement, as Node reads it", (_what, text) => {
  expect(split(text).map(([, piece]) => piece.replace(/;$/, ""))).toEqual([text]);
});

test.each([
  ["a = 1\n.echo on\nb", ["a = 1", ".echo on", "b"]],
  ["\n  .echo on\n?Shop\na", [".echo on", "?Shop", "a"]],
  ["a\n?Shop.query\nb", ["a", "?Shop.query", "b"]],
  [".nothing\na", [".nothing", "a"]],
  ["a\n;(b)\n/* c */ d\n/*\n*/ e; f", ["a\n;", "(b)\n/* c */", "d\n/*\n*/", "e; f"]],
  ["a; b\n{ c }\n({ d })", ["a; b", "{ c };", "({ d })"]],
  ["\uFEFFa\r\nb", ["a", "b"]],
  ["print(f())\nfunction f() { return 1 }\ng = 1", ["function f() { return 1 }", "print(f())", "g = 1"]],
])("shell 22: %j is split where statements and dot-commands begin", (text, pieces) => {
  expect(split(text).map(([, piece]) => piece)).toEqual(pieces);
});

test.each(["a = 1\nb = (\n", "a = 1\nconst = 2\nb", "function f() {\na = 1", "a\n.echo on\nb c", "`\n.echo"])(
  "shell 22: of %j only the part that is wrong is left, to be reported",
  (text) => {
    const inputs = split(text);
    expect(inputs).toHaveLength(1);
    expect(parse(inputs[0]![1]).status).not.toBe("complete");
  },
);
