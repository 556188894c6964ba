import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, type DataSourceOptions } from "typeorm";
import { connect, Session, sql, type DatabaseEvent, type RetortError, type StatementEvent } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase, type DatabaseName } from "../helpers/databases";
import { blog, User } from "../helpers/entities/blog";

/** Records the statements of a Database. */
function statementsOf(bench: Bench, options = {}): StatementEvent[] {
  const events: StatementEvent[] = [];
  bench.db.observe((event: DatabaseEvent) => void (event.type === "statement" && events.push(event)), options);
  return events;
}

/** What each database calls itself, and a name that is taken. */
const FACTS: Record<DatabaseName, { system: string; statusCode: string }> = {
  sqlite: { system: "sqlite", statusCode: "SQLITE_CONSTRAINT_UNIQUE" },
  postgres: { system: "postgresql", statusCode: "23505" },
  mariadb: { system: "mariadb", statusCode: "1062" },
};

const SLEEP: Partial<Record<DatabaseName, string>> = {
  postgres: "SELECT pg_sleep(0.15)",
  mariadb: "SELECT sleep(0.15)",
};

eachDatabase((database) => {
  const bench = benchOn(database);
  const { system, statusCode } = FACTS[database.name];
  const user = (username: string): User => bench.db.create(User, { username });

  test("session 47: a statement is observed with its text, its session, its time, its rows and its database", async () => {
    const events = statementsOf(bench);
    bench.session.add(user("susan"));
    const before = Date.now();
    await bench.session.commit();
    await bench.session.query(User).all();
    const last = events.at(-1)!;
    expect(last).toMatchObject({ session: "db.session", operation: "SELECT", rows: 1, batchSize: undefined });
    expect(last.sql).toMatch(/^SELECT .* FROM /);
    expect(last.failure).toBeUndefined();
    expect(last.startedAt).toBeGreaterThanOrEqual(before);
    expect(last.startedAt + last.milliseconds).toBeLessThanOrEqual(Date.now() + 2);
    const { url, database: file } = bench.options as { url?: string; database?: string };
    expect(last.database).toEqual(
      url === undefined
        ? { system, namespace: file, address: undefined, port: undefined }
        : {
            system,
            namespace: new URL(url).pathname.slice(1),
            address: new URL(url).hostname,
            port: Number(new URL(url).port),
          },
    );
  });

  test("session 47: a transaction's own statements are observed, COMMIT and ROLLBACK too", async () => {
    const events = statementsOf(bench);
    bench.session.add(user("susan"));
    await bench.session.commit();
    bench.session.add(user("joe"));
    await bench.session.flush();
    await bench.session.nested(() => bench.session.execute(sql`SELECT 1`));
    await bench.session.rollback();
    const operations = events.map(({ operation }) => operation).filter((name) => !/^(SELECT|SHOW)$/.test(name));
    const begins = operations.filter((name) => /^(BEGIN|START)$/.test(name));
    expect(begins).toHaveLength(2);
    expect(operations.filter((name) => !begins.includes(name))).toEqual([
      "INSERT",
      "COMMIT",
      "INSERT",
      "SAVEPOINT",
      "RELEASE",
      "ROLLBACK",
    ]);
  });

  test("session 47: a failed statement has the code of the error and the database's own", async () => {
    bench.session.add(user("susan"));
    await bench.session.commit();
    const [events, complete] = [statementsOf(bench), statementsOf(bench, { parameters: true })];
    bench.session.add(user("susan"));
    const error = await bench.session.commit().catch((failure: unknown) => failure as RetortError);
    await bench.session.rollback();
    const [failed] = events.filter(({ failure }) => failure !== undefined);
    expect(failed).toMatchObject({ operation: "INSERT", rows: 0, failure: { code: "database/unique", statusCode } });
    expect(complete.find(({ failure }) => failure !== undefined)!.error).toBe(error);
  });

  test("session 47: parameters, and errors that may quote them, come only where they are asked for", async () => {
    const [events, complete] = [statementsOf(bench), statementsOf(bench, { parameters: true })];
    bench.session.add(user("susan"));
    await bench.session.commit();
    bench.session.add(user("susan"));
    await bench.session.commit().catch(() => undefined);
    await bench.session.rollback();
    expect(JSON.stringify(events)).not.toContain("susan");
    expect(events.map(({ sql: text }) => text)).toEqual(complete.map(({ sql: text }) => text));
    expect(JSON.stringify(complete.map(({ parameters }) => parameters))).toContain("susan");
  });

  const many = Array.from({ length: 1_500 }, (_, index) => ({ username: `user ${index}` }));

  test("session 47: a stream is one statement, whose time leaves out its reader's", async () => {
    await bench.session.insert(User, many);
    await bench.session.commit();
    for (const inTransaction of [false, true]) {
      if (inTransaction) await bench.session.begin();
      const events = statementsOf(bench);
      for await (const read of bench.session.query(User).stream()) {
        if (/00$/.test(read.username)) await sleep(100);
      }
      const selects = events.filter(({ operation }) => operation === "SELECT");
      expect(selects).toMatchObject([{ rows: 1_500, failure: undefined }]);
      // Its reader has slept for 1.5 s.
      expect(selects[0]!.milliseconds).toBeLessThan(1_400);
      await bench.session.rollback();
    }
  });

  test("session 47: a stream that its reader stops is observed too", async () => {
    await bench.session.insert(User, many);
    await bench.session.commit();
    const events = statementsOf(bench);
    for await (const read of bench.session.query(User).stream()) {
      expect(read.username).toBeDefined();
      break;
    }
    expect(events).toMatchObject([{ operation: "SELECT", rows: 1_000, failure: undefined }]);
  });

  test("session 47: a listener that throws is a warning, once, and the statement goes on", async () => {
    const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    bench.db.observe(() => {
      throw new Error("of the listener");
    });
    bench.db.observe((async () => {
      throw new Error("of the asynchronous one");
    }) as () => void);
    const events = statementsOf(bench);
    bench.session.add(user("susan"));
    await bench.session.commit();
    expect(await bench.session.query(User).count()).toBe(1);
    await sleep(20);
    expect(events.length).toBeGreaterThan(2);
    expect(warn.mock.calls.map(([message]) => /of the [a-z ]+/.exec(String(message))![0])).toEqual([
      "of the listener",
      "of the asynchronous one",
    ]);
    warn.mockRestore();
  });

  test("session 47: events carry the session's label, and come in the context of the code that caused them", async () => {
    const requests = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    bench.db.observe(({ session }) => void seen.push(`${session} in ${requests.getStore()}`));
    await Promise.all(
      ["one", "two"].map((request) =>
        requests.run(request, () =>
          bench.db.scope(
            async (session) => {
              session.add(user(request));
              await session.commit();
              await session.query(User).all();
            },
            { label: `GET /${request}` },
          ),
        ),
      ),
    );
    expect(new Set(seen)).toEqual(new Set(["GET /one in one", "GET /two in two"]));
    const [first, second] = [bench.db.newSession(), bench.db.newSession()];
    expect([first.label, second.label].every((label) => /^session \d+$/.test(label))).toBe(true);
    expect(first.label).not.toBe(second.label);
    await first.close();
    await second.close();
  });

  test("session 47: a session without a Database is observed by itself, until it is told to stop", async () => {
    const session = new Session(bench.dataSource);
    const seen: string[] = [];
    const stop = session.observe(({ type }) => void seen.push(type));
    await session.query(User).all();
    expect(seen).toEqual(["statement"]);
    stop();
    await session.query(User).all();
    expect(seen).toEqual(["statement"]);
    await session.close();
  });

  const slow = SLEEP[database.name];
  (slow === undefined ? test.skip : test)("session 47: only slow statements, where a threshold is given", async () => {
    const seen: string[] = [];
    bench.db.observe(({ session, milliseconds }) => void seen.push(`${session} ${milliseconds >= 100}`), {
      slowerThan: 100,
    });
    await bench.db.scope(
      async (session) => {
        await session.execute("SELECT 1");
        await session.execute(slow!);
      },
      { label: "GET /slow" },
    );
    expect(seen).toEqual(["GET /slow true"]);
  });
});

eachDatabase(
  (database) => {
    const bench = benchOn(database, { poolSize: 3 });

    test("session 48: the figures of the pool: size, in use, idle, waiting, and who holds what", async () => {
      const { db } = bench;
      await bench.session.query(User).all();
      await sleep(10);
      expect(db.pools()).toMatchObject([{ name: "master", size: 3, inUse: 0, waiting: 0, holders: [] }]);
      const sessions = ["one", "two", "three"].map((label) => db.newSession({ label }));
      for (const session of sessions) await session.begin();
      await sessions[0]!.query(User).all();
      const fourth = db.newSession({ label: "four" }).query(User).all();
      await sleep(10);
      const [pool] = db.pools();
      expect(pool).toMatchObject({ size: 3, inUse: 3, idle: 0, waiting: 1 });
      expect(pool!.holders.map(({ session, purpose }) => `${session}: ${purpose}`)).toEqual([
        "one: transaction",
        "two: transaction",
        "three: transaction",
      ]);
      expect(pool!.holders[0]!.statement).toMatch(/^SELECT/);
      expect(pool!.holders[0]!.milliseconds).toBeGreaterThan(5);
      for (const session of sessions) await session.close();
      await fourth;
      await sleep(10);
      expect(db.pools()).toMatchObject([{ inUse: 0, waiting: 0, holders: [] }]);
    });

    test("session 48: with replication, the pools of master and replicas", async () => {
      const { url, type } = bench.options as { url: string; type: string };
      const options = {
        type,
        replication: { master: { url }, slaves: [{ url }, { url }] },
        entities: blog,
        poolSize: 3,
      };
      const dataSource = await new DataSource(options as unknown as DataSourceOptions).initialize();
      const [writing, reading] = ["writing", "reading"].map((label) => new Session(dataSource, { label }));
      await writing!.begin();
      await reading!.query(User).all();
      const other = await bench.fresh();
      expect(other.pools().map(({ name }) => name)).toEqual(["master"]);
      const db = await connect(dataSource);
      expect(db.pools()).toMatchObject([
        { name: "master", size: 3, inUse: 1, holders: [{ session: "writing" }] },
        { name: "replicas", size: 6 },
      ]);
      await writing!.close();
      await reading!.close();
      await db.close();
      await dataSource.destroy();
    });
  },
  ["postgres", "mariadb"],
);
