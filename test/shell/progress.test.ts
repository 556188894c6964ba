import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
afterEach(async () => {
  jest.restoreAllMocks();
  await opened.close();
});

const COMMIT = "db.session.addAll(Array.from({ length: 30 }, (_, i) => Shop({ name: `${i}` }))); db.session.commit()";

/** Every look at the clock finds that much later: short work takes long. */
function slowly(milliseconds: number): void {
  let now = 0;
  jest.spyOn(performance, "now").mockImplementation(() => (now += milliseconds));
}

test("a flush that takes long shows how far it has come, in a line that is gone at its end", async () => {
  opened = await openRepl();
  slowly(400);
  const text = (await opened.type(COMMIT)).join("\n");
  expect(text).toMatch(/\r █+ 100 % {2}30 of 30\x1b\[K\r\x1b\[K/);
  expect(text).toMatch(/\x1b\[K30 inserted · /);
});

test("so does an export", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-writing-"));
  opened = await openRepl({ root: folder });
  await opened.type(COMMIT);
  slowly(400);
  expect((await opened.type(".export shops.csv Shop.query")).join("\n")).toMatch(/ 30 rows\x1b\[K\r\x1b\[K/);
  fs.rmSync(folder, { recursive: true });
});

test.each([
  ["short work", "terminal", 1],
  ["a pipe", "pipe", 400],
] as const)("%s shows nothing", async (_what, mode, milliseconds) => {
  opened = await openRepl({ mode });
  slowly(milliseconds);
  expect((await opened.type(COMMIT)).join("\n")).not.toContain("30 of 30");
});
