import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, type DataSourceOptions } from "typeorm";
import { Session, type IsolationLevel, type RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { database, eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

eachDatabase((kind) => {
  const bench = benchOn(kind);
  const sessions: Session[] = [];
  const newSession = (options = {}): Session => {
    const session = new Session(bench.dataSource, options);
    sessions.push(session);
    return session;
  };
  const ages = async () => (await bench.stored(`SELECT "age" FROM "user" ORDER BY "username"`)).map(({ age }) => age);
  const susan = (session: Session) => session.query(User).filterBy({ username: "susan" });

  beforeEach(async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "joe", age: 1 }), db.create(User, { username: "susan", age: 1 }));
    await session.commit();
    await session.close();
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close();
  });

  test("session 37: begin opens the transaction, and a second one is refused", async () => {
    const session = newSession();
    await session.begin();
    expect(session.inTransaction).toBe(true);
    expect(await failureOf(session.begin())).toMatchObject({ code: "session/in-transaction" });
    await session.commit();
    expect(session.inTransaction).toBe(false);
  });

  test("session 37: a level that does not exist is refused by name", async () => {
    const wrong = "SERIALISABLE" as IsolationLevel;
    expect(() => new Session(bench.dataSource, { isolation: wrong })).toThrow(/no isolation level "SERIALISABLE"/);
    expect(await failureOf(newSession().begin({ isolation: wrong }))).toMatchObject({ code: "session/isolation" });
  });

  test("session 37: a read-only transaction refuses to write, and ends with it", async () => {
    const session = newSession();
    await session.begin({ readOnly: true });
    const user = await susan(session).one();
    user.age = 2;
    expect(await failureOf(session.commit())).toMatchObject({ code: "database/read-only" });
    await session.rollback();
    user.age = 3;
    await session.commit();
    expect(await ages()).toEqual([1, 3]);
  });

  test("session 37: at READ COMMITTED a read opens no transaction", async () => {
    const session = newSession({ isolation: "READ COMMITTED" });
    await session.query(User).all();
    expect(session.inTransaction).toBe(false);
  });

  test.each(["REPEATABLE READ", "SERIALIZABLE"] as const)(
    "session 37: at %s the first read opens the transaction, whatever reads",
    async (isolation) => {
      for (const read of [
        (session: Session) => session.query(User).all(),
        (session: Session) => session.get(User, 1),
        (session: Session) => session.query(User).count(),
        async (session: Session) => {
          for await (const user of session.query(User).stream()) void user;
        },
        (session: Session) => Promise.all([session.query(User).all(), session.query(Post).all()]),
      ]) {
        const session = newSession({ isolation });
        await read(session);
        expect(session.inTransaction).toBe(true);
        await session.commit();
        expect(session.inTransaction).toBe(false);
        await session.close();
      }
    },
  );

  test("session 37: what was loaded before the transaction is read again in it", async () => {
    const session = newSession();
    const user = await susan(session).one();
    await bench.stored(`UPDATE "user" SET "age" = 7 WHERE "username" = 'susan'`);
    await session.begin({ isolation: "REPEATABLE READ" });
    expect(await session.get(User, user.id)).toBe(user);
    expect(user.age).toBe(7);
  });

  test("session 37: a change that was computed from a row as it was before is refused, and is retryable", async () => {
    const session = newSession();
    const user = await susan(session).one();
    await bench.stored(`UPDATE "user" SET "age" = 7 WHERE "username" = 'susan'`);
    await session.begin({ isolation: "SERIALIZABLE" });
    user.age! += 1;
    expect(await failureOf(session.commit())).toMatchObject({ code: "session/stale", retryable: true });
    await session.rollback();
    expect(await ages()).toEqual([1, 7]);
    // The same holds where the object was changed before the transaction began.
    const other = newSession({ isolation: "SERIALIZABLE" });
    const same = await susan(other).one();
    await other.commit();
    await bench.stored(`UPDATE "user" SET "age" = 9 WHERE "username" = 'susan'`);
    same.age! += 1;
    expect(await failureOf(other.commit())).toMatchObject({ code: "session/stale" });
    await other.rollback();
    await other.commit();
    expect(await ages()).toEqual([1, 9]);
    // What nobody else changed is written.
    await susan(other).one();
    same.age! += 1;
    await other.commit();
    same.age! += 1;
    await other.commit();
    expect(await ages()).toEqual([1, 11]);
  });

  test("session 37: forUpdate opens the transaction, refreshes the row, and flushes what was changed of it", async () => {
    const session = newSession();
    const user = await susan(session).one();
    await bench.stored(`UPDATE "user" SET "role" = 'new' WHERE "username" = 'susan'`);
    user.age = 2;
    expect(await session.noAutoflush(() => susan(session).forUpdate().one())).toBe(user);
    expect([user.role, user.age, session.inTransaction]).toEqual(["new", 2, true]);
    await session.rollback();
    expect(await ages()).toEqual([1, 1]);
    await susan(session).forShare().one();
    expect(session.inTransaction).toBe(true);
  });

  test("session 37: a locked row is waited for", async () => {
    const [first, second] = [newSession(), newSession()];
    const add = async (session: Session): Promise<void> => {
      const user = await susan(session).forUpdate().one();
      await sleep(20);
      user.age! += 1;
      await session.commit();
    };
    await susan(first).one();
    await susan(second).one();
    await Promise.all([add(first), add(second)]);
    expect(await ages()).toEqual([1, 3]);
  });

  test("session 37: what cannot lock rows is refused by name", async () => {
    const query = newSession().query(User).forUpdate();
    for (const work of [query.count(), query.exists(), query.update({ age: 1 }), query.delete(), query.stream().next()])
      expect(await failureOf(work)).toMatchObject({ code: "query/lock" });
    expect(() => newSession().query(User).forUpdate({ skipLocked: true, nowait: true })).toThrow("exclude each other");
  });

  test("session 37: transaction() commits at the end, and rolls back where the function throws", async () => {
    const session = newSession();
    expect(
      await session.transaction(async () => {
        (await susan(session).one()).age = 2;
        return "done";
      }),
    ).toBe("done");
    expect([await ages(), session.inTransaction]).toEqual([[1, 2], false]);
    const failing = session.transaction(async () => {
      (await susan(session).one()).age = 3;
      await session.flush();
      throw new Error("no");
    });
    expect(await failureOf(failing)).toMatchObject({ message: "no" });
    expect([await ages(), session.inTransaction]).toEqual([[1, 2], false]);
  });

  test("session 37: transaction() repeats what is retryable, as often as it is told, and nothing else", async () => {
    const session = newSession();
    const retryable = await staleError();
    let attempts = 0;
    const work = (failures: number, error: unknown) => async () => {
      if (attempts++ < failures) throw error;
    };
    await session.transaction(work(2, retryable), { retries: 2 });
    expect(attempts).toBe(3);
    attempts = 0;
    expect(await failureOf(session.transaction(work(2, retryable), { retries: 1 }))).toBe(retryable);
    expect(attempts).toBe(2);
    attempts = 0;
    await failureOf(session.transaction(work(1, new Error("no")), { retries: 5 }));
    expect(attempts).toBe(1);
  });

  /** An error of a change that was computed from a row that another transaction has changed since. */
  async function staleError(): Promise<RetortError> {
    const session = newSession();
    const user = await susan(session).one();
    await bench.stored(`UPDATE "user" SET "age" = 5 WHERE "username" = 'susan'`);
    await session.begin({ isolation: "SERIALIZABLE" });
    user.age = 6;
    const error = await failureOf(session.commit());
    await session.close();
    return error;
  }

  test("session 37: transaction() is refused in a transaction, and where there are unflushed changes", async () => {
    const session = newSession();
    const user = await susan(session).one();
    user.age = 2;
    expect(await failureOf(session.transaction(() => undefined))).toMatchObject({ code: "session/unflushed" });
    await session.flush();
    expect(await failureOf(session.transaction(() => undefined))).toMatchObject({ code: "session/in-transaction" });
    await session.commit();
    expect(await ages()).toEqual([1, 2]);
  });

  test("session 37: SERIALIZABLE loses no update, by begin, by the session's option and by transaction()", async () => {
    const add = async (session: Session): Promise<void> => {
      const user = await susan(session).one();
      await sleep(2);
      user.age! += 1;
    };
    const committed = async (session: Session): Promise<void> => {
      for (;;)
        try {
          await add(session);
          return await session.commit();
        } catch (error) {
          if (!(error as RetortError).retryable) throw error;
          await session.rollback();
        }
    };
    const isolation = "SERIALIZABLE";
    const work = [
      () => committed(newSession({ isolation })),
      () => newSession().transaction(add, { isolation, retries: 50 }),
      () => newSession({ isolation }).transaction(add, { retries: 50 }),
    ];
    await Promise.all(Array.from({ length: 9 }, (_, index) => work[index % 3]!()));
    expect(await ages()).toEqual([1, 10]);
  });
});

eachDatabase(
  (kind) => {
    const bench = benchOn(kind);

    test("session 37: locked rows are skipped, or fail", async () => {
      const { db, session } = bench;
      session.add(db.create(User, { username: "joe" }), db.create(User, { username: "susan" }));
      await session.commit();
      await session.query(User).filterBy({ username: "joe" }).forUpdate().one();
      const other = (await bench.fresh()).session;
      const rest = await other.query(User).orderBy("username").forUpdate({ skipLocked: true }).all();
      const paged = other.query(User).leftJoin("posts").limit(1).forUpdate({ skipLocked: true });
      expect(await failureOf(paged.all())).toMatchObject({ code: "query/lock" });
      expect(rest.map(({ username }) => username)).toEqual(["susan"]);
      await other.rollback();
      expect(await failureOf(other.query(User).forShare({ nowait: true }).all())).toMatchObject({
        code: "database/locked",
        retryable: true,
      });
      await other.rollback();
      await session.rollback();
    });

    test("session 37: a query that joins locks the rows of its entity", async () => {
      const { db, session } = bench;
      session.add(db.create(Post, { body: "one" }));
      await session.commit();
      expect(
        (await session.query(Post).leftJoin("author").orderBy("author.username").limit(1).forUpdate().all()).length,
      ).toBe(1);
      await session.rollback();
    });

    test("session 37: the DataSource's level is that of its sessions", async () => {
      const dataSource = await new DataSource({
        ...bench.options,
        synchronize: false,
        isolationLevel: "REPEATABLE READ",
      } as object as DataSourceOptions).initialize();
      const session = new Session(dataSource);
      await session.query(User).count();
      expect(session.inTransaction).toBe(true);
      bench.session.add(bench.db.create(User, { username: "joe" }));
      await bench.session.commit();
      expect(await session.query(User).count()).toBe(0);
      await session.close();
      await dataSource.destroy();
    });
  },
  ["postgres", "mariadb"],
);

describe("SQLite", () => {
  const bench = benchOn(database("sqlite"));

  test("session 37: a transaction begins IMMEDIATE, a read-only one DEFERRED; skipLocked is refused by name", async () => {
    const { session } = bench;
    await session.begin();
    await session.rollback();
    await session.begin({ readOnly: true });
    await session.rollback();
    await session.query(User).forUpdate().all();
    await session.rollback();
    expect(bench.sent(/BEGIN/)).toEqual(["BEGIN IMMEDIATE", "BEGIN DEFERRED", "BEGIN IMMEDIATE"]);
    expect(() => session.query(User).forUpdate({ skipLocked: true })).toThrow("SQLite locks the whole database");
  });

  test("session 37: a reader in a read-only transaction waits for no writer", async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "joe" }));
    await session.flush();
    const other = (await bench.fresh()).session;
    await other.begin({ readOnly: true });
    expect(await other.query(User).count()).toBe(0);
    await other.rollback();
    await session.commit();
  });
});
