import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** Setting a collection that was not read forgot who had come since the last flush: they are not in the database to be found there. */
describe("a collection that is set before it is read", () => {
  const bench = benchOn(database("sqlite"));

  test("lets go of those who came just before", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    await session.commit();
    session.expungeAll();
    const loaded = await session.query(User).one();
    const post = db.create(Post, { body: "one", author: loaded });
    session.add(post);
    loaded.posts = [];
    expect(post.author).toBeNull();
    await session.commit();
    expect(await bench.stored(`SELECT "authorId" FROM "post"`)).toEqual([{ authorId: null }]);
  });
});
