import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Group, Post, User } from "../helpers/entities/blog";

/** Relations of a deleted object counted as written still, and before the commit add() did nothing at all. */
describe("an object whose row was deleted, added again", () => {
  const bench = benchOn(database("sqlite"));

  test.each(["flush", "commit"] as const)("after a %s has its relations in the database", async (end) => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", groups: [db.create(Group, { name: "readers" })] });
    const posts = [db.create(Post, { body: "one", author: user }), db.create(Post, { body: "two", author: user })];
    session.add(user, ...posts);
    await session.commit();
    session.expungeAll();
    const [one, two] = (await session.query(Post).orderBy("id").all()) as [Post, Post];
    const author = (await one.author)!;
    await author.groups;
    session.delete(one, two, author);
    await session[end]();
    session.add(author, one, two);
    expect(session.state(one)).toBe("pending");
    await session.commit();
    expect(await bench.stored(`SELECT "body", "authorId" FROM "post" ORDER BY "id"`)).toEqual([
      { body: "one", authorId: author.id },
      { body: "two", authorId: author.id },
    ]);
    expect(await bench.stored(`SELECT "circleName" FROM "user_groups_circle"`)).toEqual([{ circleName: "readers" }]);
  });

  test("keeps a foreign key whose relation was never looked at", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user, db.create(Post, { body: "one", author: user }));
    await session.commit();
    session.expungeAll();
    const post = await session.query(Post).one();
    session.delete(post);
    await session.commit();
    session.add(post);
    await session.commit();
    expect(await bench.stored(`SELECT "id", "authorId" FROM "post"`)).toEqual([{ id: post.id, authorId: user.id }]);
  });

  test("is its old self after a rollback", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    session.add(post);
    await session.commit();
    const { id } = post;
    session.delete(post);
    await session.flush();
    session.add(post);
    post.body = "two";
    await session.flush();
    await session.rollback();
    expect(session.state(post)).toBe("persistent");
    expect(post).toMatchObject({ id, body: "one" });
    expect(await session.get(Post, id)).toBe(post);
    expect(session.dirty).toEqual([]);
  });

  test("and deleted again before it is written, comes back with a rollback too", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    session.add(post);
    await session.commit();
    session.delete(post);
    await session.flush();
    session.add(post);
    session.delete(post);
    expect(session.state(post)).toBe("transient");
    await session.rollback();
    expect(session.state(post)).toBe("persistent");
  });

  test("and taken back to a savepoint after its deletion, is deleted", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    session.add(post);
    await session.commit();
    session.delete(post);
    const savepoint = await session.beginNested();
    session.add(post);
    await session.flush();
    await savepoint.rollback();
    expect(session.state(post)).toBe("deleted");
    expect(await session.query(Post).count()).toBe(0);
    await session.commit();
    expect(session.state(post)).toBe("detached");
  });
});
