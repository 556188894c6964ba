import { database } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** A collection that was first read after the transaction had deleted a member stayed without it when that was rolled back. */
describe("a collection that is first read inside a transaction", () => {
  const bench = benchOn(database("sqlite"));

  test("is read again after the rollback", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(db.create(Post, { body: "one", author: susan }));
    await session.commit();
    session.expungeAll();
    const user = (await session.get(User, susan.id))!;
    const post = (await session.query(Post).one())!;
    session.delete(post);
    await session.flush();
    expect(await user.posts).toEqual([]);
    await session.rollback();
    expectSame(await user.posts, [post]);
  });
});
