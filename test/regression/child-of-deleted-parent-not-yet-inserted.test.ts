import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, Profile, User } from "../helpers/entities/blog";

/** Only children with a row were looked for: a new one was inserted with the key of a row that was about to go. */
describe("a parent that is deleted before its new child is written", () => {
  const bench = benchOn(database("sqlite"));

  test("takes it along, or lets it go, as the foreign key says", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    await session.commit();
    const profile = db.create(Profile, { motto: "read", user });
    const post = db.create(Post, { body: "one", author: user });
    session.add(profile, post);
    session.delete(user);
    await session.commit();
    expect(session.state(profile)).toBe("transient");
    expect(post.author).toBeNull();
    expect(await bench.stored(`SELECT "authorId" FROM "post"`)).toEqual([{ authorId: null }]);
    expect(await bench.stored(`SELECT * FROM "profile"`)).toEqual([]);
  });
});
