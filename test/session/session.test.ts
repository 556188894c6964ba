import { type RetortError } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  async function susan(): Promise<User> {
    const user = bench.db.create(User, { username: "susan", age: 30 });
    bench.session.add(user, bench.db.create(Post, { body: "one", author: user }));
    await bench.session.commit();
    bench.quiet();
    return user;
  }

  test("session 14: after a failed flush every call says so and names the first error", async () => {
    const { db, session } = bench;
    const user = await susan();
    user.age = 31;
    const twin = db.create(User, { username: "susan" });
    session.add(twin);
    const first = await session.flush().then(
      () => undefined,
      (error: unknown) => error as RetortError,
    );
    expect(first).toMatchObject({ kind: "unique" });
    expect(session.failure).toBe(first);
    bench.quiet();
    const refused = {
      code: "session/needs-rollback",
      message: expect.stringContaining(first!.message.split("\n")[0]!),
      cause: first,
    };
    await expect(session.flush()).rejects.toMatchObject(refused);
    await expect(session.commit()).rejects.toMatchObject(refused);
    await expect(session.query(User).all()).rejects.toMatchObject(refused);
    await expect(session.query(User).count()).rejects.toMatchObject(refused);
    await expect(session.get(User, user.id)).rejects.toMatchObject(refused);
    await expect(session.get(User, user.id + 1000)).rejects.toMatchObject(refused);
    await expect(session.refresh(user)).rejects.toMatchObject(refused);
    await expect(session.merge(db.create(User, { username: "joe" }))).rejects.toMatchObject(refused);
    await expect(session.beginNested()).rejects.toMatchObject(refused);
    await expect(session.nested(() => undefined)).rejects.toMatchObject(refused);
    await expect(session.query(User).update({ age: 1 })).rejects.toMatchObject(refused);
    await expect(session.query(User).delete()).rejects.toMatchObject(refused);
    await expect(session.query(User).stream().next()).rejects.toMatchObject(refused);
    await expect((async () => user.posts)()).rejects.toMatchObject(refused);
    expect(() => session.add(db.create(User, {}))).toThrow(expect.objectContaining(refused));
    expect(() => session.delete(user)).toThrow(expect.objectContaining(refused));
    expect(bench.sent()).toEqual([]);
  });

  test("session 14: after the rollback the same objects are mended and committed", async () => {
    const { db, session } = bench;
    const user = await susan();
    user.age = 31;
    const twin = db.create(User, { username: "susan" });
    twin.posts.push(db.create(Post, { body: "hers" }));
    session.add(twin);
    await expect(session.commit()).rejects.toMatchObject({ kind: "unique" });
    expect(session.inTransaction).toBe(false);
    await session.rollback();
    expect(session.failure).toBeUndefined();
    expect(user.age).toBe(30);
    expect(session.state(twin)).toBe("transient");
    expect(twin.id).toBeUndefined();
    twin.username = "twin";
    user.age = 32;
    session.add(twin);
    await session.commit();
    expect(await bench.stored(`SELECT "username", "age" FROM "user" ORDER BY "username"`)).toEqual([
      { username: "susan", age: 32 },
      { username: "twin", age: null },
    ]);
    const fresh = await bench.fresh();
    const read = await fresh.query(User).filterBy({ username: "twin" }).one();
    expect((await read.posts).map(({ body }) => body)).toEqual(["hers"]);
  });

  test("session 14: nothing of the half-written flush is left, and no lock is held", async () => {
    const { db, session } = bench;
    await susan();
    session.add(db.create(User, { username: "ann" }), db.create(User, { username: "susan" }));
    await expect(session.flush()).rejects.toMatchObject({ kind: "unique" });
    const other = await bench.fresh();
    other.session.add(other.create(User, { username: "ann" }));
    await other.session.commit();
    await session.rollback();
    expect(await session.query(User).count()).toBe(2);
  });

  test("session 15: commit leaves nothing pending", async () => {
    const { db, session } = bench;
    const user = await susan();
    const gone = await session.query(Post).one();
    user.age = 31;
    session.delete(gone);
    session.add(db.create(User, { username: "joe" }));
    expect([session.new.length, session.dirty.length, session.deleted.length]).toEqual([1, 1, 1]);
    await session.commit();
    expect([session.new, session.dirty, session.deleted]).toEqual([[], [], []]);
    expect(session.state(gone)).toBe("detached");
    expect(session.inTransaction).toBe(false);
    bench.quiet();
    await session.commit();
    expect(bench.sent()).toEqual([]);
  });

  test("session 15: with expireOnCommit the next query that meets a row reads it afresh", async () => {
    const { session } = bench;
    const user = await susan();
    await bench.stored(`UPDATE "user" SET "age" = 99`);
    expect(user.age).toBe(30);
    expect(session.isExpired(user)).toBe(true);
    expect(await session.query(User).one()).toBe(user);
    expect(user.age).toBe(99);
    expect(session.isExpired(user)).toBe(false);
    await bench.stored(`UPDATE "user" SET "age" = 100`);
    await session.commit();
    expect(await session.get(User, user.id)).toBe(user);
    expect(user.age).toBe(100);
  });

  test("session 15: relations are read afresh too", async () => {
    const { session } = bench;
    const user = await susan();
    expect(await session.query(User).one()).toBe(user);
    expect((await user.posts).length).toBe(1);
    await session.commit();
    await bench.stored(`INSERT INTO "post" ("body", "authorId") VALUES ('two', ${user.id})`);
    await session.query(User).one();
    expect((await user.posts).map(({ body }) => body)).toEqual(["one", "two"]);
  });

  test("session 15: an edit after the commit is kept when the row is read again", async () => {
    const { session } = bench;
    const user = await susan();
    await bench.stored(`UPDATE "user" SET "role" = 'king'`);
    user.age = 31;
    await session.noAutoflush(async () => {
      await session.query(User).one();
    });
    expect([user.age, user.role]).toEqual([31, "king"]);
    await session.commit();
    expect(await bench.stored(`SELECT "age", "role" FROM "user"`)).toEqual([{ age: 31, role: "king" }]);
  });

  test("session 16: a query sees what was changed before it", async () => {
    const { db, session } = bench;
    const user = await susan();
    await session.query(User).one();
    user.age = 31;
    session.add(db.create(User, { username: "joe" }));
    expect(await session.query(User).filterBy({ age: 31 }).one()).toBe(user);
    expect(await session.query(User).count()).toBe(2);
    expect(await session.query(User).filterBy({ username: "joe" }).exists()).toBe(true);
    session.delete(await session.query(Post).one());
    expect(await session.query(Post).all()).toEqual([]);
    user.username = "sue";
    expect(await session.query(User).filterBy({ age: 31 }).select("username").scalar()).toBe("sue");
    session.add(db.create(Post, { body: "two", author: user }));
    expect((await user.posts).map(({ body }) => body)).toEqual(["two"]);
    expect(session.inTransaction).toBe(true);
  });

  test("session 16: noAutoflush suspends that, and nothing is written", async () => {
    const { db, session } = bench;
    await susan();
    await session.noAutoflush(async () => {
      session.add(db.create(User, { username: "joe" }));
      expect(await session.query(User).count()).toBe(1);
    });
    expect(bench.sent(/^INSERT/)).toEqual([]);
    expect(await session.query(User).count()).toBe(2);
  });

  test("session 16: an error inside an autoflush says so, and from which query", async () => {
    const { db, session } = bench;
    await susan();
    session.add(db.create(User, { username: "susan" }));
    await expect(session.query(Post).all()).rejects.toMatchObject({
      kind: "unique",
      message: expect.stringMatching(/before Post\.query\.all\(\); noAutoflush\(\)/),
    });
    await session.rollback();
    session.add(db.create(User, { username: "susan" }));
    await expect(session.query(User).count()).rejects.toMatchObject({
      message: expect.stringContaining("before User.query.count()"),
    });
    await session.rollback();
    session.add(db.create(User, { username: "susan" }));
    await expect(session.get(User, 1_000_000)).rejects.toMatchObject({
      message: expect.stringContaining("before User.get()"),
    });
  });

  test("session 16: a session made without autoflush writes when it is told to", async () => {
    const { session, create } = await bench
      .fresh({ autoflush: false })
      .then((db) => ({ session: db.session, create: db.create.bind(db) }));
    const user = create(User, { username: "joe" });
    session.add(user);
    expect(await session.query(User).count()).toBe(0);
    await session.flush();
    expect(await session.query(User).count()).toBe(1);
    expectSame(await session.query(User).all(), [user]);
  });
});
