import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
let type: TestRepl["type"];
beforeAll(async () => {
  opened = await openRepl();
  ({ type } = opened);
  await type("db.session.add(Shop(name='corner')); db.session.commit(); s = Shop.query.first()");
});
afterAll(() => opened.close());

test.each([
  ["Shp.query.all()", 'ReferenceError: Shp is not defined; did you mean "Shop"?'],
  ["Shop.query.filterBy(nme='x').all()", 'Shop has no property "nme"; did you mean "name"?'],
  ["Shop.query.flter(1)", 'TypeError: Shop.query.flter is not a function; did you mean "filter"?'],
  ["s.nothing.more", 'TypeError: s.nothing is undefined, so it has no "more"'],
  ["Shop.query.get(99).name", 'TypeError: Shop.query.get(99) is null, so it has no "name"'],
  ["({}).list.map(x => x.name)", 'TypeError: ({}).list is undefined, so it has no "map"'],
  ["[{}].map(x => x.a.b)", 'TypeError: x.a is undefined, so it has no "b"'],
  ["db.query(1)", "1 is not an entity of this DataSource"],
  ["Shop.c.nme", 'Shop has no property "nme"; did you mean "name"?'],
  ["throw 5", "Thrown: 5"],
])("shell 16: %s is one or two lines with what was meant", async (typed, said) => {
  const lines = await type(typed);
  expect(lines[0]).toBe(said);
  expect(lines.length).toBeLessThanOrEqual(3);
});

test("shell 16: what fails inside of what was called is not explained by the line that was typed", async () => {
  await type("const inner = new Function('nothing', 'return nothing.query')");
  expect((await type("Shop.query.limit(inner())"))[0]).toBe(
    "TypeError: Cannot read properties of undefined (reading 'query')",
  );
});

test("shell 16: a name that was deleted is not what was meant by itself", async () => {
  await type("gone = 1; delete globalThis.gone");
  expect((await type("gone"))[0]).toBe("ReferenceError: gone is not defined");
});

test("shell 16: a failed commit names entity and column, and says that the session needs rollback()", async () => {
  await type("db.session.add(Shop())");
  const lines = await type("db.session.commit()");
  expect(lines[0]).toMatch(/Shop\.name .*NOT NULL/);
  expect(lines[1]).toContain("db.session.rollback()");
  expect((await type("Shop.query.count()")).join("\n")).toContain("db.session.rollback()");
  await type("db.session.rollback()");
  expect((await type("Shop.query.count()"))[0]).toBe("1");
});

test("shell 16: that the session needs a rollback is said once", async () => {
  await type("db.session.add(Shop())");
  expect((await type("db.session.commit()"))[1]).toBe(
    "  → the session needs db.session.rollback() first; set name, or declare it nullable",
  );
  const lines = await type("Shop.query.count()");
  expect(lines.join(" ").replace(/ +/g, " ")).toBe(
    "an earlier flush failed (Shop.name has no value, and its column is NOT NULL); call session.rollback() first → db.session.rollback()",
  );
  // Nor with what has nothing to do with it.
  expect(await type("null.field")).toEqual(['TypeError: null is null, so it has no "field"']);
  await type("db.session.rollback()");
});

test("shell 16: a long error goes on below itself between words, not inside one", async () => {
  const words = Array.from({ length: 40 }, (_, n) => `word${n}`);
  const lines = await type(`throw new Error('${words.join(" ")}')`);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  expect(lines.slice(0, 4).join(" ").split(/ +/).slice(0, 30)).toEqual(words.slice(0, 30));
});

test.each([
  ["s.nme", 'undefined: Shop has no "nme"; did you mean "name"?'],
  ["Shop.query.first().nme", 'undefined: Shop has no "nme"; did you mean "name"?'],
  ["Shop.query.first()?.colour", 'undefined: Shop has no "colour"'],
  ["Shop.query.all()[0].articels", 'undefined: Shop has no "articels"; did you mean "articles"?'],
  ["Shop.qurey", 'undefined: Shop has no "qurey"; did you mean "query"?'],
  ["Shop.query.frist", 'undefined: a query of Shop has no "frist"; did you mean "first"?'],
  ["db.session.comit", 'undefined: the session has no "comit"; did you mean "commit"?'],
  ["db.sesion", 'undefined: db has no "sesion"; did you mean "session"?'],
  ["s.nmae = 'new'", 'Shop has no column "nmae"; did you mean "name"?'],
])("shell 16: %s, no error in JavaScript, says what was meant", async (typed, said) => {
  expect((await type(typed)).filter((line) => !/quer/.test(line) || line === said)).toContain(said);
});

test.each([
  ["a column without a value", "Article().title"],
  ["a property that was set by hand, to undefined", "s.colour = undefined; s.colour"],
  ["a new property whose name is near no column's", "s.colour = 'red'"],
  ["an object that is no entity", "({}).nme"],
  ["undefined", "undefined"],
])("shell 16: %s has no hint beside it", async (_what, typed) => {
  expect((await type(typed)).join("\n")).not.toContain(" has no ");
});

test("shell 16: an error in what was pasted names its line", async () => {
  expect(await type("a = 1\nb = 2\nnull.field")).toEqual([
    'TypeError: null is null, so it has no "field"',
    "  line 3: null.field",
  ]);
});
