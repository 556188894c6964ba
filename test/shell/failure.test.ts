import { openSitting, type TestSitting } from "./sitting";

let opened: TestSitting;
let type: TestSitting["type"];
beforeAll(async () => {
  opened = await openSitting();
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
  ["Shop.c.nme", 'Shop has no property "nme"; did you mean "name"?'],
  ["throw 5", "Thrown: 5"],
])("shell 16: %s is one or two lines with what was meant", async (typed, said) => {
  const lines = await type(typed);
  expect(lines[0]).toBe(said);
  expect(lines.length).toBeLessThanOrEqual(3);
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

test("shell 16: an error in what was pasted names its line", async () => {
  expect(await type("a = 1\nb = 2\nnull.field")).toEqual([
    'TypeError: null is null, so it has no "field"',
    "  line 3: null.field",
  ]);
});
