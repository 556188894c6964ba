import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { inspect } from "node:util";
import widthOf from "string-width";
import { noTerminal, openRepl, type TestRepl, type TestReplOptions } from "../helpers/repl";
import { Article, Shop } from "../helpers/entities/shop";

@Entity()
class Wide {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column("varchar")
  a!: string;
  @Column("varchar")
  b!: string;
  @Column("varchar")
  c!: string;
  @Column("varchar")
  d!: string;
  @Column("varchar")
  e!: string;
  @Column("varchar")
  f!: string;
}

@Entity()
class Spoken {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column("varchar")
  name!: string;
  toString(): string {
    return `<${this.name}>`;
  }
}

@Entity()
class Drawn extends Spoken {
  [inspect.custom](): string {
    return `«${this.name}»`;
  }
}

let opened: TestRepl;
let type: TestRepl["type"];
const open = async (options: TestReplOptions = {}) => {
  opened = await openRepl(options);
  ({ type } = opened);
};
afterEach(() => opened.close());

/** What is printed, without the receipt. */
async function shown(text: string): Promise<string[]> {
  return (await type(text)).filter((line) => !/\bquer(y|ies)\b/.test(line));
}

const FULL =
  "db.session.add(Article(title='日本語のテキスト', apiToken='s3cret', publishedAt=new Date(0), extra={ deep: { list: [1, 2] } }, picture=Buffer.from('hello')), " +
  "Article(title='👩‍👩‍👧 family\\nand\\tmore'), Article(title='\\x1b[31mred')); db.session.commit()";

test("shell 8: a foreign key that is in no property is shown in lists and records, without a query", async () => {
  await open({ columns: 150 });
  await type("db.session.addAll([Article(title='a', shop=Shop(name='s')), Article(title='b')]); db.session.commit()");
  await type("articles = Article.query.orderBy('id').all()");
  const lines = await type("articles");
  expect(lines[0]).toMatch(/│ shop$/);
  expect(lines[2]).toMatch(/│ → 1$/);
  expect(lines[3]).toMatch(/│ null$/);
  expect(lines).toHaveLength(4);
  expect((await type("articles[0]")).join("\n")).toMatch(/shop +→ 1/);
  await type("articles[1].shop = articles[0].shop");
  expect((await type("articles"))[3]).toMatch(/│ → 1$/);
});

test("shell 8: a list of entities is a table whose columns align, whatever is in them", async () => {
  await open({ columns: 150 });
  await type(FULL);
  const lines = await shown("Article.query.all()");
  expect(lines).toHaveLength(5);
  // Every bar stands at the same column of the screen.
  const bars = lines
    .filter((_, index) => index !== 1)
    .map((line) => [...(line as string).matchAll(/│/g)].map(({ index }) => widthOf((line as string).slice(0, index))));
  for (const row of bars) expect(row).toEqual(bars[0]);
  expect(lines.join("\n")).not.toContain("\x1b");
  expect(lines[2]).toMatch(
    /日本語のテキスト +│ draft +│ •••• +│ 1970-01-01 00:00:00Z │ \{ deep: \{ list: \[ 1, 2 \] \} \} │ 0x68656c6c6f \(5 bytes\) +│ null$/,
  );
  expect(lines[3]).toMatch(/👩‍👩‍👧 family↵and→more │ draft +│ null/);
});

test("shell 8: rows fit the terminal: columns are cut, and what is too wide turns upright", async () => {
  await open({ entities: [Wide], columns: 60 });
  await type(
    "const long = '長い'.repeat(30); for (let i = 0; i < 3; i++) db.session.add(Wide(a=long, b=long, c='c', d='d', e='e', f='f')); db.session.commit()",
  );
  const cut = await shown("Wide.query.all()");
  expect(cut.every((line) => widthOf(line) <= 60)).toBe(true);
  expect(cut[2]).toContain("…");
  expect(cut).toHaveLength(5);
  await type("for (const w of Wide.query.all()) w.c = w.d = w.e = w.f = long; db.session.commit()");
  const upright = await shown("Wide.query.all()");
  expect(upright[0]).toMatch(/^─ 1 ─+$/);
  expect(upright[1]).toBe(" id  1");
  expect(upright.every((line) => widthOf(line) <= 60)).toBe(true);
});

test("shell 8: one entity is a record with its state and its changes", async () => {
  await open();
  expect((await shown("s = Shop(name='corner'); s"))[0]).toBe("Shop  not added");
  await type("db.session.add(s)");
  expect((await shown("s"))[0]).toBe("Shop  pending");
  await type("db.session.commit()");
  expect(await shown("s")).toEqual(["Shop #1", "  id    1", "  name  corner"]);
  await type("s.name = 'mall'");
  expect(await shown("s")).toEqual(["Shop #1  modified", "  id    1", "  name  corner → mall"]);
  await type("db.session.delete(s)");
  expect((await shown("s"))[0]).toBe("Shop #1  to be deleted");
});

test("shell 8: an entity's own toString and inspect are respected", async () => {
  await open({ entities: [Spoken, Drawn] });
  expect(await shown("a = Spoken(name='susan')")).toEqual(["<susan>"]);
  expect((await shown("a"))[0]).toBe("<susan>  not added");
  expect(await shown("print(a, [1], 'text', Drawn(name='john'))")).toEqual(["<susan> [ 1 ] text «john»"]);
  expect(await shown("({ a })")).toEqual(["{ a: <susan> }"]);
});

test("relations that are loaded are shown by name, those that are not send nothing, cycles end", async () => {
  await open();
  await type(
    "s = Shop(name='corner'); for (let i = 0; i < 5; i++) db.session.add(Article(title=`t${i}`, shop=s)); db.session.commit()",
  );
  await type("db.session.expunge(...Article.query.all(), s)");
  const before = await type("s = Shop.query.get(1); s");
  expect(before).toEqual(["Shop #1", "  id    1", "  name  corner", expect.stringMatching(/^1 query · .* · 1 row$/)]);
  await type("s.articles.length");
  expect(await shown("s")).toContain("  articles  [Article #1, Article #2, Article #3, … 2 more]");
  await type("ring = { s, list: [s] }; ring.self = ring");
  expect(await shown("ring")).toEqual(["{ s: Shop #1, list: [ Shop #1 ], self: [Circular] }"]);
  await type(".format json");
  const json = JSON.parse((await shown("s")).join("\n")) as { articles: { title: string }[] };
  expect(json.articles.map(({ title }) => title)).toEqual(["t0", "t1", "t2", "t3", "t4"]);
});

test("shell 9: long results show their first rows and the total, 100,000 of them at once; .all pages through the rest", async () => {
  const pages: number[] = [];
  const page = async (batches: AsyncIterable<readonly string[]>) => {
    for await (const lines of batches) pages.push(lines.length);
  };
  await open({ rows: 20, terminal: { ...noTerminal, page } });
  await type("rows = Array.from({ length: 100_000 }, (_, n) => ({ n, text: `row ${n}` }))");
  const started = performance.now();
  const lines = await type("rows");
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(lines).toHaveLength(2 + 14 + 1);
  expect(lines.at(-1)).toBe("… 99986 more; .all shows them");
  await type(".all");
  expect(pages).toEqual([100_002]);
  // What is no table is kept short too.
  expect(await type("Object.fromEntries(rows.map(r => [r.text, r]))")).toHaveLength(15);
  expect((await type("_"))[14]).toMatch(/^… \d+ more lines; \.all shows them$/);
});

test("shell 9: rows that stand upright in a narrow terminal fill the screen and no more", async () => {
  const narrow = await openRepl({ entities: [Wide], columns: 40, rows: 30 });
  const lines = await narrow.type(
    "wide = 'x'.repeat(20); [...Array(50)].map((_, i) => Wide({ a: wide, b: wide, c: wide, d: wide, e: wide, f: `${i}` }))",
  );
  expect(lines).toHaveLength(3 * 8 + 1);
  expect(lines.at(-1)).toBe("… 47 more; .all shows them");
  await narrow.close();
});

test("shell 9: a long text fills the screen and no more; in a pipe it is whole", async () => {
  await open({ columns: 80, rows: 30 });
  const lines = await shown("'x'.repeat(1_000_000)");
  expect(lines.join("\n").length).toBeLessThan(80 * 30);
  expect(lines.join("\n")).toContain("more characters");
  await opened.close();
  await open({ mode: "pipe" });
  expect(await shown("'x'.repeat(20_000)")).toEqual([`'${"x".repeat(20_000)}'`]);
});

test.each([
  ["json", '{\n  "id": 1,\n  "name": "a,b"\n}'],
  ["ndjson", '{"id":1,"name":"a,b"}'],
  ["csv", 'id,name\n1,"a,b"'],
] as const)("shell 9: --format %s is for scripts", async (format, expected) => {
  await open({ format, mode: "pipe" });
  await type("db.session.add(Shop(name='a,b')); db.session.commit()");
  expect((await type("Shop.query.first()")).join("\n")).toBe(expected);
});

test("shell 10: secrets are dots everywhere, until .reveal shows them for one statement", async () => {
  await open({ settings: { secrets: ["Article.title"] } });
  await type("db.session.add(Article(title='hidden', apiToken='s3cret')); db.session.commit()");
  await type("a = Article.query.first()");
  const everywhere = [
    "a",
    "Article.query.all()",
    "Article.query.paginate(page=1)",
    "({ a, apiToken: 's3cret' })",
    "class Box { inside = a; list = [a] }; new Box()",
    "[new Box()]",
    "new Map([['a', a]])",
    "db.dataSource.query('select * from article')",
    "a.apiToken = 's3cret2'; a",
    ".diff",
  ];
  for (const text of everywhere)
    expect([text, (await type(text)).join("\n")]).not.toEqual([text, expect.stringContaining("s3cret")]);
  expect((await type("a")).join("\n")).toMatch(/title +••••/);
  await type(".reveal");
  expect((await type("a")).join("\n")).toContain("s3cret2");
  expect((await type("a")).join("\n")).not.toContain("s3cret2");
  expect((await type(".reveal a.apiToken")).join("\n")).toBe("'s3cret2'");
  await type(".echo on");
  expect((await type("Article.query.filterBy(apiToken='s3cret').count()")).join("\n")).not.toContain("s3cret");
});

test("Retort's own things are shown in one line", async () => {
  await open();
  expect(await shown("Shop")).toEqual(["[class Shop]  table shop: id, name, articles"]);
  expect(await shown("db")).toEqual(["Database Shop, Article"]);
  expect(await shown("session")).toEqual(["Session nothing unsaved"]);
  await type("db.session.add(Shop(name='x'))");
  expect(await shown("db.session")).toEqual(["Session 1 new"]);
  expect(await shown("Shop.query.limit(1)")).toEqual(["Query of Shop; .all(), .first() or .count() runs it"]);
  expect(await shown("Shop.c")).toEqual(["Columns of Shop: id, name, articles"]);
  expect(await shown("Shop.c.name")).toEqual(["Shop.name  column"]);
  expect(await shown("Shop.c.articles")).toEqual(["Shop.articles  relation"]);
  expect(await shown("Shop.c.name.like('s%')")).toEqual(["Shop.name LIKE 's%'"]);
  expect(await shown("and(Shop.c.id.gt(5), Shop.c.name.eq('x'))")).toEqual([
    expect.stringMatching(/Shop.id > 5.* AND .*Shop.name = 'x'/),
  ]);
  expect(await shown("Shop.c.name.desc()")).toEqual(["Shop.name DESC"]);
  expect(await shown("db.dataSource")).toEqual([expect.stringContaining("DataSource better-sqlite3")]);
  expect(await shown("new Error('x')")).toEqual(["Error: x"]);
  await type("db.session.commit()");
  expect((await shown("Shop.query.paginate(page=1)")).at(-1)).toBe("page 1 of 1, 1 in all");
});

test("what is shown is looked at, not run", async () => {
  await open();
  await type(
    "fired = []; trap = { get danger() { fired.push(1); return 1 } }; class T { get danger() { fired.push(2) } }",
  );
  await type("trap");
  await type("new T()");
  await type("[trap, new T()]");
  await type("({ trap })");
  await type("new Proxy({}, { get() { fired.push(3) }, ownKeys() { fired.push(4); return [] } })");
  expect(await shown("fired.length")).toEqual(["0"]);
  expect(Article.name + Shop.name).toBe("ArticleShop");
});
