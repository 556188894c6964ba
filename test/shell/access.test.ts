import { DataSource } from "typeorm";
import { isGuarded, restrictionsOf } from "../../src/shell/access";
import { eachDatabase } from "../helpers/databases";
import { Article, pipe, Shop } from "./sitting";

eachDatabase((database) => {
  test("shell 14: --read-only is the database's word, --sandbox takes commits back too", async () => {
    const { options } = await database.create();
    const types = database.name === "sqlite" ? [Shop, Article] : [];
    const dataSource = new DataSource({ ...options, entities: types } as never);
    await dataSource.initialize();
    try {
      await dataSource.query("create table plain (id int primary key)");
      const write = "db.dataSource.query('insert into plain values (1)')\n";
      const refused = await pipe(dataSource, write, { readOnly: true });
      expect(refused).toMatchObject({ exitCode: 1, output: "" });
      expect(refused.notes).toMatch(/read.?only/i);
    } finally {
      await dataSource.destroy();
    }
  });
});

test("shell 14: a sandbox takes everything back at its end, commits included", async () => {
  const dataSource = new DataSource({
    type: "better-sqlite3",
    database: ":memory:",
    synchronize: true,
    entities: [Shop, Article],
  });
  await dataSource.initialize();
  try {
    const script = "db.session.add(Shop(name='x'))\ndb.session.commit()\nShop.query.count()\n";
    expect(await pipe(dataSource, script, { sandbox: true })).toMatchObject({ exitCode: 0, output: "1\n" });
    expect(await dataSource.getRepository(Shop).count()).toBe(0);
  } finally {
    await dataSource.destroy();
  }
});

test.each([
  ["localhost", false],
  ["127.0.0.1", false],
  ["10.1.2.3", false],
  ["172.16.0.1", false],
  ["172.32.0.1", true],
  ["192.168.1.5", false],
  ["8.8.8.8", true],
  ["db", false],
  ["db.example.com", true],
  ["::1", false],
  ["2001:db8::1", true],
  ["/var/run/postgresql", false],
])("shell 14: %s is guarded: %s", (host, guarded) => {
  expect(isGuarded({ type: "postgres", host })).toBe(guarded);
  const bracketed = host.includes(":") ? `[${host}]` : host;
  if (!host.startsWith("/")) expect(isGuarded({ type: "postgres", url: `postgres://me@${bracketed}/x` })).toBe(guarded);
});

test("shell 14: the configuration guards and trusts hosts, --write opens a guarded one", () => {
  const far = { type: "postgres", host: "db.example.com" } as const;
  expect(isGuarded(far, { trust: ["*.example.com"] })).toBe(false);
  expect(isGuarded({ type: "postgres", host: "db" }, { guard: ["db"] })).toBe(true);
  const shell = { db: { dataSource: { options: far } } } as never as Parameters<typeof restrictionsOf>[0];
  expect(restrictionsOf(shell).readOnly).toBe("guarded");
  expect(restrictionsOf({ ...shell, write: true }).readOnly).toBeUndefined();
  expect(restrictionsOf({ ...shell, readOnly: true }).readOnly).toBe("asked");
  expect(() => restrictionsOf({ ...shell, readOnly: true, write: true })).toThrow("exclude each other");
});
