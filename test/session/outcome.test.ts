import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, type DataSourceOptions } from "typeorm";
import { Session, type RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { startCuttingProxy, type CutPoint, type CuttingProxy } from "../helpers/cutting-proxy";
import { eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";
import type { ServerType } from "../helpers/servers";

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

eachDatabase(
  (kind) => {
    const bench = benchOn(kind);
    let proxy: CuttingProxy;
    let dataSource: DataSource;
    let session: Session;
    let user: User;

    beforeEach(async () => {
      const { db, options } = bench;
      db.session.add(db.create(User, { username: "susan", age: 1 }));
      await db.session.commit();
      const { url } = options as { url: string };
      proxy = await startCuttingProxy(kind.name as ServerType, url);
      dataSource = new DataSource({ ...options, url: proxy.url(url), synchronize: false } as DataSourceOptions);
      await dataSource.initialize();
      session = new Session(dataSource);
      user = await session.query(User).one();
    });
    afterEach(async () => {
      await session.close();
      await dataSource.destroy();
      await proxy.close();
    });

    const stored = () => bench.stored(`SELECT "age" FROM "user"`);

    test.each<[CutPoint, number]>([
      ["before request", 1],
      ["inside request", 1],
      ["after request", 2],
      ["before answer", 2],
      ["inside answer", 2],
    ])("session 38: a COMMIT that is cut off %s has an unknown outcome, and is not retryable", async (at, age) => {
      user.age = 2;
      const post = session.create(Post, { body: "one", author: user });
      session.add(post);
      await session.flush();
      const cut = proxy.cut({ at, matching: /COMMIT/i });
      const error = await failureOf(session.commit());
      expect(error).toMatchObject({ code: "database/outcome-unknown", retryable: false });
      expect(error.message).toContain("the outcome of the commit is unknown");
      expect(error.hint).toContain("read whether the changes are stored before you repeat them");
      expect(session.isExpired(user)).toBe(true);
      await cut.done;
      expect(await failureOf(session.query(User).all())).toMatchObject({ code: "session/needs-rollback" });
      await session.rollback();
      expect([session.isExpired(user), session.state(post)]).toEqual([true, "transient"]);
      expect(await stored()).toEqual([{ age }]);
      expect((await session.get(User, user.id))!.age).toBe(age);
      expect(await session.query(Post).count()).toBe(age - 1);
    });

    test("session 38: a COMMIT that is answered succeeds, though the connection is lost after it", async () => {
      user.age = 2;
      await session.flush();
      proxy.cut({ at: "after answer", matching: /COMMIT/i });
      await session.commit();
      await sleep(20);
      expect((await session.query(User).one()).age).toBe(2);
    });

    test("session 38: transaction() does not repeat a commit whose outcome is unknown", async () => {
      let attempts = 0;
      proxy.cut({ at: "before answer", matching: /COMMIT/i });
      const work = session.transaction(
        async () => {
          attempts++;
          (await session.get(User, user.id))!.age! += 1;
        },
        { retries: 5 },
      );
      expect(await failureOf(work)).toMatchObject({ code: "database/outcome-unknown" });
      expect(attempts).toBe(1);
    });

    test("session 38: a connection that was lost before the COMMIT is retryable: nothing was written", async () => {
      user.age = 2;
      await session.flush();
      proxy.cut({ at: "before request", matching: /SELECT/i });
      const reading = await failureOf(session.query(Post).count());
      expect(reading).toMatchObject({ code: "database/connection-lost", retryable: true });
      expect(await failureOf(session.commit())).toMatchObject({ code: "database/connection-lost", retryable: true });
      await session.rollback();
      user.age = 3;
      await session.commit();
      expect(await stored()).toEqual([{ age: 3 }]);
    });
  },
  ["postgres", "mariadb"],
);
