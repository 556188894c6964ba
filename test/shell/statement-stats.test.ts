import { Pool } from "pg";
import { promptText } from "../../src/shell/prompt/prompt-text";
import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
let type: TestRepl["type"];
beforeEach(async () => {
  opened = await openRepl();
  ({ type } = opened);
  await type(
    "for (let i = 0; i < 8; i++) db.session.add(Article(title=`t${i}`, shop=Shop(name=`s${i}`))); db.session.commit()",
  );
});
afterEach(() => opened.close());

test("shell 11: each input is followed by what it cost, and a commit by what it wrote", async () => {
  expect((await type("Shop.query.all()")).at(-1)).toMatch(/^1 query · \d+(\.\d)? ms · 8 rows$/);
  expect(await type("1 + 1")).toEqual(["2"]);
  await type("db.session.add(Shop(name='new')); Shop.query.get(1).name = 'other'");
  expect((await type("db.session.commit()")).at(-1)).toMatch(/^1 inserted, 1 updated · \d+ queries · \d+(\.\d)? ms$/);
  await type("db.session.delete(Shop.query.get(9))");
  expect((await type("db.session.flush()")).at(-1)).toMatch(/^1 deleted · /);
  expect((await type("db.session.rollback()")).at(-1)).toMatch(/^rolled back/);
  await type(".timing on");
  expect((await type("1 + 1")).at(-1)).toMatch(/^\d+(\.\d)? ms$/);
});

test("shell 11: .echo shows the SQL with its parameters and time, .sql what the last input sent", async () => {
  await type(".echo on");
  const lines = await type("Shop.query.filterBy(name='s1').first()");
  expect(lines[0]).toMatch(/^SELECT .* FROM "shop" WHERE .* {2}\['s1'\] {2}\d+(\.\d)? ms$/);
  await type(".echo off");
  expect((await type(".sql"))[0]).toMatch(/^SELECT .* {2}\['s1'\]$/);
  expect((await type(".sql Shop.query.filterBy(name='s2')"))[0]).toMatch(/\['s2'\]$/);
  expect((await type("Shop.query.count()"))[0]).toBe("8");
});

test("shell 11: queries that are repeated row by row are named, with the option that cures them", async () => {
  await type("db.session.expunge(...Shop.query.all(), ...Article.query.all())");
  const byKey = await type("[1, 2, 3, 4, 5, 6].map(id => Shop.query.get(id).name)");
  expect(byKey.at(-1)).toBe(
    'N+1: one SELECT from shop ran 6 times; use Article.query.options(joined("shop")) to load them with one SELECT',
  );
  const byColumn = await type("Shop.query.limit(6).all().map(s => Article.query.filterBy(shop=s).count())");
  expect(byColumn.at(-1)).toBe(
    'N+1: one SELECT from article ran 6 times; use Shop.query.options(selectin("articles")) to load them with one SELECT',
  );
  expect((await type("Article.query.all().map(a => a.shop.name)")).join("\n")).not.toContain("N+1");
});

test("shell 12: the prompt shows the database, unsaved changes, an open transaction and a broken session", async () => {
  expect(promptText(opened.repl)).toBe("memory > ");
  await type("s = Shop.query.get(1); db.session.add(Shop(name='x')); s.name = 'y'");
  expect(promptText(opened.repl)).toBe("memory ●2 > ");
  await type("db.session.flush()");
  expect(promptText(opened.repl)).toBe("memory ◆ > ");
  await type("db.session.rollback()");
  await type("db.session.add(Shop())");
  await type("db.session.commit()");
  expect(promptText(opened.repl)).toBe("memory ●1 ✗ > ");
  await type("db.session.rollback()");
  expect(promptText(opened.repl)).toBe("memory > ");
});

test("shell 12: a host that is not local is shown in the prompt", async () => {
  const { repl } = opened;
  const options = { type: "postgres", url: "postgres://me@db.example.com/shop" };
  const away = Object.create(repl, {
    db: {
      value: Object.create(repl.db, {
        dataSource: { value: { options, driver: { master: new Pool({ connectionString: options.url }), slaves: [] } } },
        session: { value: repl.db.session },
      }) as never,
    },
    restrictions: { value: { sandbox: true, readOnly: "guarded" } },
  }) as typeof repl;
  expect(promptText(away)).toBe("shop@db.example.com sandbox read-only > ");
});

test("shell 13: .diff shows what a commit would do: rows, before → after", async () => {
  await type(
    "s = Shop.query.get(1); a = Article.query.get(8); db.session.add(Shop(name='new')); s.name = 'other'; db.session.delete(a)",
  );
  const lines = await type(".diff");
  expect(lines).toEqual(
    expect.arrayContaining([
      "+ Shop  shop",
      "    name  new",
      "~ Shop #1  shop",
      "    name  s0 → other",
      "- Article #8  article",
      "1 inserted, 1 updated, 1 deleted by a commit",
      expect.stringMatching(/^ {2}INSERT INTO "shop".*\['new'\]$/),
      expect.stringMatching(/^ {2}UPDATE "shop" SET "name" = \? WHERE "id" = \? .*\['other', 1\]$/),
      expect.stringMatching(/^ {2}DELETE FROM "article"/),
    ]),
  );
  await type("db.session.rollback()");
  expect(await type(".diff")).toEqual(["nothing would be written"]);
});

test(".explain is a tree, and comes before its receipt", async () => {
  const lines = await type(".explain Article.query.join('shop').filter(Article.c.id.in(Article.query.select('id')))");
  expect(lines.slice(0, -1).join("\n")).toMatch(/^├─ .*\n(.*\n)*└─ /);
  expect(lines.at(-1)).toMatch(/^1 query/);
  expect((await type(".explain Shop.query"))[0]).toBe("SCAN shop");
});
