import { DataSource, Entity, PrimaryColumn } from "typeorm";
import { isGuarded, restrictionsOf } from "../../src/shell/restrictions";
import { eachDatabase } from "../helpers/databases";
import { pipe } from "../helpers/repl";

@Entity()
class Plain {
  @PrimaryColumn("integer")
  id!: number;
}

eachDatabase((database) => {
  let dataSource: DataSource;

  beforeEach(async () => {
    const { options } = await database.create();
    dataSource = await new DataSource({ ...options, entities: [Plain], synchronize: true } as never).initialize();
  });
  afterEach(() => dataSource.destroy());

  test.each([
    ["the session", "db.session.add(Plain(id=1)); db.session.commit()"],
    ["TypeORM's own ways", "db.dataSource.query('insert into plain values (1)')"],
    ["a transaction that asks for it", "db.dataSource.transaction(m => m.query('insert into plain values (1)'))"],
  ])("shell 14: with --read-only the database refuses what %s would write", async (_way, write) => {
    const refused = await pipe(dataSource, `Plain.query.count()\n${write}\n`, { readOnly: true });
    expect(refused).toMatchObject({ exitCode: 1, output: "0\n" });
    expect(refused.notes).toMatch(/read.?only/i);
    expect(await dataSource.getRepository(Plain).count()).toBe(0);
  });

  test("shell 14: --sandbox takes everything back at its end, commits included", async () => {
    const script = [
      "db.session.add(Plain(id=1)); db.session.commit()",
      "db.session.add(Plain(id=2)); db.session.rollback()",
      "db.session.add(Plain(id=3)); db.session.flush()",
      "Plain.query.count()",
    ];
    const ran = await pipe(dataSource, script.join("\n"), { sandbox: true });
    expect(ran).toEqual({ exitCode: 0, output: "2\n", notes: "" });
    expect(await dataSource.getRepository(Plain).count()).toBe(0);
  });

  test("shell 14: in a sandbox an error takes back its own transaction only, and nothing is written past the session", async () => {
    const before = "db.session.add(Plain(id=1)); db.session.commit()\n";
    const twice = "try { db.session.add(Plain(id=1)); db.session.commit() } catch { db.session.rollback() }\n";
    const past = "db.dataSource.query('insert into plain values (9)')\n";
    const ran = await pipe(dataSource, `${before}${twice}Plain.query.count()\n${past}`, { sandbox: true });
    expect(ran).toMatchObject({ exitCode: 1, output: "1\n" });
    expect(ran.notes).toMatch(/read.?only/i);
    expect(await dataSource.getRepository(Plain).count()).toBe(0);
  });
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
