import { noTerminal, openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
/** Lines of each part that was given to the pager. */
let pages: number[];

beforeEach(async () => {
  pages = [];
  const page = async (batches: AsyncIterable<readonly string[]>) => {
    for await (const lines of batches) {
      pages.push(lines.length);
      if (pages.length === 3) return;
    }
  };
  opened = await openRepl({ terminal: { ...noTerminal, page } });
  await opened.db.dataSource.query(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100_500) INSERT INTO shop (name) SELECT 'shop ' || i FROM n".replace(
      "_",
      "",
    ),
  );
});
afterEach(() => opened.close());

test("shell 24: all() of a long table is refused, with what reads it; a limit of one's own is obeyed", async () => {
  const lines = await opened.type("Shop.query.all()");
  expect(lines[0]).toBe("Shop.query.all() has more than 100000 rows here");
  expect(lines[1]).toContain(".all Shop.query shows them page by page");
  expect(await opened.repl.valueOf("Shop.query.limit(100_400).all().length")).toBe(100_400);
  expect(await opened.repl.valueOf("Shop.query.filter(Shop.c.id.lte(99_000)).select('id').all().length")).toBe(99_000);
  await opened.type("n = 0; for (const shop of Shop.query) n++");
  expect(await opened.repl.valueOf("n")).toBe(100_500);
});

test("shell 24: .all QUERY reads no more than it shows", async () => {
  opened.repl.statements.statements.length = 0;
  for (const command of [".all Shop.query.orderBy('id')", ".all Shop"]) {
    pages = [];
    await opened.type(command);
    expect(pages).toEqual([502, 502, 502]);
    expect(opened.repl.statements.statements.map(({ rows }) => rows)).toEqual([expect.any(Number)]);
    expect(opened.repl.statements.statements[0]!.rows).toBeLessThan(4_000);
  }
  await opened.type("Shop.query");
  pages = [];
  await opened.type(".all");
  expect(pages).toHaveLength(3);
});

test.each(["Shop", "Shop.query", ".entities", ".schema Shop", "?Shop", "?Shop.query.all", "Shop.c.name", "db.session"])(
  "shell 24: %s sends nothing",
  async (input) => {
    opened.repl.statements.statements.length = 0;
    await opened.type(input);
    expect(opened.repl.statements.statements).toEqual([]);
  },
);
