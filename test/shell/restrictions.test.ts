import dns from "node:dns";
import { Socket } from "node:net";
import { Pool } from "pg";
import { DataSource, Entity, PrimaryColumn } from "typeorm";
import { isGuarded, isLocalHost, remoteHostOf, restrictionsOf } from "../../src/shell/restrictions";
import { eachDatabase } from "../helpers/databases";
import { microblogProject } from "../helpers/project";
import { pipe, type Piped } from "../helpers/repl";

@Entity()
class Plain {
  @PrimaryColumn("integer")
  id!: number;
}

/** Statements by which a database is asked to write again, and one that writes. */
const ON = {
  sqlite: ["PRAGMA query_only = OFF", "insert into plain values (1)"],
  postgres: [
    "SET default_transaction_read_only = off",
    "SET TRANSACTION READ WRITE",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "insert into plain values (1)",
  ],
  mariadb: ["SET TRANSACTION READ WRITE", "SET SESSION TRANSACTION READ WRITE", "insert into plain values (1)"],
};
const BEGIN = {
  sqlite: ["BEGIN IMMEDIATE", "insert into plain values (1)", "COMMIT"],
  postgres: ["/* a */ BEGIN READ WRITE", "insert into plain values (1)", "COMMIT"],
  mariadb: ["START TRANSACTION READ WRITE", "insert into plain values (1)", "COMMIT"],
};

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
    ["another session", "s = db.newSession(); s.add(Plain(id=1)); s.commit()"],
    [
      "a statement after others",
      "db.dataSource.query('select 1'); db.dataSource.query('insert into plain values (1)')",
    ],
    ["a connection of its own", "r = db.dataSource.createQueryRunner(); r.query('insert into plain values (1)')"],
    [
      "a DataSource that is opened again",
      "db.dataSource.destroy(); db.dataSource.initialize(); db.dataSource.query('insert into plain values (1)')",
    ],
    ["a change of the schema", "db.dataSource.query('create table made(a int)')"],
  ])("shell 14: with --read-only the database refuses what %s would write", async (_way, write) => {
    const refused = await pipe(dataSource, `Plain.query.count()\n${write}\n`, { readOnly: true });
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toMatch(/^0\n/);
    expect(refused.notes).toMatch(/read.?only/i);
    expect(await dataSource.getRepository(Plain).count()).toBe(0);
  });

  test.each([
    ["switches writing on", ON[database.name]],
    ["ends the transaction around it", ["commit", "insert into plain values (1)"]],
    ["begins a transaction that writes", BEGIN[database.name]],
    [
      "switches writing on in a transaction",
      ["begin", ...ON[database.name].slice(0, -1), "insert into plain values (1)", "commit"],
    ],
    ["writes in the same text", ["commit; insert into plain values (1)"]],
  ])("shell 21: a statement that %s writes nothing all the same", async (_what, statements) => {
    const lines = statements.map((sql) => `try { r.query(${JSON.stringify(sql)}) } catch { }`);
    await pipe(dataSource, ["r = db.dataSource.createQueryRunner()", ...lines, "r.release()"].join("\n"), {
      readOnly: true,
    });
    expect(await dataSource.getRepository(Plain).count()).toBe(0);
  });

  if (database.name === "postgres")
    test("shell 21: nothing stays set on a connection, which a pooler may give to somebody else", async () => {
      const settings = ["default_transaction_read_only", "transaction_read_only"].map(
        (name) => `current_setting('${name}')`,
      );
      const script = `r = db.dataSource.createQueryRunner()
r.query('select 1')
r.startTransaction(); r.query('select 1'); r.commitTransaction()
r.query("select ${settings.join(" || ")} as now")[0].now`;
      const { output } = await pipe(dataSource, script, { readOnly: true });
      expect(output.split("\n").at(-2)).toBe("'offon'");
      const { now } = (await dataSource.query("select current_setting('default_transaction_read_only') as now"))[0] as {
        now: string;
      };
      expect(now).toBe("off");
    });

  test("shell 21: transactions, savepoints, streams and errors go on in a read-only shell", async () => {
    const script = [
      "db.dataSource.transaction('SERIALIZABLE', m => m.query('select 41+1 as n'))[0].n",
      "try { db.dataSource.query('select nothing from nowhere') } catch { print('refused') }",
      "try { db.dataSource.transaction(m => m.query('select nothing from nowhere')) } catch { print('refused') }",
      "for await (const one of Plain.query.stream()) print(one)",
      "Plain.query.count()",
    ];
    expect(await pipe(dataSource, script.join("\n"), { readOnly: true })).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^'?42n?'?\nrefused\nrefused\n0\n$/),
    });
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

// Where the driver connects ---------------------------------------------------------------------------------------------

const FAR = "db.example.com";
const postgres = { type: "postgres", username: "postgres", database: "postgres" };
const mariadb = { type: "mariadb", username: "root", database: "mysql" };
const far = { host: FAR, username: "postgres", database: "postgres" };
const near = { ...far, host: "localhost" };
const farRoot = { ...mariadb, host: FAR };

/** Initialises a DataSource for which names that belong to no machine lead to this one. */
async function initialized(options: object): Promise<DataSource> {
  const lookup = dns.lookup as (...values: unknown[]) => void;
  const replaced = (host: string, ...rest: unknown[]): void =>
    lookup(/example\.com$|internal$/.test(host) ? "127.0.0.1" : host, ...rest);
  const spy = jest.spyOn(dns, "lookup").mockImplementation(replaced as never);
  try {
    return await new DataSource(options as never).initialize();
  } finally {
    spy.mockRestore();
  }
}

test.each([
  ["a host", true, { ...postgres, host: FAR }],
  ["a url", true, { ...postgres, url: `postgres://postgres@${FAR}/postgres` }],
  ["extra.host beside a host", true, { ...postgres, host: "localhost", extra: { host: FAR } }],
  ["extra.connectionString", true, { ...postgres, extra: { connectionString: `postgres://postgres@${FAR}/postgres` } }],
  ["a master beside a host", true, { ...postgres, host: "localhost", replication: { master: far, slaves: [] } }],
  ["a replica", true, { ...postgres, replication: { master: near, slaves: [far] } }],
  ["a stream of its own", true, { ...postgres, extra: { stream: () => new Socket() } }],
  ["extra.host of this machine", false, { ...postgres, host: FAR, extra: { host: "127.0.0.1" } }],
  ["the machine of a container", false, { ...postgres, host: "host.docker.internal" }],
  ["a replica of this machine", false, { ...postgres, replication: { master: near, slaves: [near] } }],
  ["MariaDB's host", true, { ...mariadb, host: FAR }],
  ["MariaDB's extra.host", true, { ...mariadb, host: "localhost", extra: { host: FAR } }],
  ["MariaDB's url", true, { ...mariadb, url: `mysql://root@${FAR}/mysql` }],
  ["MariaDB's master", true, { ...mariadb, host: "localhost", replication: { master: farRoot, slaves: [] } }],
  ["MariaDB's default", false, mariadb],
])("shell 21: by what the driver connects to, %s is guarded: %s", async (_what, guarded, options) => {
  const dataSource = await initialized(options);
  expect(isGuarded(dataSource)).toBe(guarded);
  await dataSource.destroy();
});

test("shell 21: PGHOST is where PostgreSQL's driver connects when no option says so", async () => {
  process.env["PGHOST"] = FAR;
  try {
    const dataSource = await initialized(postgres);
    expect(isGuarded(dataSource)).toBe(true);
    expect(remoteHostOf(dataSource)).toBe(FAR);
    await dataSource.destroy();
  } finally {
    delete process.env["PGHOST"];
  }
});

test.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.1", false],
  ["10.1.2.3", true],
  ["010.1.2.3", false],
  ["172.16.0.1", true],
  ["172.32.0.1", false],
  ["192.168.1.5", true],
  ["8.8.8.8", false],
  ["134744072", false],
  ["0x08080808", false],
  ["db", true],
  ["db.example.com", false],
  ["db.example.com.", false],
  ["one,two.example.com", false],
  ["::1", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["::ffff:8.8.8.8", false],
  ["fd00::1", true],
  ["2001:db8::1", false],
  ["/var/run/postgresql", true],
  ["host.docker.internal", true],
  ["host.docker.internal.example.com", false],
])("shell 14: %s is local: %s", (host, local) => expect(isLocalHost(host)).toBe(local));

test("shell 14: the configuration guards and trusts hosts, --write opens a guarded one", () => {
  const at = (host: string): DataSource =>
    ({ options: { type: "postgres" }, driver: { master: new Pool({ host }), slaves: [] } }) as never;
  expect(isGuarded(at(FAR), { trust: ["*.example.com"] })).toBe(false);
  expect(isGuarded(at("db"), { guard: ["db"] })).toBe(true);
  const shell = { db: { dataSource: at(FAR) } } as never as Parameters<typeof restrictionsOf>[0];
  expect(restrictionsOf(shell).readOnly).toBe("guarded");
  expect(restrictionsOf({ ...shell, write: true }).readOnly).toBeUndefined();
  expect(restrictionsOf({ ...shell, readOnly: true }).readOnly).toBe("asked");
  expect(() => restrictionsOf({ ...shell, readOnly: true, write: true })).toThrow("exclude each other");
});

// Commands --------------------------------------------------------------------------------------------------------------

describe.each([
  ["--read-only", { readOnly: true }, /the shell is read-only/],
  ["--sandbox", { sandbox: true }, /a sandbox cannot roll a migration back/],
])("with %s", (_flag, options, why) => {
  const run = jest.fn(() => Promise.resolve(0));
  const type = async (command: string): Promise<Piped> => {
    const dataSource = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: [Plain] });
    await dataSource.initialize();
    run.mockClear();
    const ran = await pipe(dataSource, command, { ...options, migrate: { pending: () => Promise.resolve(0), run } });
    await dataSource.destroy();
    return ran;
  };

  test.each([
    "up",
    "upgrade",
    "down",
    "downgrade",
    "redo",
    "stamp head",
    "generate x",
    "squash",
    "other",
    "-d x.ts up",
  ])("shell 21: .migrate %s is refused by name", async (command) => {
    const ran = await type(`.migrate ${command}\n`);
    expect(ran.exitCode).toBe(1);
    expect(ran.notes).toMatch(why);
    expect(ran.notes).toContain(`retort migrate ${command.split(" ")[0]}`);
    expect(run).not.toHaveBeenCalled();
  });

  test.each(["status", "history", "current", "create x"])(
    "shell 21: .migrate %s runs over a database that refuses writes",
    async (command) => {
      expect(await type(`.migrate ${command}\n`)).toMatchObject({ exitCode: 0 });
      expect(run).toHaveBeenCalledWith(command.split(" "), true);
    },
  );
});

test("shell 21: RETORT_READ_ONLY makes the database refuse what any command would write", async () => {
  const project = microblogProject();
  project.write("seed.ts", "export default () => db.dataSource.query('create table seeded(a int)');");
  expect(await project.hosted(["migrate", "up", "+1"])).toMatchObject({ exitCode: 0 });
  const status = await project.retort(["shell", "--read-only"], { stdin: ".migrate status\n" });
  expect(status).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/pending/) });
  for (const argv of [
    ["migrate", "up"],
    ["migrate", "down"],
    ["run", "seed.ts"],
  ]) {
    const ran = await project.hosted(argv, { env: { RETORT_READ_ONLY: "1" } });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/read.?only/i);
  }
});
