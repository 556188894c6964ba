import type { Collection } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Comment, Group, Node, Post, Profile, Seat, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  /** Susan with two posts, a profile and a group, all loaded. */
  async function susan(): Promise<User> {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 30 });
    user.posts = [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })];
    user.groups = [db.create(Group, { name: "readers" })];
    session.add(user, db.create(Profile, { motto: "read", user }));
    await session.commit();
    await session.query(User).one();
    await session.query(Post).all();
    await session.query(Profile).all();
    await session.query(Group).all();
    await user.posts;
    await user.groups;
    bench.quiet();
    return user;
  }

  const rows = async (table: string): Promise<number> =>
    Number((await bench.stored(`SELECT COUNT(*) AS "n" FROM "${table}"`))[0]!["n"]);

  test("session 11: the transaction begins with the first flush that writes", async () => {
    const { db, session } = bench;
    await session.query(User).all();
    expect(await session.get(User, 1)).toBeNull();
    await session.flush();
    expect(session.inTransaction).toBe(false);
    const user = db.create(User, { username: "susan" });
    session.add(user);
    expect(session.inTransaction).toBe(false);
    await session.flush();
    expect(session.inTransaction).toBe(true);
    expect(await rows("user")).toBe(0);
    await session.commit();
    expect(session.inTransaction).toBe(false);
    expect(await rows("user")).toBe(1);
    expect(bench.events.filter(({ type }) => type !== "statement" && type !== "flush").map(({ type }) => type)).toEqual(
      ["begin", "commit"],
    );
  });

  test("session 11: reading alone holds nothing open, and another may write", async () => {
    const user = await susan();
    const other = await bench.fresh();
    const same = await other.query(User).one();
    same.age = 99;
    await other.session.commit();
    bench.session.expire(user);
    expect((await bench.session.query(User).one()).age).toBe(99);
  });

  test("session 12: rollback gives attributes their old values and sends no SELECT", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    await session.flush();
    user.age = 32;
    user.username = "sue";
    user.name.first = "S.";
    bench.quiet();
    await session.rollback();
    expect(bench.sent()).toEqual(["ROLLBACK"]);
    expect(user).toMatchObject({ age: 30, username: "susan", name: { first: null } });
    expect(session.dirty).toEqual([]);
    await session.commit();
    expect(bench.sent()).toEqual([]);
  });

  test("session 12: changes that were never flushed are taken back without a statement", async () => {
    const { session } = bench;
    const user = await susan();
    const [one, two] = user.posts;
    user.age = 31;
    user.posts.pop();
    session.delete(one!);
    await session.rollback();
    expect(bench.sent()).toEqual([]);
    expect(user.age).toBe(30);
    expectSame(user.posts, [one, two]);
    expect(two!.author).toBe(user);
    expect(session.state(one!)).toBe("persistent");
    expect(session.deleted).toEqual([]);
  });

  test("session 12: new objects are transient again, without generated ids, defaults and foreign keys", async () => {
    const { db, session } = bench;
    const user = await susan();
    const post = db.create(Post, { body: "three", author: user });
    const joe = db.create(User, { username: "joe" });
    session.add(joe, post);
    await session.flush();
    expect([joe.id, joe.role, post.id]).toEqual([expect.any(Number), "reader", expect.any(Number)]);
    await session.rollback();
    for (const object of [joe, post]) expect(session.state(object)).toBe("transient");
    expect([joe.id, joe.role, joe.age, post.id]).toEqual([undefined, undefined, undefined, undefined]);
    expect(joe.username).toBe("joe");
    expect([...user.posts].map(({ body }) => body)).toEqual(["one", "two"]);
    expect(session.new).toEqual([]);
    expect(await session.query(User).count()).toBe(1);

    session.add(joe);
    await session.commit();
    expect(joe.id).toEqual(expect.any(Number));
    expect(await rows("user")).toBe(2);
  });

  test("session 12: objects that were added and not flushed are transient again", async () => {
    const { db, session } = bench;
    const joe = db.create(User, { username: "joe" });
    session.add(joe);
    await session.rollback();
    expect(session.state(joe)).toBe("transient");
    expect(session.new).toEqual([]);
    await session.commit();
    expect(await rows("user")).toBe(0);
  });

  test("session 12: deleted objects are persistent again, those deleted with them too", async () => {
    const { session } = bench;
    const user = await susan();
    const [one, two] = user.posts;
    const profile = await session.query(Profile).one();
    expect(await user.profile).toBe(profile);
    session.delete(user);
    await session.flush();
    expect(session.state(user)).toBe("deleted");
    expect(session.state(profile)).toBe("deleted");
    expect(one!.author).toBeNull();
    bench.quiet();
    await session.rollback();
    expect(bench.sent()).toEqual(["ROLLBACK"]);
    for (const object of [user, profile, one!, two!]) expect(session.state(object)).toBe("persistent");
    expect(one!.author).toBe(user);
    expect(user.profile).toBe(profile);
    expectSame(user.posts, [one, two]);
    expect(await session.get(User, user.id)).toBe(user);
    expect(await session.get(Profile, profile.id)).toBe(profile);
    expect(bench.sent()).toEqual([]);
    expect(session.dirty).toEqual([]);
    user.age = 50;
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 50 }]);
  });

  test("session 12: collections have their old order, and are the same collections", async () => {
    const { db, session } = bench;
    const user = await susan();
    const { posts, groups } = user;
    const members = [...posts];
    const [readers] = groups;
    posts.reverse();
    posts.unshift(db.create(Post, { body: "zero" }));
    posts.splice(1, 1);
    user.groups = [db.create(Group, { name: "writers" })];
    await session.flush();
    await session.rollback();
    expect(user.posts).toBe(posts);
    expectSame(posts, members);
    expectSame(
      members.map(({ author }) => author),
      [user, user],
    );
    expectSame(user.groups, [readers]);
    expect(await rows("user_groups_circle")).toBe(1);
    await session.commit();
    expect(await rows("post")).toBe(2);
  });

  test("session 12: a collection that was never read is asked for anew, without what came and went", async () => {
    const { db, session } = bench;
    const user = await susan();
    session.expungeAll();
    const again = (await session.get(User, user.id))!;
    (again.posts as Collection<Post>).add(db.create(Post, { body: "three" }));
    await session.flush();
    await session.rollback();
    expect((await again.posts).map(({ body }) => body)).toEqual(["one", "two"]);
    await session.commit();
    expect(await rows("post")).toBe(2);
  });

  test("session 12: old keys are back in the identity map", async () => {
    const { db, session } = bench;
    const seat = db.create(Seat, { hall: "a", place: 1 });
    session.add(seat);
    await session.commit();
    await session.get(Seat, { hall: "a", place: 1 });
    seat.place = 2;
    await session.flush();
    expect(await session.get(Seat, { hall: "a", place: 2 })).toBe(seat);
    expect(await session.get(Seat, { hall: "a", place: 1 })).toBeNull();
    await session.rollback();
    expect(seat.place).toBe(1);
    bench.quiet();
    expect(await session.get(Seat, { hall: "a", place: 1 })).toBe(seat);
    expect(bench.sent()).toEqual([]);
    expect(await session.get(Seat, { hall: "a", place: 2 })).toBeNull();
  });

  test("session 12: an object that was loaded by its new key takes its old place again", async () => {
    const { db, session } = bench;
    const [one, two] = [
      db.create(Seat, { hall: "a", place: 1, guest: "one" }),
      db.create(Seat, { hall: "a", place: 2, guest: "two" }),
    ];
    session.add(one, two);
    await session.commit();
    await session.query(Seat).all();
    session.delete(one);
    await session.flush();
    two.place = 1;
    await session.flush();
    expect(await session.get(Seat, { hall: "a", place: 1 })).toBe(two);
    await session.rollback();
    expect(await session.get(Seat, { hall: "a", place: 1 })).toBe(one);
    expect(await session.get(Seat, { hall: "a", place: 2 })).toBe(two);
    expect([one.guest, two.guest, two.place]).toEqual(["one", "two", 2]);
  });

  test("session 12: cascaded new objects of a whole tree are transient again", async () => {
    const { db, session } = bench;
    const root = db.create(Node, { label: "root" });
    const leaf = db.create(Node, { label: "leaf" });
    root.children.push(leaf);
    session.add(root);
    await session.flush();
    expect(leaf.id).toEqual(expect.any(Number));
    await session.rollback();
    expect([session.state(root), session.state(leaf)]).toEqual(["transient", "transient"]);
    expect([root.id, leaf.id]).toEqual([undefined, undefined]);
    expectSame(root.children, [leaf]);
    expect(leaf.parent).toBe(root);
    session.add(root);
    await session.commit();
    expect(await rows("node")).toBe(2);
  });

  test("session 12: what a flush inserted and a later one changed or deleted is as it was before both", async () => {
    const { db, session } = bench;
    const [joe, ann] = [db.create(User, { username: "joe" }), db.create(User, { username: "ann" })];
    session.add(joe, ann);
    await session.flush();
    joe.age = 7;
    session.delete(ann);
    await session.flush();
    await session.rollback();
    expect([session.state(joe), session.state(ann)]).toEqual(["transient", "transient"]);
    expect([joe.id, ann.id, ann.username]).toEqual([undefined, undefined, "ann"]);
    session.add(joe, ann);
    await session.commit();
    expect(await rows("user")).toBe(2);
  });

  test("session 12: an object that was expunged stays out", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    session.expunge(user);
    await session.rollback();
    expect(session.owns(user)).toBe(false);
    expect(session.state(user)).toBe("detached");
  });

  test("session 12: rows that others changed in the meantime are read by the next query after the next commit", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    await session.flush();
    await session.rollback();
    await bench.stored(`UPDATE "user" SET "role" = 'king'`);
    await session.commit();
    session.expire(user);
    expect((await session.query(User).one()).role).toBe("king");
  });

  // Savepoints

  test("session 13: a savepoint's rollback takes back what changed since it, and nothing else", async () => {
    const { db, session } = bench;
    const user = await susan();
    user.age = 31;
    const before = db.create(Post, { body: "three", author: user });
    session.add(before);
    const savepoint = await session.beginNested();
    user.age = 32;
    user.role = "king";
    const after = db.create(Post, { body: "four", author: user });
    session.add(after);
    await session.flush();
    expect(after.id).toEqual(expect.any(Number));
    bench.quiet();
    await savepoint.rollback();
    expect(bench.sent(/^SELECT/)).toEqual([]);
    expect([user.age, user.role]).toEqual([31, "reader"]);
    expect(session.state(before)).toBe("persistent");
    expect(session.state(after)).toBe("transient");
    expect(after.id).toBeUndefined();
    expect([...user.posts].map(({ body }) => body)).toEqual(["one", "two", "three"]);
    await session.commit();
    expect(await bench.stored(`SELECT "age", "role" FROM "user"`)).toEqual([{ age: 31, role: "reader" }]);
    expect(await rows("post")).toBe(3);
  });

  test("session 13: changes before the savepoint that were never flushed are flushed by it, not lost", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    await expect(
      session.nested(() => {
        user.age = 32;
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(user.age).toBe(31);
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 31 }]);
  });

  test("session 13: an inner commit with an outer rollback undoes all", async () => {
    const { db, session } = bench;
    const user = await susan();
    const joe = await session.nested(async () => {
      user.age = 31;
      await session.nested(() => {
        user.role = "king";
      });
      const created = db.create(User, { username: "joe" });
      session.add(created);
      return created;
    });
    expect(joe.id).toEqual(expect.any(Number));
    await session.rollback();
    expect([user.age, user.role]).toEqual([30, "reader"]);
    expect(session.state(joe)).toBe("transient");
    expect(joe.id).toBeUndefined();
    expect(await rows("user")).toBe(1);
  });

  test("session 13: deletions, collections and keys come back at a savepoint", async () => {
    const { db, session } = bench;
    const user = await susan();
    const [one, two] = user.posts;
    const seat = db.create(Seat, { hall: "a", place: 1 });
    session.add(seat);
    const savepoint = await session.beginNested();
    session.delete(one!);
    user.posts.pop();
    seat.place = 2;
    await session.flush();
    await savepoint.rollback();
    expectSame(user.posts, [one, two]);
    expect(session.state(one!)).toBe("persistent");
    expect(two!.author).toBe(user);
    expect(await session.get(Seat, { hall: "a", place: 1 })).toBe(seat);
    await session.commit();
    expect(await rows("post")).toBe(2);
    expect(await bench.stored(`SELECT "place" FROM "seat"`)).toEqual([{ place: 1 }]);
  });

  test("session 13: two savepoints one in the other, the inner one undone", async () => {
    const { session } = bench;
    const user = await susan();
    const outer = await session.beginNested();
    user.age = 31;
    const inner = await session.beginNested();
    user.age = 32;
    await session.flush();
    await inner.rollback();
    expect(user.age).toBe(31);
    user.age = 33;
    await outer.commit();
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 33 }]);
  });

  test("session 13: a flush that fails inside nested() leaves the outer work as it was", async () => {
    const { db, session } = bench;
    const user = await susan();
    user.age = 31;
    const twin = db.create(User, { username: "susan" });
    await expect(
      session.nested(() => {
        session.add(twin);
      }),
    ).rejects.toMatchObject({ kind: "unique" });
    expect(session.failure).toBeUndefined();
    expect(user.age).toBe(31);
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 31 }]);
    expect(session.state(twin)).toBe("transient");
  });

  test("session 13: a savepoint that is over says so", async () => {
    const { session } = bench;
    await susan();
    const savepoint = await session.beginNested();
    await savepoint.rollback();
    await expect(savepoint.rollback()).rejects.toMatchObject({ code: "session/savepoint-over" });
    await expect(savepoint.commit()).rejects.toMatchObject({ code: "session/savepoint-over" });
    const outer = await session.beginNested();
    const inner = await session.beginNested();
    await outer.rollback();
    await expect(inner.commit()).rejects.toMatchObject({ code: "session/savepoint-over" });
    const third = await session.beginNested();
    await session.commit();
    await expect(third.commit()).rejects.toMatchObject({ code: "session/savepoint-over" });
  });

  test("session 13: commit() inside a savepoint commits everything, as its name says", async () => {
    const { session } = bench;
    const user = await susan();
    await session.beginNested();
    user.age = 31;
    await session.commit();
    expect(session.inTransaction).toBe(false);
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 31 }]);
    user.age = 32;
    await session.rollback();
    expect(user.age).toBe(31);
  });

  test("session 13: a savepoint in front of nothing begins the transaction", async () => {
    const { db, session } = bench;
    const savepoint = await session.beginNested();
    session.add(db.create(Comment, { text: "x", post: db.create(Post, { body: "p" }) }));
    await savepoint.commit();
    expect(await rows("comment")).toBe(0);
    await session.commit();
    expect(await rows("comment")).toBe(1);
  });
});
