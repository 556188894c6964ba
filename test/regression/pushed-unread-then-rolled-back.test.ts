import { database } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** The rollback of a new parent forgot who had been put into a collection that was not read; the child still pointed at it. */
describe("a child put into the unread collection of a parent that the transaction made", () => {
  const bench = benchOn(database("sqlite"));

  test("is still in it after the rollback, and comes with the parent when that is added again", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    await session.flush();
    const post = db.create(Post, { body: "one" });
    user.posts.push(post);
    await session.rollback();
    expectSame(user.posts, [post]);
    expect(post.author).toBe(user);
    session.add(user);
    await session.commit();
    expect(await bench.stored(`SELECT "authorId" FROM "post"`)).toEqual([{ authorId: user.id }]);
  });
});
