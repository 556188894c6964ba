import type { RetortError } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";

const failureOf = (work: Promise<unknown>): Promise<RetortError> =>
  work.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as RetortError,
  );

eachDatabase((kind) => {
  const bench = benchOn(kind);
  const stored = () => bench.stored(`SELECT "username", "age", "role" FROM "user" ORDER BY "username"`);

  test("session 40: insert writes many rows in few statements, in the transaction, with the defaults of the database", async () => {
    const { session } = bench;
    const rows = Array.from({ length: 1_200 }, (_, index) => ({ username: `user${index}`, age: index }));
    await session.insert(User, rows);
    expect(bench.sent(/^INSERT/).length).toBeLessThanOrEqual(3);
    expect(session.inTransaction).toBe(true);
    expect(await session.query(User).filterBy({ role: "reader" }).count()).toBe(1_200);
    await session.rollback();
    expect(await stored()).toEqual([]);
    await session.insert(User, { username: "susan", age: 1 });
    await session.insert(User, []);
    await session.commit();
    expect(await stored()).toEqual([{ username: "susan", age: 1, role: "reader" }]);
  });

  test("session 40: rows that give different properties, a relation, an embedded", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(susan);
    await session.commit();
    expect(await susan.posts).toEqual([]);
    await session.insert(Post, [{ body: "one", author: susan }, { body: "two" }]);
    expect((await susan.posts).map(({ body }) => body)).toEqual(["one"]);
    await session.insert(User, [{ username: "joe", name: { first: "J", last: null } }, { username: "ann" }]);
    await session.commit();
    const joe = await session.query(User).filterBy({ username: "joe" }).one();
    expect([joe.name.first, joe.role]).toEqual(["J", "reader"]);
  });

  test("session 40: ignore leaves out rows that exist", async () => {
    const { session } = bench;
    await session.insert(User, { username: "susan", age: 1 });
    await session.insert(
      User,
      [
        { username: "susan", age: 2 },
        { username: "joe", age: 3 },
      ],
      { ignore: true },
    );
    await session.commit();
    expect(await stored()).toMatchObject([
      { username: "joe", age: 3 },
      { username: "susan", age: 1 },
    ]);
    expect(await failureOf(session.insert(User, { username: "susan" }))).toMatchObject({ code: "database/unique" });
    await session.rollback();
  });

  test("session 40: upsert updates rows that exist, and loaded objects follow", async () => {
    const { db, session } = bench;
    const [susan, joe] = ["susan", "joe"].map((username) => db.create(User, { username, age: 1, role: "writer" }));
    session.add(susan!, joe!);
    await session.commit();
    await session.query(User).all();
    await session.upsert(User, [
      { username: "susan", age: 2 },
      { username: "ann", age: 3 },
    ]);
    expect([susan!.age, joe!.age, susan!.role]).toEqual([2, 1, "writer"]);
    expect(await session.query(User).count()).toBe(3);
    await session.rollback();
    expect((await session.get(User, susan!.id))!.age).toBe(1);
    await session.upsert(
      User,
      { username: "susan", age: 5, role: "none" },
      { conflict: ["username"], update: ["age"] },
    );
    await session.commit();
    expect(await stored()).toEqual([
      { username: "joe", age: 1, role: "writer" },
      { username: "susan", age: 5, role: "writer" },
    ]);
  });

  test("session 40: values are checked as in a flush, and what cannot be inserted is refused by name", async () => {
    const { session } = bench;
    const { query } = { query: session.query(User) };
    expect(await failureOf(query.insert({ username: 5 } as never))).toMatchObject({ name: "ValueError" });
    expect(await failureOf(query.insert({ nickname: "x" } as never))).toMatchObject({ code: "query/unknown-property" });
    expect(await failureOf(query.upsert({ age: 5 }))).toMatchObject({ code: "query/no-conflict-target" });
    expect(await failureOf(query.filterBy({ age: 1 }).insert({ username: "x" }))).toMatchObject({
      code: "query/insert",
    });
    expect(session.inTransaction).toBe(false);
  });
});
