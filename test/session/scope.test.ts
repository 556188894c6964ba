import { setTimeout as sleep } from "node:timers/promises";
import { Session, type Database, type Query, type RetortError } from "../../src";
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
  const usernames = async () =>
    (await bench.stored(`SELECT "username" FROM "user" ORDER BY "id"`)).map((row) => row["username"]);
  const queryOf = () => (User as unknown as { query: Query<User> }).query;

  beforeEach(async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "susan", age: 1 }));
    session.add(db.create(Post, { body: "one", author: (session.new as User[]).find((one) => one instanceof User)! }));
    await session.commit();
  });

  test("session 41: inside a scope the session, the queries of classes and relations are the scope's own", async () => {
    const { db } = bench;
    const outside = db.session;
    await db.scope(async (session) => {
      expect(db.session).toBe(session);
      expect(session === outside).toBe(false);
      await sleep(1);
      const user = await queryOf().one();
      expect([session.owns(user), db.session === session]).toEqual([true, true]);
      const [post] = await user.posts;
      expect(session.owns(post!)).toBe(true);
      user.age = 2;
      await db.session.commit();
    });
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 2 }]);
  });

  test("session 41: requests at the same time do not mix", async () => {
    const { db } = bench;
    const request = (index: number) =>
      db.scope(async () => {
        const user = await queryOf().one();
        db.session.add(db.create(User, { username: `of ${index}` }));
        await sleep(5 - index);
        const names = db.session.new.map((one) => (one as User).username);
        await db.session.rollback();
        return { user, names };
      });
    const answers = await Promise.all([1, 2, 3].map(request));
    expect(answers.map(({ names }) => names)).toEqual([["of 1"], ["of 2"], ["of 3"]]);
    expect(new Set(answers.map(({ user }) => user)).size).toBe(3);
    expect(await usernames()).toEqual(["susan"]);
  });

  test("session 41: the end closes the session, and what is not committed is rolled back", async () => {
    const { db } = bench;
    let session!: Session;
    await db.scope(async (own) => {
      session = own;
      own.add(db.create(User, { username: "joe" }));
      await own.flush();
    });
    expect(session.isClosed).toBe(true);
    const failing = db.scope(async (own) => {
      own.add(db.create(User, { username: "joe" }));
      await own.flush();
      throw new Error("no");
    });
    expect(await failureOf(failing)).toMatchObject({ message: "no" });
    expect(await usernames()).toEqual(["susan"]);
    expect(db.session).toBe(bench.session);
  });

  test("session 41: what outlives its scope is told that the session is closed", async () => {
    const { db } = bench;
    const late = { read: (): Promise<unknown> => Promise.resolve() };
    await db.scope(async () => {
      const query = queryOf();
      late.read = () => query.all();
    });
    expect(await failureOf(late.read())).toMatchObject({ code: "session/closed" });
  });

  test("session 41: a query that was made outside belongs to the scope that runs it", async () => {
    const { db } = bench;
    const query = queryOf().filterBy({ username: "susan" });
    await db.scope(async (session) => expect(session.owns(await query.one())).toBe(true));
    expect(bench.session.owns(await query.one())).toBe(true);
  });

  test("session 41: a nested scope uses the outer session, unless it is to be fresh", async () => {
    const { db } = bench;
    await db.scope(async (outer) => {
      await db.scope((inner) => expect(inner).toBe(outer));
      expect(outer.isClosed).toBe(false);
      await db.scope((inner) => expect([inner === outer, db.session === inner]).toEqual([false, true]), {
        fresh: true,
      });
      expect(db.session).toBe(outer);
    });
  });

  test("session 41: a session joins a transaction of TypeORM's, and never ends it", async () => {
    const runner = bench.dataSource.createQueryRunner();
    const session = new Session(runner);
    session.add(session.create(User, { username: "early" }));
    expect(await failureOf(session.flush())).toMatchObject({ code: "session/no-transaction" });
    await session.rollback();
    await runner.startTransaction();
    await runner.manager.save(User, { username: "ann", role: "writer" });
    expect(await session.query(User).count()).toBe(2);
    session.add(session.create(User, { username: "bo" }));
    await session.commit();
    expect(runner.isTransactionActive).toBe(true);
    expect((await runner.manager.find(User)).map(({ username }) => username)).toEqual(["susan", "ann", "bo"]);
    session.add(session.create(User, { username: "cy" }));
    await session.flush();
    await session.rollback();
    await session.nested(() => session.add(session.create(User, { username: "di" })));
    await session.close();
    expect((await runner.manager.find(User)).map(({ username }) => username)).toEqual(["susan", "ann", "bo"]);
    await runner.rollbackTransaction();
    await runner.release();
    expect(await usernames()).toEqual(["susan"]);
  });
});

describe("SQLite", () => {
  const bench = benchOn(database("sqlite"));

  test("session 41: a fresh scope is refused while the outer one has written", async () => {
    const { db }: { db: Database } = bench;
    await db.scope(async (outer) => {
      outer.add(db.create(User, { username: "joe" }));
      await outer.flush();
      const inner = db.scope(() => undefined, { fresh: true });
      expect(await failureOf(inner)).toMatchObject({ code: "session/scope-writes" });
    });
  });
});
