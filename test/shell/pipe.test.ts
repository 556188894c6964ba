import { DataSource } from "typeorm";
import { pipe } from "../helpers/repl";
import { Article, Shop } from "../helpers/entities/shop";

let dataSource: DataSource;
beforeAll(async () => {
  dataSource = await new DataSource({
    type: "better-sqlite3",
    database: ":memory:",
    synchronize: true,
    entities: [Shop, Article],
  }).initialize();
});
afterAll(() => dataSource.destroy());

test("shell 17: a pipe runs in order, and stops at the first error with exit code 1", async () => {
  const script =
    "print(1)\nawait new Promise(r => setTimeout(r, 20)); print(2)\nx = [\n  3,\n]\nx[0]\nnull.field\nprint(4)\n";
  expect(await pipe(dataSource, script)).toEqual({
    exitCode: 1,
    output: "1\n2\n3\n",
    notes: 'TypeError: null is null, so it has no "field"\n',
  });
});

test("shell 17: -e prints the value of its last expression; errors go to stderr, exit 1", async () => {
  expect(await pipe(dataSource, "", { evaluate: "1 + 1; Shop.query.count()" })).toEqual({
    exitCode: 0,
    output: "0\n",
    notes: "",
  });
  expect(await pipe(dataSource, "", { evaluate: "const a = 5" })).toEqual({ exitCode: 0, output: "5\n", notes: "" });
  expect(await pipe(dataSource, "", { evaluate: "nope" })).toEqual({
    exitCode: 1,
    output: "",
    notes: expect.stringMatching(/^ReferenceError: nope is not defined/),
  });
  expect(await pipe(dataSource, "", { evaluate: "[{ a: 1 }, { a: 2 }]", format: "csv" })).toMatchObject({
    output: "a\n1\n2\n",
  });
});

test("shell 17: no prompt, no colours, no banner, no receipts", async () => {
  const { output, notes } = await pipe(dataSource, "Shop.query.all()\n'text'\nShop.query.count()\n");
  expect(output).toBe("[]\n'text'\n0\n");
  expect(notes).toBe("");
});

test("shell 13: a pipe that ends with unsaved changes warns and exits 1", async () => {
  const left = await pipe(dataSource, "db.session.add(Shop(name='x'))\n");
  expect(left.exitCode).toBe(1);
  expect(left.notes).toBe(
    "retort: the input ended with 1 unsaved change; end it with db.session.commit() or db.session.rollback()\n",
  );
  const saved = await pipe(dataSource, "db.session.add(Shop(name='x'))\ndb.session.commit()\n");
  expect(saved).toMatchObject({ exitCode: 0, notes: "" });
});

test("-e that leaves changes unsaved says so, and exits 1", async () => {
  const left = await pipe(dataSource, "", { evaluate: "s = Shop(name='x'); db.session.add(s); s.name" });
  expect(left).toMatchObject({ exitCode: 1, output: "'x'\n" });
  expect(left.notes).toMatch(/^retort: the input ended with 1 unsaved change; end it with db\.session\.commit\(\)/);
  const saved = await pipe(dataSource, "", { evaluate: "db.session.add(Shop(name='x')); db.session.commit()" });
  expect(saved).toMatchObject({ exitCode: 0, notes: "" });
});
