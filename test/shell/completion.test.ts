import { complete } from "../../src/shell/complete/complete";
import { openRepl, type TestRepl } from "../helpers/repl";
import { Article, Shop } from "../helpers/entities/shop";

let opened: TestRepl;
let statements = 0;

beforeAll(async () => {
  opened = await openRepl();
  const shop = opened.db.create(Shop, { name: "corner" });
  opened.db.session.add(shop, opened.db.create(Article, { title: "a", shop }));
  await opened.db.session.commit();
  await opened.repl.run("const s = Shop.query.first(); var a = Article.query.first(); let list = Article.query.all()");
  await opened.repl.run("q = Article.query.filterBy(status='draft')");
  await opened.repl.run(
    "fired = []; trap = { get danger() { fired.push('getter'); return { x: 1 } }, go() { fired.push('go'); return {} } }",
  );
  await opened.repl.run(
    "spy = new Proxy({}, { get() { fired.push('get') }, ownKeys() { fired.push('ownKeys'); return [] }, getPrototypeOf() { fired.push('proto'); return null } })",
  );
  await opened.repl.run("fired.length = 0");
  opened.db.observe(() => (statements += 1));
});

afterAll(() => opened.close());

/** What Tab offers at the bar. */
function offered(text: string): string[] {
  const cursor = text.indexOf("|");
  const typed = text.replace("|", "");
  return complete(typed, cursor < 0 ? typed.length : cursor, opened.repl).candidates.map((candidate) => candidate.text);
}

test.each<[typed: string, some: string[]]>([
  ["Art|", ["Article"]],
  ["Article.|", ["query", "c"]],
  ["Article.qu|", ["query"]],
  ["Article.query.|", ["all", "filterBy", "orderBy", "paginate"]],
  ["Article.query.filterBy({ title: 'x' }).|", ["all", "first", "limit"]],
  ["Article.query.filterBy(title='x').orderBy('id').|", ["all"]],
  ["Article.query.first().|", ["title", "status", "shop", "publish"]],
  ["Article.query.first().shop.|", ["name", "articles"]],
  ["Article.query.all()[0].ti|", ["title"]],
  ["Article.query.all().fil|", ["filter"]],
  ["Article.c.|", ["id", "title", "status", "shop"]],
  ["Article.c.title.|", ["like", "desc", "eq"]],
  ["Article.query.orderBy(Article.c.ti|", ["title"]],
  ["a.|", ["title", "status", "shop", "publish"]],
  ["a?.ti|", ["title"]],
  ["s.articles.|", ["all", "count", "filterBy", "map"]],
  ["s.articles[0].|", ["title"]],
  ["list.|", ["map", "length"]],
  ["list[0].sh|", ["shop"]],
  ["q.|", ["all", "count"]],
  ["q.first().|", ["title"]],
  ["list.map(x => x.|", ["title", "shop"]],
  ["list.filter((x) => x.shop.|", ["name"]],
  ["list.map(x => { const y = 1; return x.ti|", ["title"]],
  ["for (const x of Article.query.all()) print(x.|", ["title"]],
  ["for (x of Shop.query.all()) { x.art|", ["articles"]],
  ["Article.query.filterBy({ |", ["title: ", "status: ", "shop: "]],
  ["Article.query.filterBy({ title: 'x', st|", ["status: "]],
  ["Article.query.filterBy({ shop: { |", ["name: "]],
  ["Article.query.filterBy(st|", ["status="]],
  ["Article.query.filterBy(title='x', st|", ["status="]],
  ["Article(ti|", ["title="]],
  ["Article({ ti|", ["title: "]],
  ["new Article({ |", ["title: "]],
  ["db.create(Article, { |", ["title: "]],
  ["Article.query.update({ st|", ["status: "]],
  ["Article.query.filterBy({ status: '|", ["draft", "published", "gone"]],
  ["Article.query.filterBy(status='p|", ["published"]],
  ["Article.query.filter(Article.c.status.eq('|", ["draft"]],
  ["Article.query.filter(Article.c.status.in(['draft', 'p|", ["published"]],
  ["Article.query.orderBy('ti|", ["title"]],
  ["Article.query.join('|", ["shop"]],
  ["Shop.query.options(selectin('|", ["articles"]],
  ["db.|", ["session", "query"]],
  ["db.session.ro|", ["rollback"]],
  ["session.co|", ["commit"]],
  ["session.get(Article, 1).|", ["title"]],
  ["db.query(Shop).|", ["all"]],
  ["Article.query.paginate(page=1).items[0].|", ["title"]],
  ["'text'.toUpp|", ["toUpperCase"]],
  ["a.title.toUpp|", ["toUpperCase"]],
  ["a.publishedAt.getF|", ["getFullYear"]],
  ["Math.ma|", ["max"]],
  ["print(a.ti|", ["title"]],
  ["x = a.ti|", ["title"]],
  ["if (a.ti|", ["title"]],
  ["`${a.ti|", ["title"]],
  ["a.ti| + 1", ["title"]],
  ["swi|", ["switch"]],
  [".he|", ["help"]],
  [".schema Art|", ["Article"]],
  [".echo |", ["on", "off"]],
  [".format n|", ["ndjson"]],
  [".explain Article.query.fir|", ["first"]],
  ["?Article.qu|", ["query"]],
])("shell 6: Tab after %s", (typed, some) => {
  expect(offered(typed)).toEqual(expect.arrayContaining(some));
});

test.each(["'text |", "// a comment a.|", "1.|", "nothing.known.|", "a.title = 'x|", "/regex a.|"])(
  "nothing is offered after %s",
  (typed) => {
    expect(offered(typed)).toEqual([]);
  },
);

test("columns stand before what every object has", () => {
  expect(offered("a.").slice(0, 3)).toEqual(["id", "title", "status"]);
});

test("shell 6: Tab runs no code and sends no SQL", async () => {
  const before = statements;
  for (const typed of [
    "trap.|",
    "trap.danger.|",
    "trap.go().|",
    "trap.go|",
    "spy.|",
    "spy.x.y.|",
    "a.shop.|",
    "s.articles.|",
    "Article.query.all().|",
    "Article.query.delete().|",
    "db.session.commit().|",
    "Shop.query.first().articles[0].|",
    "(fired.push('typed'), a).|",
    "fired.push('typed').|",
    "`${fired.push('typed')}`.|",
  ]) {
    offered(typed);
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(statements).toBe(before);
  await opened.repl.run("print(fired.length)");
  expect(opened.output()).toContain("0\n");
  expect(offered("trap.|")).toEqual(["danger", "go"]);
});
