import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** Closing rolled the database back and left memory as it was: rows that were never committed looked as if they were. */
describe("a session that is closed in the middle of a transaction", () => {
  const bench = benchOn(database("sqlite"));

  test("takes back in memory what it had written", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 30 });
    session.add(user);
    await session.commit();
    const gone = db.create(User, { username: "joe" });
    session.add(gone);
    await session.commit();
    const post = db.create(Post, { body: "one", author: user });
    user.age = 31;
    session.add(post);
    session.delete(gone);
    await session.flush();
    await session.close();
    expect([post, gone, user].map((object) => session.state(object))).toEqual(["transient", "detached", "detached"]);
    expect([post.id, user.age]).toEqual([undefined, 30]);

    const other = await bench.fresh();
    other.session.add(post, gone);
    gone.age = 7;
    await other.session.commit();
    expect(await bench.stored(`SELECT "username", "age" FROM "user" ORDER BY "id"`)).toEqual([
      { username: "susan", age: 30 },
      { username: "joe", age: 7 },
    ]);
    expect(await bench.stored(`SELECT "body" FROM "post"`)).toEqual([{ body: "one" }]);
  });
});
