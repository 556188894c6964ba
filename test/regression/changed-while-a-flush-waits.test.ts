import { setTimeout as sleep } from "node:timers/promises";
import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** Relations that changed between the moment a flush looked and the one it wrote counted as written. */
describe("a relation that is changed while a flush is under way", () => {
  const bench = benchOn(database("sqlite"));
  const authors = (): Promise<Record<string, unknown>[]> =>
    bench.stored(`SELECT "body", "authorId" AS "author" FROM "post" ORDER BY "id"`);

  async function twoUsers(): Promise<[User, User, Post]> {
    const { db, session } = bench;
    const users = ["susan", "david"].map((username) => db.create(User, { username })) as [User, User];
    const post = db.create(Post, { body: "one", author: users[0] });
    session.add(...users, post);
    await session.commit();
    return [...users, post];
  }

  test.each([
    ["a reference is set", (post: Post, david: User) => (post.author = david)],
    ["a member is put into a collection", (post: Post, david: User) => david.posts.push(post)],
    ["a reference is taken off", (post: Post) => (post.author = null)],
  ])("waiting for the write lock: %s, and the next flush writes it", async (_, change) => {
    const [, david, post] = await twoUsers();
    const other = await bench.fresh();
    other.session.add(other.create(User, { username: "maria" }));
    await other.session.flush();
    post.body = "changed";
    const committed = bench.session.commit();
    await sleep(30);
    change(post, david);
    await other.session.commit();
    await committed;
    await bench.session.commit();
    expect(await authors()).toEqual([{ body: "changed", author: post.author ? david.id : null }]);
  });

  test.each([0, 1, 2, 3, 4, 5, 10])(
    "its statements run: a new member comes with the next flush (%i turns later)",
    async (turns) => {
      const { db, session } = bench;
      const [susan, david] = await twoUsers();
      susan.username = "Susan";
      const committed = session.commit();
      for (let turn = 0; turn < turns; turn++) await null;
      const post = db.create(Post, { body: "new" });
      david.posts.push(post);
      await committed;
      await session.commit();
      expect(session.state(post)).toBe("persistent");
      expect(await authors()).toContainEqual({ body: "new", author: david.id });
    },
  );
});
