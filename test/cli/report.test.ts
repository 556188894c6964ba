import { RetortError } from "../../src/errors";
import { exitCodeOf, report } from "../../src/cli/report";
import { escapeText } from "../../src/terminal/escaped-text";
import { plain, styleFor } from "../../src/terminal/style";

const quiet = { verbose: false, style: plain };

test("what happened, and the next thing to type", () => {
  const error = new RetortError("x/y", "the file is gone", { hint: "retort migrate status" });
  expect(report(error, quiet)).toBe("error: the file is gone\n  → retort migrate status\n");
  expect(exitCodeOf(error)).toBe(1);
  expect(exitCodeOf(new RetortError("x/y", "", { exitCode: 5 }))).toBe(5);
  expect(exitCodeOf("anything else")).toBe(1);
});

test("what is thrown and is no error", () => {
  expect(report("a string", quiet)).toMatch(/^error: thrown: a string\n/);
  expect(report(undefined, quiet)).toMatch(/^error: thrown: undefined\n/);
  expect(report({ message: "like an error" }, quiet)).toMatch(/^error: like an error\n/);
});

test("an error of TypeORM says what the driver said", () => {
  const error = Object.assign(new Error("SqliteError: no such table: x"), {
    driverError: new Error("no such table: x"),
  });
  expect(report(error, quiet)).toMatch(/no such table: x\n/);
  expect(report(error, quiet)).not.toContain("SqliteError");
});

test("with verbose: the stack, and every cause below it, once", () => {
  const root = new Error("the root of it");
  const error = new RetortError("x/y", "on top", { cause: Object.assign(new Error("between"), { cause: root }) });
  Object.assign(root, { cause: error });
  const text = report(error, { ...quiet, verbose: true });
  expect(text).toMatch(
    /^error: on top\n[\s\S]*report\.test\.ts[\s\S]*caused by Error: between\n[\s\S]*caused by Error: the root of it\n/,
  );
  expect(text.match(/RetortError: on top/g)).toHaveLength(1);
});

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{}, {}, false],
  [{}, { FORCE_COLOR: "1" }, true],
  [{}, { FORCE_COLOR: "0" }, false],
  [{ isTTY: true }, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
])("colours on %j with %j: %s", (stream, env, expected) => {
  const style = styleFor(stream, env);
  expect(style.enabled).toBe(expected);
  expect(style.bad(escapeText("x")) === "x").toBe(!expected);
});

test("an error that was raised inside Node has no place: it is nobody's file", () => {
  const error = new Error("permission denied");
  error.stack = `Error: permission denied
    at Parser.parse (/srv/app/node_modules/pg/lib/parser.js:1:2)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async main (node:internal/modules/run_main:7:3)`;
  expect(report(error, quiet)).toMatch(/^error: permission denied\n/);
  error.stack += "\n    at async seed (file:///srv/app/seed.ts:3:4)";
  expect(report(error, quiet)).toContain("/srv/app/seed.ts:3:4");
});
