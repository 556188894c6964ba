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

test("a recursion as deep as Python's goes to its end, as often as it is typed", async () => {
  await opened.type("function depth(n) { return n ? depth(n - 1) + 1 : 0 }");
  for (let time = 0; time < 3; time += 1) expect(await opened.type("depth(1000)")).toEqual(["1000"]);
});
