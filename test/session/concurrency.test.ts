import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, type DataSourceOptions } from "typeorm";
import { connect, type DatabaseError, type DatabaseEvent, type RetortError, type Session } from "../../src";
import { database, eachDatabase } from "../helpers/databases";
import { benchOn, type Bench } from "../helpers/bench";
import { blog, Group, Post, User } from "../helpers/entities/blog";

/** Does something in the middle of a flush, when its first statement that matches was sent. */
function during(bench: Bench, pattern: RegExp, act: () => void): void {
  const stop = bench.db.observe((event: DatabaseEvent) => {
    if (event.type !== "statement" || !pattern.test(event.sql)) return;
    stop();
    act();
  });
}

const failureOf = (work: Promise<unknown>): Promise<RetortError | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => error as RetortError,
  );

eachDatabase((kind) => {
  const bench = benchOn(kind);

  test("session 29: two flushes of one session run one after the other", async () => {
    const { db, session } = bench;
    const users = Array.from({ length: 20 }, (_, index) => db.create(User, { username: `u${index}` }));
    session.add(...users);
    await Promise.all([session.flush(), session.flush(), session.commit(), session.flush()]);
    expect(await bench.stored(`SELECT COUNT(*) AS "n" FROM "user"`)).toEqual([{ n: expect.anything() }]);
    expect(await session.query(User).count()).toBe(20);
    expect(bench.events.filter(({ type }) => type === "begin")).toHaveLength(1);
  });

  test("session 29: so do two of which the first reads, and what it reads does not wait for it", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "gone" });
    user.posts.push(db.create(Post, { body: "stays" }));
    session.add(user);
    await session.commit();
    session.expungeAll();
    session.delete(await session.query(User).one());
    bench.quiet();
    const first = session.commit();
    await Promise.resolve();
    session.add(db.create(User, { username: "new" }));
    await Promise.all([first, session.commit()]);
    const events = bench.events.map(({ type }) => type).filter((type) => type !== "statement");
    expect(events.join(" ")).toMatch(/^(begin flush commit ?)+$/);
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "new" }]);
  });

  test("session 29: what is added during a flush waits for the next", async () => {
    const { db, session } = bench;
    const [first, second] = ["first", "second"].map((username) => db.create(User, { username })) as [User, User];
    session.add(first);
    during(bench, /^INSERT/, () => session.add(second));
    await session.flush();
    expect([session.state(first), session.state(second)]).toEqual(["persistent", "pending"]);
    await session.commit();
    expect(session.state(second)).toBe("persistent");
    expect(await session.query(User).count()).toBe(2);
  });

  test("session 29: what is changed during a flush waits for the next, and is not lost", async () => {
    const { db, session } = bench;
    const [susan, joe] = ["susan", "joe"].map((username) => db.create(User, { username, age: 1 })) as [User, User];
    const [one, two] = ["one", "two"].map((body) => db.create(Post, { body, author: susan })) as [Post, Post];
    const [readers, writers] = ["readers", "writers"].map((name) => db.create(Group, { name })) as [Group, Group];
    session.add(susan, joe, one, two, readers, writers);
    await session.commit();
    susan.age = 2;
    one.author = joe;
    joe.groups.push(readers);
    during(bench, /^UPDATE/, () => {
      susan.age = 3;
      two.author = joe;
      one.author = null;
      joe.groups.push(writers);
    });
    await session.flush();
    expect(susan.age).toBe(3);
    await session.commit();
    const fresh = await bench.fresh();
    expect((await fresh.query(User).filterBy({ username: "susan" }).one()).age).toBe(3);
    const found = await fresh.query(User).filterBy({ username: "joe" }).one();
    expect((await found.posts).map(({ body }) => body)).toEqual(["two"]);
    expect((await found.groups).map(({ name }) => name).sort()).toEqual(["readers", "writers"]);
  });

  test("session 29: a new object that is changed during its flush keeps the change", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 1 });
    session.add(user);
    during(bench, /^INSERT/, () => (user.age = 2));
    await session.flush();
    expect(user.age).toBe(2);
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 2 }]);
  });

  test("session 29: a query waits for a running flush", async () => {
    const { db, session } = bench;
    session.add(...Array.from({ length: 20 }, (_, index) => db.create(User, { username: `u${index}` })));
    const flushing = session.flush();
    const counting = session.query(User).count();
    // One that does not flush by itself waits too.
    const withoutAutoflush = session.noAutoflush(() => session.query(User).count());
    await flushing;
    expect(await counting).toBe(20);
    expect(await withoutAutoflush).toBe(20);
    const order = bench.sent().map((sql) => sql.split(" ", 1)[0]);
    expect(order.lastIndexOf("INSERT")).toBeLessThan(order.indexOf("SELECT"));
  });

  test("session 29: a session that throws leaves nothing of itself in the other's transaction", async () => {
    const { db, session } = bench;
    const taken = db.create(User, { username: "taken" });
    session.add(taken);
    await session.commit();
    const other = await bench.fresh();

    session.add(db.create(User, { username: "mine" }));
    await session.flush();
    other.session.add(other.create(User, { username: "theirs" }));
    // On SQLite this waits until the first session is done.
    const theirs = other.session.commit();
    await sleep(20);
    expect(
      (await other.session.noAutoflush(() => bench.stored(`SELECT "username" FROM "user"`))).map(nameOf),
    ).not.toContain("mine");
    session.add(db.create(User, { username: "taken" }));
    expect(await failureOf(session.flush())).toMatchObject({ kind: "unique" });
    await theirs;
    await session.rollback();
    expect((await bench.stored(`SELECT "username" FROM "user" ORDER BY "id"`)).map(nameOf)).toEqual([
      "taken",
      "theirs",
    ]);
  });

  test("session 29: many sessions write at once, and each has its own transaction", async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => bench.fresh()));
    await Promise.all(
      sessions.map(async ({ session, create }, index) => {
        const user = create.call(bench.db, User, { username: `u${index}` }) as User;
        // InnoDB may take two that insert into one index for a deadlock when a third rolls back; the one it chose tries again.
        await untilWritten(session, async () => {
          session.add(user);
          await session.flush();
        });
        await sleep(1);
        if (index % 2 === 0) await session.commit();
        else await session.rollback();
      }),
    );
    expect((await bench.stored(`SELECT "username" FROM "user"`)).map(nameOf).sort()).toEqual(["u0", "u2", "u4", "u6"]);
  });
});

async function untilWritten(session: Session, write: () => Promise<void>): Promise<void> {
  for (;;)
    try {
      return await write();
    } catch (error) {
      if (!(error as DatabaseError).retryable) throw error;
      await session.rollback();
    }
}

const nameOf = ({ username }: Record<string, unknown>): unknown => username;

test("session 29: sessions on a database in memory take turns", async () => {
  const db = await connect({
    type: "better-sqlite3",
    database: ":memory:",
    entities: blog,
    synchronize: true,
  } as DataSourceOptions);
  const other = db.newSession();
  db.session.add(db.create(User, { username: "mine" }));
  await db.session.flush();
  other.add(other.create(User, { username: "theirs" }));
  const theirs = other.commit();
  await sleep(20);
  await db.session.rollback();
  await theirs;
  expect((await db.dataSource.query<Record<string, unknown>[]>(`SELECT "username" FROM "user"`)).map(nameOf)).toEqual([
    "theirs",
  ]);
  await other.close();
  await db.close();
});

describe("SQLite", () => {
  const bench = benchOn(database("sqlite"));

  /** Another process that holds the write lock until it is told to let go. */
  async function holder(): Promise<{ process: ChildProcess; release(): Promise<unknown> }> {
    const file = JSON.stringify(bench.options.database);
    const code = `
      const db = new (require("better-sqlite3"))(${file});
      db.exec("BEGIN IMMEDIATE; UPDATE user SET age = 99");
      process.stdout.write("held");
      process.stdin.on("end", () => db.exec("COMMIT")).resume();`;
    const process = spawn(globalThis.process.execPath, ["-e", code], { stdio: ["pipe", "pipe", "inherit"] });
    await once(process.stdout, "data");
    return {
      process,
      release: () => {
        const exit = once(process, "exit");
        process.stdin.end();
        return exit;
      },
    };
  }

  test("session 30: a writer begins IMMEDIATE, and one that has read never fails with a stale snapshot", async () => {
    await bench.stored("PRAGMA journal_mode = WAL");
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 1 });
    session.add(user);
    await session.commit();
    expect(bench.sent(/BEGIN/)).toEqual(["BEGIN IMMEDIATE"]);
    await session.query(User).all();
    const other = await bench.fresh();
    (await other.query(User).one()).age = 2;
    await other.session.commit();
    user.username = "sue";
    await session.commit();
    expect(await bench.stored(`SELECT "username", "age" FROM "user"`)).toEqual([{ username: "sue", age: 2 }]);
  });

  test("session 30: a lock that another process holds is waited for while timers go on", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 1 });
    session.add(user);
    await session.commit();
    const other = await holder();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    session.add(db.create(User, { username: "joe", age: 2 }));
    const committing = session.commit();
    await sleep(300);
    const before = ticks;
    await other.release();
    await committing;
    clearInterval(timer);
    expect(before).toBeGreaterThan(15);
    expect(await bench.stored(`SELECT "age" FROM "user" ORDER BY "id"`)).toEqual([{ age: 99 }, { age: 2 }]);
  });

  test("session 30: the wait ends in an error that says who holds the lock", async () => {
    const dataSource = await new DataSource({
      ...bench.options,
      timeout: 100,
      synchronize: false,
    } as DataSourceOptions).initialize();
    const db = await connect(dataSource);
    const other = await holder();
    const who = process.platform === "linux" ? `process ${other.process.pid}` : "another process";
    db.session.add(db.create(User, { username: "susan" }));
    expect(await failureOf(db.session.commit())).toMatchObject({
      kind: "locked",
      retryable: true,
      message: expect.stringMatching(new RegExp(`^${who} has been writing to .*scratch.sqlite`)),
    });
    await other.release();
    await db.session.rollback();

    bench.session.add(bench.db.create(User, { username: "joe" }));
    await bench.session.flush();
    db.session.add(db.create(User, { username: "susan" }));
    expect(await failureOf(db.session.commit())).toMatchObject({
      kind: "locked",
      retryable: true,
      message: expect.stringMatching(/^another session of this process has been writing to .* for 0.1 s/),
    });
    await db.session.rollback();
    await bench.session.commit();
    db.session.add(db.create(User, { username: "susan" }));
    await db.session.commit();
    expect(await bench.session.query(User).count()).toBe(2);
    await db.close();
    await dataSource.destroy();
  });
});

eachDatabase(
  (kind) => {
    const bench = benchOn(kind);

    async function susanAndJoe(): Promise<void> {
      const { db, session } = bench;
      session.add(db.create(User, { username: "joe", age: 1 }), db.create(User, { username: "susan", age: 1 }));
      await session.commit();
    }

    test("session 31: a deadlock ends one of the two sessions, which can do the same work again", async () => {
      await susanAndJoe();
      const sessions = await Promise.all([bench.fresh(), bench.fresh()]);
      const work = sessions.map(async (db, index) => {
        const users = await db.query(User).orderBy("username").all();
        if (index === 1) users.reverse();
        return { db, users };
      });
      const [a, b] = (await Promise.all(work)) as [Awaited<(typeof work)[0]>, Awaited<(typeof work)[0]>];
      for (const { db, users } of [a, b]) {
        users[0]!.age = 2;
        await db.session.flush();
      }
      const second = [a, b].map(({ db, users }) => {
        users[1]!.age = 3;
        return failureOf(db.session.commit());
      });
      const failures = await Promise.all(second);
      const victims = failures.filter((failure) => failure !== undefined);
      expect(victims).toMatchObject([{ kind: "deadlock", code: "database/deadlock", retryable: true }]);
      const { db, users } = failures[0] ? a : b;
      await db.session.rollback();
      for (const user of users) user.age = 4;
      await db.session.commit();
      expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 4 }, { age: 4 }]);
    });

    test("session 31: a deadlock inside a savepoint is the error that is reported, and is retryable", async () => {
      await susanAndJoe();
      const sessions = (await Promise.all([bench.fresh(), bench.fresh()])).map(({ session }) => session);
      const both = sessions.map((session, index) =>
        failureOf(
          session.nested(async () => {
            const users = await session.query(User).orderBy("username").all();
            if (index === 1) users.reverse();
            users[0]!.age! += 1;
            await session.flush();
            await sleep(100);
            users[1]!.age! += 1;
            await session.flush();
          }),
        ),
      );
      const failures = await Promise.all(both);
      expect(failures.filter((failure) => failure !== undefined)).toMatchObject([
        { code: "database/deadlock", retryable: true },
      ]);
      const victim = sessions[failures.findIndex((failure) => failure !== undefined)]!;
      await sessions.find((session) => session !== victim)!.commit();
      await victim.rollback();
      for (const user of await victim.query(User).populateExisting().all()) user.age! += 1;
      await victim.commit();
      expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 3 }, { age: 3 }]);
    });

    test("session 31: after a deadlock of a read nothing is written outside the transaction", async () => {
      await susanAndJoe();
      const sessions = (await Promise.all([bench.fresh(), bench.fresh()])).map(({ session }) => session);
      const lock = (session: Session, username: string) => session.query(User).filterBy({ username }).forUpdate().one();
      await lock(sessions[0]!, "susan");
      await lock(sessions[1]!, "joe");
      const failures = await Promise.all([
        failureOf(lock(sessions[0]!, "joe")),
        sleep(50).then(() => failureOf(lock(sessions[1]!, "susan"))),
      ]);
      const index = failures.findIndex((failure) => failure !== undefined);
      const victim = sessions[index]!;
      victim.add(victim.create(User, { username: "ann" }));
      expect(await failureOf(victim.commit())).toMatchObject({ code: "database/deadlock", retryable: true });
      await victim.rollback();
      await sessions[1 - index]!.rollback();
      expect(await victim.query(User).count()).toBe(2);
    });

    test("session 31: a connection that is lost in a transaction is said so, and the work can be done again", async () => {
      await susanAndJoe();
      const { db, session } = bench;
      const user = db.create(User, { username: "ann" });
      session.add(user);
      await session.flush();
      await killTheOpenTransaction(bench);
      session.add(db.create(User, { username: "bob" }));
      expect(await failureOf(session.flush())).toMatchObject({
        kind: "connection-lost",
        code: "database/connection-lost",
        retryable: true,
      });
      await session.rollback();
      expect(session.state(user)).toBe("transient");
      session.add(user);
      await session.commit();
      expect((await bench.stored(`SELECT "username" FROM "user" ORDER BY "username"`)).map(nameOf)).toEqual([
        "ann",
        "joe",
        "susan",
      ]);
    });

    test("session 31: an error that will come again is not retryable", async () => {
      await susanAndJoe();
      bench.session.add(bench.db.create(User, { username: "joe" }));
      expect(await failureOf(bench.session.flush())).toMatchObject({ kind: "unique", retryable: false });
    });
  },
  ["postgres", "mariadb"],
);

async function killTheOpenTransaction(bench: Bench): Promise<void> {
  if (bench.kind === "postgres") {
    await bench.stored(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
    );
  } else {
    const [found] = await bench.stored(
      `SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE db = DATABASE()`,
    );
    await bench.stored(`KILL ${Number(found!["id"])}`);
  }
}

describe("PostgreSQL, serializable", () => {
  eachDatabase(
    (kind) => {
      const bench = benchOn(kind, { extra: { options: "-c default_transaction_isolation=serializable" } });

      test("session 31: a serialization failure is told apart, and the work can be done again", async () => {
        const { db, session } = bench;
        const user = db.create(User, { username: "susan", age: 1 });
        session.add(user, db.create(User, { username: "joe" }));
        await session.commit();
        const other = await bench.fresh();
        // Both transactions begin with a write, and so with their view of the rows.
        session.add(db.create(Post, { body: "one" }));
        await session.flush();
        const same = await other.query(User).filterBy({ username: "susan" }).one();
        same.age = 2;
        await other.session.commit();
        user.age = 3;
        expect(await failureOf(session.commit())).toMatchObject({
          kind: "serialization",
          code: "database/serialization",
          retryable: true,
        });
        await session.rollback();
        user.age = 3;
        await session.commit();
        expect(await bench.stored(`SELECT "age" FROM "user" WHERE "username" = 'susan'`)).toEqual([{ age: 3 }]);
      });
    },
    ["postgres"],
  );
});
