import { Column, Entity, PrimaryColumn } from "typeorm";
import { greeting } from "../../src/shell/prompt/greeting";
import { openRepl, type TestRepl } from "../helpers/repl";
import { Article, Shop } from "../helpers/entities/shop";

const blog = (() => {
  @Entity("blog_post")
  class Post {
    @PrimaryColumn("integer")
    id!: number;
  }
  return Post;
})();
const shop = (() => {
  @Entity("shop_post")
  class Post {
    @PrimaryColumn("integer")
    id!: number;
    @Column("varchar", { nullable: true })
    price!: string;
  }
  return Post;
})();

let opened: TestRepl;
afterEach(() => opened.close());

test("shell 1: the entities, the session, print, the operators and the project's own names are at hand", async () => {
  opened = await openRepl({ settings: { names: { tax: (n: number) => n * 2 } } });
  const { type } = opened;
  const names = ["db", "session", "print", "Like", "In", "Between", "IsNull", "or", "and", "not", "sql", "tax"];
  for (const name of ["Shop", "Article", ...names]) {
    expect(await type(`typeof ${name} !== 'undefined'`)).toEqual(["true"]);
  }
  expect(await type("session === db.session")).toEqual(["true"]);
  expect(await type("tax(4)")).toEqual(["8"]);
  await type("db.session.add(Shop(name='corner'), Shop(name='mall')); db.session.commit()");
  expect(await type("Shop.query.filterBy(name=Like('c%')).count()")).toContain("1");
  expect(await type("Shop.query.filter(or(Shop.c.name.eq('mall'), not(Shop.c.id.gt(0)))).count()")).toContain("1");
  // The names are the project's own classes, not stand-ins.
  opened.repl.evaluator.define("theClass", Shop);
  expect(await type("Shop === theClass && Shop.query.first() instanceof theClass")).toContain("true");
});

test("shell 1: two entities of one name are told apart, and that is said at the start", async () => {
  opened = await openRepl({ entities: [blog, shop] });
  expect(opened.repl.names.entities.map(({ name }) => name)).toEqual(["blog_Post", "shop_Post"]);
  expect(await greeting(opened.repl)).toContain("There are 2 entities Post: blog_Post, shop_Post");
  expect(await opened.type("shop_Post(id=1, price='5').price")).toEqual(["'5'"]);
  expect((await opened.type("Post"))[0]).toContain("Post is not defined");
});

test("a pleasant start: one line, and a second one where migrations are pending", async () => {
  opened = await openRepl({ migrate: { pending: () => Promise.resolve(2), run: () => Promise.resolve(0) } });
  expect(await greeting(opened.repl)).toEqual([
    "memory (better-sqlite3)  Shop, Article  ·  .help",
    "2 migrations are pending; .migrate up",
  ]);
});

test("shell 7: ?name and .help explain entities, columns, methods and names", async () => {
  opened = await openRepl({ entities: [Shop, Article] });
  const { type } = opened;
  const article = await type("?Article");
  expect(article[0]).toBe("Article  table article");
  expect(article.join("\n")).toMatch(/status +│ varchar\S*draft\|published\|gone\S* +│ default "draft"/);
  expect(article.join("\n")).toContain("one Shop (Shop.articles)");
  expect(await type(".help Article")).toEqual(article);
  expect((await type("?Article.status")).join("\n")).toContain("draft|published|gone");
  expect(await type("?Article.query.filterBy")).toEqual([
    "filterBy({ property: value })  keeps rows with these values; find operators, lists and null work",
    expect.stringMatching(/^ {2}example {2}User\.query\.filterBy/),
  ]);
  expect((await type("?Article.query"))[0]).toMatch(/^Article\.query {2}a query of all rows of Article/);
  expect(await type("?")).toEqual(await type(".help"));
  expect((await type("?db.session.commit"))[0]).toMatch(/^commit\(\) {2}/);
  expect((await type("?print"))[0]).toMatch(/^print\(/);
  expect(await type("?zebra")).toEqual(["there is no help on zebra", "  → .help"]);
  expect((await type(".help export"))[0]).toMatch(/^\.export FILE QUERY {2}/);
  expect(await type(".tables")).toEqual(["there is no command .tables", "  → .entities"]);
  expect(await type(".hlep")).toEqual(['there is no command .hlep; did you mean "help"?', "  → .help"]);
});

test("in a narrow terminal values stand below their names", async () => {
  opened = await openRepl({ columns: 20 });
  const help = await opened.type(".help");
  expect(help.slice(0, 3)).toEqual(["  .help [name|topic]", "    this list, or", "    help on a"]);
  await opened.type("s = Shop(name='a name that is long')");
  for (const line of await opened.type("s")) expect(line.length).toBeLessThanOrEqual(20);
});

test(".help names every command and fits the terminal", async () => {
  opened = await openRepl({ columns: 60 });
  const help = await opened.type(".help");
  const names =
    "help entities schema diff sql explain echo format timing reveal all export reload migrate load save history editor exit";
  for (const name of names.split(" ")) expect(help.join("\n")).toMatch(new RegExp(`^ {2}\\.${name}\\b`, "m"));
  expect(help.filter((line) => line.length > 60)).toEqual([]);
});
