import { database } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Group, Post, Profile, User } from "../helpers/entities/blog";

/** What was deleted stayed in the collections and properties that had been loaded with it. */
describe("somebody who is deleted", () => {
  const bench = benchOn(database("sqlite"));

  test("is in no loaded relation after the flush, and in its old place after the rollback", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    const posts = ["one", "two", "three"].map((body) => db.create(Post, { body }));
    const groups = [db.create(Group, { name: "readers" }), db.create(Group, { name: "writers" })];
    Object.assign(user, { posts, groups });
    const profile = db.create(Profile, { motto: "read", user });
    session.add(user, profile);
    await session.commit();
    session.delete(posts[1]!, groups[0]!, profile);
    await session.flush();
    expectSame(user.posts, [posts[0], posts[2]]);
    expectSame(user.groups, [groups[1]]);
    expect(user.profile).toBeNull();
    await session.rollback();
    expectSame(user.posts, posts);
    expectSame(user.groups, groups);
    expect(user.profile).toBe(profile);
    expect(session.dirty).toEqual([]);
  });
});
