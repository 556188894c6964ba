import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** The foreign key was compared before the parent had its key: NULL against NULL is no change, and nothing was written. */
describe("a child with a row and without a parent", () => {
  const bench = benchOn(database("sqlite"));

  test("gets a parent that is inserted by the same flush", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    session.add(post);
    await session.commit();
    const user = db.create(User, { username: "susan" });
    session.add(user);
    user.posts.push(post);
    await session.commit();
    expect(await bench.stored(`SELECT "authorId" FROM "post"`)).toEqual([{ authorId: user.id }]);
  });
});
