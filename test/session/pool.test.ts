import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { Session, type RetortError } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";

/** Connections of the DataSource's pool that are in use. */
function inUse({ kind, dataSource }: Bench): number {
  const driver = dataSource.driver as unknown as { master: Pool; pool: MysqlPool };
  if (kind === "postgres") return driver.master.totalCount - driver.master.idleCount;
  return driver.pool._allConnections.length - driver.pool._freeConnections.length;
}

interface MysqlPool {
  _allConnections: { length: number };
  _freeConnections: { length: number };
}

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

/** Of one turn of the event loop: a connection is returned at its end. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a session sends after its end, the ROLLBACK of a late BEGIN, is answered. */
const answered = (): Promise<void> => sleep(50);

eachDatabase(
  (kind) => {
    const bench = benchOn(kind, { poolSize: 3 });
    const sessions: Session[] = [];
    const newSession = (options = {}): Session => {
      const session = new Session(bench.dataSource, options);
      sessions.push(session);
      return session;
    };
    const users = (count: number): User[] =>
      Array.from({ length: count }, (_, index) => bench.db.create(User, { username: `user${index}` }));

    beforeEach(async () => {
      bench.session.add(...users(5));
      await bench.session.commit();
    });
    afterEach(async () => {
      for (const session of sessions.splice(0)) await session.close();
    });

    test("session 39: a session holds a connection in its transaction only", async () => {
      const session = newSession();
      const user = await session.query(User).filterBy({ username: "user1" }).one();
      await nextTurn();
      expect(inUse(bench)).toBe(0);
      user.age = 20;
      await session.flush();
      await nextTurn();
      expect(inUse(bench)).toBe(1);
      await session.commit();
      await nextTurn();
      expect(inUse(bench)).toBe(0);
      user.age = 21;
      await session.flush();
      await session.rollback();
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: a flush that fails returns the connection too", async () => {
      const session = newSession();
      session.add(session.create(User, { username: "user1" }));
      expect(await failureOf(session.flush())).toMatchObject({ code: "database/unique" });
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: more sessions than connections read, write and stream, and none is closed", async () => {
      const work = async (index: number): Promise<void> => {
        const session = newSession();
        await session.query(User).all();
        for await (const user of session.query(User).stream()) expect(user.username).toBeTruthy();
        session.add(session.create(User, { username: `other${index}` }));
        await session.commit();
        expect((await session.query(User).orderBy("id").first())!.username).toBe("user0");
      };
      await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)));
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: ten thousand sessions that are dropped after their commit leave no connection behind", async () => {
      for (let index = 0; index < 10_000; index++) {
        const session = new Session(bench.dataSource);
        if (index % 100 === 0) session.add(session.create(User, { username: `other${index}` }));
        else if (index % 10 === 0) await session.query(User).first();
        await session.commit();
      }
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: queries of one session at the same time share a connection", async () => {
      const session = newSession();
      const counts = Promise.all(Array.from({ length: 9 }, () => session.query(User).count()));
      await sleep(1);
      expect(inUse(bench)).toBeLessThanOrEqual(1);
      expect(await counts).toEqual(new Array(9).fill(5));
    });

    test("session 39: a stream in a transaction needs no second connection", async () => {
      const work = async (): Promise<number> => {
        const session = newSession();
        session.add(session.create(Post, { body: "one" }));
        await session.flush();
        let count = 0;
        for await (const user of session.query(User).stream()) {
          count++;
          expect(await user.posts).toEqual([]);
        }
        await session.rollback();
        return count;
      };
      expect(await Promise.all([work(), work(), work()])).toEqual([5, 5, 5]);
    });

    test("session 39: a stream that outlives its transaction keeps the connection until it ends", async () => {
      const session = newSession();
      session.add(session.create(Post, { body: "one" }));
      await session.flush();
      const names: string[] = [];
      for await (const user of session.query(User).orderBy("username").stream()) {
        if (names.length === 0) await session.commit();
        await nextTurn();
        names.push(user.username);
      }
      expect(names).toEqual(["user0", "user1", "user2", "user3", "user4"]);
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: waiting for the pool ends in an error that says which sessions hold it", async () => {
      for (const [index, session] of [newSession(), newSession()].entries()) {
        session.add(session.create(User, { username: `waiting${index}` }));
        await session.flush();
      }
      const stream = newSession().query(User).stream();
      await stream.next();
      const last = newSession({ poolTimeout: 100 });
      expect(await failureOf(last.query(User).all())).toMatchObject({
        code: "database/pool-timeout",
        retryable: true,
        message: expect.stringMatching(
          /^no connection of the pool was free within 0\.1 s: 3 sessions hold one \(2 in a transaction, 1 reading a stream\), the oldest \(session \d+\) for [\d.]+ s; its last statement: (INSERT|SELECT) /,
        ),
        hint: expect.stringContaining("poolSize"),
      });
      await stream.return(undefined);
      expect(await last.query(User).count()).toBe(5);
    });

    test("session 39: the end of a session ends its streams, which say so", async () => {
      const outside = newSession();
      const inside = newSession();
      await inside.begin();
      const streams = [outside, inside].map((session) => session.query(User).stream());
      for (const stream of streams) await stream.next();
      for (const session of [outside, inside]) await session.close();
      await nextTurn();
      expect(inUse(bench)).toBe(0);
      for (const stream of streams)
        await expect(
          (async () => {
            for await (const user of stream) expect(user.username).toBeTruthy();
          })(),
        ).rejects.toMatchObject({ code: "session/closed" });
    });

    test("session 39: a statement that nobody awaits when its session is closed returns its connection too", async () => {
      const holders = [newSession(), newSession(), newSession()];
      for (const holder of holders) await holder.begin();
      const closed = newSession();
      const unawaited = closed.query(User).all();
      await closed.close();
      for (const holder of holders) await holder.rollback();
      expect(await unawaited).toHaveLength(5);
      await nextTurn();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: a BEGIN that nobody awaits when its session is closed is rolled back, and its connection returned", async () => {
      const closed = newSession({ isolation: "SERIALIZABLE" });
      const unawaited = failureOf(closed.query(User).all());
      await closed.close();
      expect(await unawaited).toMatchObject({ code: "session/closed" });
      await answered();
      expect(inUse(bench)).toBe(0);
      expect(closed.inTransaction).toBe(false);
    });

    test("session 39: the end of a session does not wait for a BEGIN that waits for the pool", async () => {
      const holders = [newSession(), newSession(), newSession()];
      for (const holder of holders) await holder.begin();
      const closed = newSession({ isolation: "SERIALIZABLE" });
      const unawaited = failureOf(closed.query(User).all());
      await closed.close();
      for (const holder of holders) await holder.rollback();
      expect(await unawaited).toMatchObject({ code: "session/closed" });
      await answered();
      expect(inUse(bench)).toBe(0);
    });

    test("session 39: the connection that arrives after that error is returned", async () => {
      const holders = [newSession(), newSession(), newSession()];
      for (const [index, session] of holders.entries()) {
        session.add(session.create(User, { username: `waiting${index}` }));
        await session.flush();
      }
      const late = newSession({ poolTimeout: 50 });
      await failureOf(late.query(User).all());
      for (const session of holders) await session.rollback();
      await sleep(20);
      expect(inUse(bench)).toBe(0);
      expect(await late.query(User).count()).toBe(5);
    });
  },
  ["postgres", "mariadb"],
);
