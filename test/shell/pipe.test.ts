import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
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

describe("a text is parsed as a whole", () => {
  const WRONG = "print('begun')\nconst = 5\nprint('never')\n";

  test("shell 22: a syntax error anywhere in a pipe runs nothing, and names its line", async () => {
    const ran = await pipe(dataSource, WRONG);
    expect(ran).toMatchObject({ exitCode: 1, output: "" });
    expect(ran.notes).toMatch(/^SyntaxError: Unexpected token\n {2}line 2: const = 5\n$/);
    expect(await pipe(dataSource, ".echo on\nprint(1)\n.echo off\nprint((\n")).toMatchObject({
      exitCode: 1,
      output: "",
    });
  });

  test("shell 22: a syntax error anywhere in -e runs nothing", async () => {
    expect(await pipe(dataSource, "", { evaluate: WRONG })).toMatchObject({ exitCode: 1, output: "" });
    expect(await pipe(dataSource, "", { evaluate: "print(1)\n.echo on\nprint((" })).toMatchObject({ output: "" });
  });

  test("shell 22: a syntax error anywhere in a file that is loaded runs nothing", async () => {
    const file = path.join(os.tmpdir(), `retort-load-${process.pid}.js`);
    fs.writeFileSync(file, WRONG);
    expect(await pipe(dataSource, `.load ${file}\n`)).toMatchObject({ exitCode: 1, output: "" });
    fs.writeFileSync(file, "print('a')\n.echo on\n.echo off\nnull.b\nprint('never')");
    const ran = await pipe(dataSource, `.load ${file}\n`);
    expect(ran).toMatchObject({ exitCode: 1, output: "a\n" });
    fs.writeFileSync(file, `.load ${file}\n`);
    expect((await pipe(dataSource, `.load ${file}\n`)).notes).toMatch(/is being loaded already/);
    fs.rmSync(file);
  });

  test("shell 22: an error while running names the line of the text", async () => {
    const { notes } = await pipe(
      dataSource,
      "begun = 1\n\nfunction fails() {\n  throw new Error('no')\n}\nbegun = 2\nfails(); begun\n",
    );
    expect(notes).toMatch(/^no\n {2}line 4: /);
  });

  test("shell 22: a pipe that is written slowly is one text", async () => {
    const input = new PassThrough();
    const ran = pipe(dataSource, "", { input });
    input.write("print(1)\n");
    await new Promise((resolve) => setTimeout(resolve, 150));
    input.end("const = 5\n");
    expect(await ran).toMatchObject({ exitCode: 1, output: "" });
  });

  test.each([
    ["const y = 10\n  + 4\ny\n", "14\n"],
    ["const s = 'a'\n  + 'b'\ns\n", "'ab'\n"],
    ["const y = 'abc'\n  [1]\ny\n", "'b'\n"],
    ["if (0) { print(1) }\n\nelse { print(2) }\n", "2\n"],
    ["Shop.query\n\n  /* none */\n  .filterBy({ name: 'none' })\n  .count()\n", "0\n"],
    ["twice(4)\nfunction twice(n: number) { return n * 2 }\ntype A = string\nenum E { a, b }\nE.b\n", "8\n1\n"],
    ["const n: number = 3\nn\ninterface A { }\nn + 1\n", "3\n4\n"],
  ])("shell 22: %j is read as Node reads a file, by a pipe and by -e", async (text, output) => {
    expect(await pipe(dataSource, text)).toMatchObject({ output, exitCode: 0 });
    const last = output.split("\n").at(-2)!;
    expect(await pipe(dataSource, "", { evaluate: text })).toMatchObject({ output: `${last}\n`, exitCode: 0 });
  });
});

test("shell 4: a later statement of a pipe may declare a name again", async () => {
  expect(await pipe(dataSource, "const again = 1\nconst again = 2\nagain\n")).toMatchObject({
    exitCode: 0,
    output: "2\n",
  });
});
