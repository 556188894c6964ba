import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { History, historyFileOf } from "../../src/shell/prompt/history";
import { holdsSecret } from "../../src/shell/prompt/secret-input";

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
  // Assigned, as a property, as a default, compared
  `pw = "cat"`,
  `let dbPass = 'cat'`,
  `u.apiToken = 'abc'`,
  `o.otp = "123456"`,
  `o.otp = 123456`,
  `pin: 1234`,
  `o.salt = "x"`,
  `o.cvv = 123`,
  `o.accessKey = "x"`,
  `AWS_SECRET_ACCESS_KEY = "x"`,
  `o.encryptionKey = "x"`,
  `o.signing_key = \`x\``,
  `process.env.API_KEY ||= "x"`,
  `o["pass" + "x"] = 1; o["password"] = f(1) + "x"`,
  `login({ password: 'abc' })`,
  `{ password: f(1) + "cat" }`,
  `({ user: { credentials: ["cat"] } })`,
  `({ getPassword() { return "cat" } })`,
  `({ password = "cat" }) => password`,
  `const { pwd = "cat" } = o`,
  `if (u.password === "cat") 1`,
  `users.filter(u => (await u.password) == 'cat')`,
  `switch (u.pin) { case "1234": }`,
  `for (const password of ["cat", "dog"]) print(password)`,
  `class A { password = "cat" }`,
  `User(username='susan', password='cat')`,
  // Called
  `u.setPassword('cat')`,
  `bcrypt.compareSync("cat", hash)`,
  `compare(u.password, "cat")`,
  `crypto.createHash("sha256").update("cat")`,
  `jwt.sign({ id }, "cat")`,
  `login("susan", "cat")`,
  `localStorage.setItem("token", "cat")`,
  `new Map([["password", "cat"]])`,
  `new Password("cat")`,
  `password\`cat\``,
  // In texts
  `connect('postgres://me:word@host/db')`,
  `r = "redis://:word@cache/0"`,
  `new DataSource({ url: \`mysql://\${user}:word@host/db\` })`,
  `x = "Server=db;User Id=me;Password=word;"`,
  `fetch("https://host/?access_token=word")`,
  `x = '{"password": "word"}'`,
  `h = { Authorization: "Bearer abcdef" }`,
  `h("Authorization: Basic bWU6d29yZA==")`,
  `x = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"`,
  `x = "ghp_0123456789abcdefghij"`,
  `x = "AKIAIOSFODNN7EXAMPLE"`,
  `x = "$2b$10$abcdefghijklmnopqrstuv"`,
  `x = \`-----BEGIN RSA PRIVATE KEY-----\``,
  `spawn("mysql --password word")`,
  `1 + 1 // password: word`,
  // SQL, sent or typed as it is
  `db.dataSource.query("alter user u password 'word'")`,
  `db.dataSource.query("update users set password = $1", ["word"])`,
  `db.dataSource.query("insert into users(name, password) values ('a', 'word')")`,
  `db.dataSource.query("create user u identified by 'word'")`,
  `ALTER USER u WITH ENCRYPTED PASSWORD 'word'`,
  `create user u identified by "word"`,
  // Dot-commands, and what cannot be parsed
  `.reveal login("susan", "cat")`,
  `.export users.csv User.query.filterBy(token='cat')`,
  `const password: string = "cat"`,
  `u.password = "cat`,
  `process.env.myPasswd ||= 'my-pw-1'; f(`,
  `u.setPassword("secret"); f(`,
])("shell 6: left out of the history: %s", (input) => expect(holdsSecret(input)).toBe(true));

test.each([
  "1 + 41",
  "User.query.filterBy({ name: 'susan' }).all()",
  "u.password === null",
  "u.password = ''",
  "u.password_hash",
  "users.map(u => u.password)",
  "User.query.filter(User.c.passwordHash.isNull()).orderBy('id')",
  "u.tokens > 5",
  "u.tokens = u.tokens + 1",
  "keyboard = 'qwertz'; monkey = 'x'; compass = 'north'; author = 'x'; passenger = 'bob'; bypass = 'x'",
  "secretary.name = 'Ann'",
  "Token.query.filterBy({ name: 'x' })",
  "db.dataSource.query('select password from users where id = 5')",
  "x = 'http://localhost:3000/a@b'; y = 'me@example.com'",
  "url = `postgres://${user}:${password}@host/db`",
  "print('password')",
  "print('reset your password')",
  ".export users.csv User.query.orderBy('id')",
  ".load seed.ts",
  "SELECT * FROM users WHERE name = 'susan'",
])("shell 6: kept in the history: %s", (input) => expect(holdsSecret(input)).toBe(false));

test("shell 6: the project's own secrets are left out as well", () => {
  const file = path.join(folder, "own");
  const history = new History(file, ["User.nickname"]);
  history.add("u.nickname = 'cat'");
  history.add("u.name = 'dog'");
  expect(fs.readFileSync(file, "utf8")).toBe("\"u.name = 'dog'\"\n");
});

test.each([
  ["'secret' many times", `'${"secret".repeat(13_334)}'.length`],
  ["'pwd' and blanks", `'pwd${" ".repeat(80_000)}'.length`],
  ["an open text of blanks", `pwd = '${" ".repeat(80_000)}`],
  ["'eyJ' many times", `x${"eyJ".repeat(27_000)}`],
  ["'://' many times", `'${"://a".repeat(20_000)}'`],
  ["names in capitals", `'${"aA".repeat(40_000)}'`],
  ["a sum", Array(20_000).fill("pwd").join("+")],
  ["parentheses", `${"(".repeat(20_000)}1${")".repeat(20_000)}`],
  ["quotation marks", `pwd ${"'".repeat(80_001)}`],
])("shell 6: looking for secrets takes no longer for %s", (_what, input) => {
  const began = process.cpuUsage();
  holdsSecret(input);
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
});
