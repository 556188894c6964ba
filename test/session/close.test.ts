import { DataSource } from "typeorm";
import type BetterSqlite3 from "better-sqlite3";
import { Session, type RetortError, type SessionOptions } from "../../src";
import { benchOn } from "../helpers/bench";
import { database, eachDatabase } from "../helpers/databases";
import { blog, Post, User } from "../helpers/entities/blog";

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

eachDatabase((kind) => {
  const bench = benchOn(kind);

  describe("a stream", () => {
    /** More than a stream reads at a time. */
    const ALL = 2_500;
    const BATCH = 1_000;

    beforeEach(async () => {
      await bench.session.insert(
        Post,
        Array.from({ length: ALL }, (_, index) => ({ body: `post ${index}` })),
      );
      await bench.session.commit();
    });

    test.each([0, 1, 500, BATCH])(
      "session 35: a stream whose session is closed on the way is an error, never fewer rows (at row %i)",
      async (row) => {
        for (const isTransaction of [false, true]) {
          const session = new Session(bench.dataSource);
          if (isTransaction) await session.begin();
          let [read, closing] = [0, row === 0 ? closeSoon(session) : undefined];
          const reading = (async () => {
            for await (const post of session.query(Post).stream()) {
              expect(post.body).toBeTruthy();
              if (++read === row) closing = session.close();
            }
          })();
          expect(await failureOf(reading)).toMatchObject({ code: "session/closed" });
          await closing;
          expect(read).toBeLessThanOrEqual(ALL);
        }
      },
    );

    /** When the stream has asked for its connection, and not read yet. */
    async function closeSoon(session: Session): Promise<void> {
      await Promise.resolve();
      await session.close();
    }
  });

  test("session 39: what starts while a session is being closed is refused, and writes nothing", async () => {
    const session = new Session(bench.dataSource);
    session.add(session.create(User, { username: "susan" }));
    await session.flush();
    const closing = session.close();
    const late = [
      session.execute("INSERT INTO post (body) VALUES ('late')"),
      session.insert(Post, [{ body: "late" }]),
      session.query(Post).update({ body: "late" }),
      session.query(User).all(),
      session.query(User).forUpdate().all(),
      session.begin(),
      session.flush(),
      session.commit(),
      session.rollback(),
    ];
    for (const work of await Promise.all(late.map(failureOf))) expect(work).toMatchObject({ code: "session/closed" });
    await closing;
    expect(session.inTransaction).toBe(false);
    expect(await bench.session.query(Post).count()).toBe(0);
    expect(await bench.session.query(User).count()).toBe(0);
  });

  test("session 39: a bulk statement that has not begun when its session is closed is refused, and writes nothing", async () => {
    const session = new Session(bench.dataSource);
    await session.query(User).all();
    const unawaited = failureOf(session.insert(Post, [{ body: "late" }]));
    await session.close();
    expect(await unawaited).toMatchObject({ code: "session/closed" });
    expect(session.inTransaction).toBe(false);
    expect(await bench.session.query(Post).count()).toBe(0);
  });

  test("session 39: what was asked for before the close is done before it", async () => {
    const session = new Session(bench.dataSource);
    session.add(session.create(User, { username: "susan" }));
    const committed = session.commit();
    const again = session.close();
    await session.close();
    await Promise.all([committed, again]);
    expect(await bench.session.query(User).count()).toBe(1);
  });

  test("session 39: a session that is closed while its transaction begins leaves nothing locked", async () => {
    const closed = new Session(bench.dataSource, { isolation: "SERIALIZABLE" });
    const unawaited = failureOf(closed.query(User).all());
    await closed.close();
    expect(await unawaited).toMatchObject({ code: "session/closed" });
    bench.session.add(bench.db.create(User, { username: "susan" }));
    await bench.session.commit();
    expect(closed.inTransaction).toBe(false);
  });
});

describe("on SQLite", () => {
  const bench = benchOn(database("sqlite"));

  test("session 39: statements at the same time open one connection, and the end of the session closes it", async () => {
    const driver = bench.dataSource.driver as unknown as {
      createDatabaseConnection(): Promise<BetterSqlite3.Database>;
    };
    const opened: Promise<BetterSqlite3.Database>[] = [];
    const open = driver.createDatabaseConnection.bind(driver);
    const spy = jest.spyOn(driver, "createDatabaseConnection").mockImplementation(() => {
      const connection = open();
      opened.push(connection);
      return connection;
    });
    const session = new Session(bench.dataSource);
    const unawaited = [session.query(User).all(), session.query(Post).all()].map(failureOf);
    await session.close();
    for (const failure of unawaited) expect(await failure).toMatchObject({ code: "session/closed" });
    spy.mockRestore();
    expect(opened).toHaveLength(1);
    expect((await opened[0]!).open).toBe(false);
  });

  test("session 39: in memory, a BEGIN that waits for another session's transaction does not outlive its session", async () => {
    const dataSource = await new DataSource({
      type: "better-sqlite3",
      database: ":memory:",
      entities: blog,
      synchronize: true,
    }).initialize();
    const [holder, closed, next] = [{}, { isolation: "SERIALIZABLE" }, {}].map(
      (options) => new Session(dataSource, options as SessionOptions),
    ) as [Session, Session, Session];
    await holder.begin();
    const unawaited = failureOf(closed.query(User).all());
    await closed.close();
    await holder.rollback();
    expect(await unawaited).toMatchObject({ code: "session/closed" });
    next.add(next.create(User, { username: "susan" }));
    await next.commit();
    await dataSource.destroy();
  });
});
