import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { History, historyFileOf, holdsSecret } from "../../src/shell/prompt/history";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-history-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

test("shell 6: the history belongs to the project, is its owner's alone, and holds no passwords", () => {
  const env = { HOME: folder };
  const file = historyFileOf("/home/me/shop", env);
  expect(historyFileOf("/home/me/blog", env)).not.toBe(file);
  expect(historyFileOf("/home/you/shop", env)).not.toBe(file);
  expect(file.startsWith(folder)).toBe(true);

  const first = new History(file);
  first.add("User.query.all()");
  expect(fs.statSync(file).mode & 0o077).toBe(0);
  first.add("u.setPassword('cat')");
  first.add("User(username='susan', password='cat')");
  first.add("if (a) {\n  b\n}");
  expect(first.entries).toHaveLength(4);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  expect(fs.readFileSync(file, "utf8")).not.toContain("cat");

  const later = new History(file);
  expect(later.entries).toEqual(["User.query.all()", "if (a) {\n  b\n}"]);
  expect(later.beginningWith("User")).toBe("User.query.all()");
  expect(later.find("query")).toBe(0);
});

test("a history that others could read is closed to them", () => {
  const file = path.join(folder, "copied");
  fs.writeFileSync(file, '"1 + 1"\n', { mode: 0o644 });
  new History(file).add("2 + 2");
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ["connect('postgres://me:word@host/db')", true],
  ["u.apiToken = 'abc'", true],
  ["login({ password: 'abc' })", true],
  ["u.password === null", false],
  ["User.query.filterBy(username='susan')", false],
  ["u.password_hash", false],
])("%s holds a secret: %s", (text, expected) => expect(holdsSecret(text)).toBe(expected));
