import { InputSplitter } from "../../src/shell/evaluate/input-splitter";
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
  expect(await value("if (Shop.query.count() === 2) 'two'; else 'other'")).toBe("");
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

test("shell 5: lines become whole statements, in order", () => {
  const statements = new InputSplitter(
    (text) => parse(text),
    (name) => name === "echo",
  );
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
  const pieces = [...script.flatMap((line) => statements.push(line)), ...statements.flush()];
  expect(pieces.map(({ kind, text }) => [kind, text.split("\n").length])).toEqual([
    ["statement", 4],
    ["statement", 4],
    ["statement", 4],
    ["command", 1],
    ["statement", 2],
    ["statement", 1],
  ]);
});
