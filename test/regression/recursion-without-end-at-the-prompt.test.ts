import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
beforeAll(async () => {
  opened = await openRepl();
});
afterAll(() => opened.close());

test("a recursion without end is one error; what each of its calls would have rejected is heard by nobody", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.on("unhandledRejection", hear);
  try {
    expect(await opened.type("(function f() { f() })()")).toEqual([
      "RangeError: Maximum call stack size exceeded",
      "  at column 16: (function f() { f() })()",
    ]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    process.off("unhandledRejection", hear);
  }
  expect(unheard).toEqual([]);
});

test("a recursion twice as deep as Python's goes to its end, as often as it is typed", async () => {
  await opened.type("function depth(n) { return n ? depth(n - 1) + 1 : 0 }");
  for (let time = 0; time < 3; time += 1) expect(await opened.type("depth(2000)")).toEqual(["2000"]);
});

test("a recursion through callbacks that other code calls ends before the stack is full", async () => {
  await opened.type(
    "deepest = 0; function visit(n) { deepest = n; return [[1]].map(([x]) => JSON.parse('[1]', () => visit(n + x)))[0] }",
  );
  expect((await opened.type("visit(1)"))[0]).toBe("RangeError: Maximum call stack size exceeded");
  expect(await opened.type("deepest > 100")).toEqual(["true"]);
  expect(
    await opened.type(
      "function shallow(n) { return n && shallow(n - 1) } for (let i = 0; i < 300; i++) shallow(200); 'done'",
    ),
  ).toEqual(["'done'"]);
});
