import { type Collection, LazyCollection } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn, expectSame } from "../helpers/bench";
import { Group, Node, Post, Profile, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  /** Susan with two posts and Joe with none, in the database; loaded afresh. */
  async function people(): Promise<{ susan: User; joe: User; one: Post; two: Post }> {
    const db = await bench.fresh();
    db.session.add(
      db.create(User, {
        username: "susan",
        posts: [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })],
      }),
      db.create(User, { username: "joe" }),
    );
    await db.session.commit();
    await db.close();
    const [joe, susan] = await bench.session.query(User).orderBy("username").all();
    const [one, two] = await bench.session.query(Post).orderBy("body").all();
    bench.quiet();
    return { susan: susan!, joe: joe!, one: one!, two: two! };
  }

  const authors = async (): Promise<unknown[]> =>
    (
      await bench.stored(
        `SELECT "body", "username" FROM "post" LEFT JOIN "user" ON "user"."id" = "authorId" ORDER BY "body"`,
      )
    ).map((row) => `${String(row["body"])} by ${String(row["username"])}`);

  test("session 17: setting the author puts a post into the author's posts", async () => {
    const { db, session } = bench;
    const { susan, joe, one } = await people();
    await susan.posts;
    await joe.posts;
    one.author = joe;
    expectSame(joe.posts, [one]);
    expect(susan.posts.map(({ body }) => body)).toEqual(["two"]);
    const three = db.create(Post, { body: "three" });
    three.author = joe;
    expectSame(joe.posts, [one, three]);
    session.add(three);
    await session.commit();
    expect(await authors()).toEqual(["one by joe", "three by joe", "two by susan"]);
  });

  test("session 17: pushing a post sets its author, and the old author loses it", async () => {
    const { session } = bench;
    const { susan, joe, one, two } = await people();
    await susan.posts;
    await joe.posts;
    joe.posts.push(one);
    expect(one.author).toBe(joe);
    expectSame(susan.posts, [two]);
    await session.commit();
    expect(await authors()).toEqual(["one by joe", "two by susan"]);
  });

  test("session 17: the same holds where nothing was loaded", async () => {
    const { db, session } = bench;
    const { susan, joe, one, two } = await people();
    expect(joe.posts).toBeInstanceOf(LazyCollection);
    (joe.posts as Collection<Post>).add(one);
    expect(await one.author).toBe(joe);
    expectSame(await susan.posts, [two]);
    expectSame(await joe.posts, [one]);
    const three = db.create(Post, { body: "three" });
    (susan.posts as Collection<Post>).push(three);
    expect(three.author).toBe(susan);
    await session.commit();
    expect(await authors()).toEqual(["one by joe", "three by susan", "two by susan"]);
  });

  test("session 17: every way of changing the array is heard", async () => {
    const { db, session } = bench;
    const { susan, joe, one, two } = await people();
    await susan.posts;
    await joe.posts;
    const [three, four] = [db.create(Post, { body: "three" }), db.create(Post, { body: "four" })];
    expect(susan.posts.pop()).toBe(two);
    expect(two.author).toBeNull();
    susan.posts.unshift(three);
    expect(three.author).toBe(susan);
    susan.posts.splice(0, 1, two);
    expect([three.author, two.author]).toEqual([null, susan]);
    susan.posts[0] = four;
    susan.posts.length = 1;
    joe.posts = [one, two];
    await session.commit();
    expect([four.author, one.author, two.author].map(String)).toEqual(["<User susan>", "<User joe>", "<User joe>"]);
    expect(await authors()).toEqual(["four by susan", "one by joe", "two by joe"]);
  });

  test("session 17: a child that leaves its parent has none", async () => {
    const { session } = bench;
    const { susan, one } = await people();
    await susan.posts;
    (susan.posts as Collection<Post>).remove(one);
    expect(one.author).toBeNull();
    await session.commit();
    expect(await authors()).toEqual(["one by null", "two by susan"]);
  });

  test("session 17: both sides of a one-to-one", async () => {
    const { db, session } = bench;
    const { susan, joe } = await people();
    const profile = db.create(Profile, { motto: "read" });
    susan.profile = profile;
    expect(profile.user).toBe(susan);
    session.add(profile);
    await session.commit();
    profile.user = joe;
    expect(joe.profile).toBe(profile);
    expect(susan.profile).toBeNull();
    await session.commit();
    expect(await bench.stored(`SELECT "username" FROM "profile" JOIN "user" ON "user"."id" = "userId"`)).toEqual([
      { username: "joe" },
    ]);
  });

  test("session 17: both sides of a many-to-many", async () => {
    const { db, session } = bench;
    const { susan, joe } = await people();
    const readers = db.create(Group, { name: "readers" });
    readers.members.push(susan);
    expect((await susan.groups).map(({ name }) => name)).toEqual(["readers"]);
    (joe.groups as Collection<Group>).add(readers);
    expectSame(readers.members, [susan, joe]);
    session.add(readers);
    await session.commit();
    expect(await bench.stored(`SELECT COUNT(*) AS "n" FROM "user_groups_circle"`)).toEqual([{ n: expect.anything() }]);
    const fresh = await bench.fresh();
    expect((await (await fresh.session.get(Group, "readers"))!.members).map(String).sort()).toEqual([
      "<User joe>",
      "<User susan>",
    ]);
  });

  test("session 18: adding a parent inserts its children, foreign keys filled", async () => {
    const { db, session } = bench;
    const root = db.create(Node, { label: "root" });
    const [left, right, leaf] = [
      db.create(Node, { label: "left" }),
      db.create(Node, { label: "right" }),
      db.create(Node, { label: "leaf" }),
    ];
    root.children = [left, right];
    left.children.push(leaf);
    session.add(root);
    await session.flush();
    for (const node of [left, right, leaf]) expect(session.state(node)).toBe("persistent");
    await session.commit();
    const rows = await bench.stored(`SELECT "id", "label", "parentId" FROM "node" ORDER BY "label"`);
    expect(rows).toEqual([
      { id: leaf.id, label: "leaf", parentId: left.id },
      { id: left.id, label: "left", parentId: root.id },
      { id: right.id, label: "right", parentId: root.id },
      { id: root.id, label: "root", parentId: null },
    ]);
  });

  test("session 18: an added object brings what it refers to, declared cascade or not", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    const post = db.create(Post, { body: "one", author: user });
    const group = db.create(Group, { name: "readers" });
    user.groups.push(group);
    session.add(post);
    await session.commit();
    for (const object of [user, post, group]) expect(session.state(object)).toBe("persistent");
    expect(await authors()).toEqual(["one by susan"]);
    expect(await bench.stored(`SELECT "circleName" FROM "user_groups_circle"`)).toEqual([{ circleName: "readers" }]);
  });

  test("session 18: an object of the session brings what is put into it later", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    susan.posts = [...(await susan.posts), db.create(Post, { body: "three" })];
    await session.commit();
    expect(await authors()).toEqual(["one by susan", "three by susan", "two by susan"]);
  });

  test("session 18: an object that merely refers to one of the session stays out until it is added", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    const post = db.create(Post, { body: "three", author: susan });
    await session.commit();
    expect(session.state(post)).toBe("transient");
    expect(await authors()).toEqual(["one by susan", "two by susan"]);
    session.add(post);
    await session.commit();
    expect(await authors()).toEqual(["one by susan", "three by susan", "two by susan"]);
  });

  test("session 18: children of many parents, all new, are inserted in as few statements as there are tables", async () => {
    const { db, session } = bench;
    for (let user = 0; user < 50; user++)
      session.add(
        db.create(User, {
          username: `user ${user}`,
          posts: [0, 1, 2].map((post) => db.create(Post, { body: `post ${user}.${post}` })),
        }),
      );
    await session.commit();
    expect(bench.sent(/^INSERT/)).toHaveLength(2);
    const fresh = await bench.fresh();
    const users = await fresh.query(User).all();
    for (const user of users) {
      const number = user.username.slice(5);
      expect((await user.posts).map(({ body }) => body)).toEqual([0, 1, 2].map((post) => `post ${number}.${post}`));
    }
  });

  test("session 20: a many-to-many adds and removes exactly the rows that changed", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    const groups = ["a", "b", "c", "d", "e"].map((name) => db.create(Group, { name }));
    const [a, b, c, d, e] = groups as [Group, Group, Group, Group, Group];
    susan.groups = [a, b, c];
    session.add(d, e);
    await session.commit();
    await session.query(User).all();
    await susan.groups;
    bench.quiet();
    const junction: (readonly unknown[])[] = [];
    const stop = db.observe((event) => {
      if (event.type === "statement" && /user_groups_circle/.test(event.sql))
        junction.push([event.sql.split(" ", 1)[0], event.rows]);
    });
    susan.groups.push(d);
    (susan.groups as Collection<Group>).remove(a);
    susan.groups.reverse();
    (susan.groups as Collection<Group>).remove(b);
    susan.groups.push(b);
    await session.commit();
    stop();
    expect(junction).toEqual([
      ["DELETE", 1],
      ["INSERT", 1],
    ]);
    expect(
      (await bench.stored(`SELECT "circleName" AS "name" FROM "user_groups_circle" ORDER BY 1`)).map(
        ({ name }) => name,
      ),
    ).toEqual(["b", "c", "d"]);
  });

  test("session 20: what is set on both sides is one row, and what is set back none", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    const [a, b] = [db.create(Group, { name: "a" }), db.create(Group, { name: "b" })];
    susan.groups = [a];
    session.add(b);
    await session.commit();
    await session.query(User).all();
    await session.query(Group).all();
    await susan.groups;
    await b.members;
    susan.groups.push(b);
    expectSame(b.members, [susan]);
    b.members = [susan];
    susan.groups = [b];
    susan.groups = [b, a];
    bench.quiet();
    await session.commit();
    expect(bench.sent(/user_groups_circle/)).toEqual([expect.stringMatching(/^INSERT/)]);
    bench.quiet();
    await session.query(User).all();
    await susan.groups;
    susan.groups.pop();
    susan.groups.push(b);
    bench.quiet();
    await session.commit();
    expect(bench.sent(/^(INSERT|DELETE)/).length).toBeLessThanOrEqual(0);
  });

  test("session 20: adding and removing works where nothing was loaded", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    susan.groups = [db.create(Group, { name: "a" }), db.create(Group, { name: "b" })];
    await session.commit();
    session.expungeAll();
    const [again] = await session.query(User).filterBy({ username: "susan" }).all();
    const a = (await session.get(Group, "a"))!;
    bench.quiet();
    const groups = again!.groups as Collection<Group>;
    expect(groups).toBeInstanceOf(LazyCollection);
    groups.remove(a);
    groups.add(db.create(Group, { name: "c" }));
    await session.commit();
    expect(bench.sent(/^SELECT/)).toEqual([]);
    expect(
      (await bench.stored(`SELECT "circleName" AS "name" FROM "user_groups_circle" ORDER BY 1`)).map(
        ({ name }) => name,
      ),
    ).toEqual(["b", "c"]);
  });

  test("session 20: adding a member that is there already adds no row, though nothing was loaded", async () => {
    const { db, session } = bench;
    const { susan } = await people();
    susan.groups = [db.create(Group, { name: "a" })];
    await session.commit();
    session.expungeAll();
    const again = await session.query(User).filterBy({ username: "susan" }).one();
    const a = (await session.get(Group, "a"))!;
    (again.groups as Collection<Group>).add(a);
    await session.commit();
    expectSame(await again.groups, [a]);
    expect(await bench.stored(`SELECT "circleName" AS "name" FROM "user_groups_circle"`)).toEqual([{ name: "a" }]);
  });

  test("session 20: a deleted object takes its rows of the join table with it", async () => {
    const { db, session } = bench;
    const { susan, joe } = await people();
    const a = db.create(Group, { name: "a", members: [susan, joe] });
    session.add(a);
    await session.commit();
    await session.query(Group).all();
    session.delete(a);
    await session.commit();
    expect(await bench.stored(`SELECT "circleName" AS "name" FROM "user_groups_circle"`)).toEqual([]);
    expectSame(await susan.groups, []);
  });

  test("session 23: touching a relation of one of the objects a query returned loads it for all, in one SELECT", async () => {
    const { db, session } = bench;
    for (let user = 0; user < 30; user++) {
      const groups = [db.create(Group, { name: `group ${user}` })];
      const posts = [0, 1].map((post) => db.create(Post, { body: `post ${user}.${post}` }));
      session.add(db.create(User, { username: `user ${String(user).padStart(2, "0")}`, posts, groups }));
    }
    await session.commit();
    session.expungeAll();
    bench.quiet();
    let posts = 0;
    const users = await session.query(User).orderBy("username").all();
    for (const user of users) {
      const own = await user.posts;
      expect(own.map(({ body }) => body)).toEqual(
        [0, 1].map((post) => `post ${Number(user.username.slice(5))}.${post}`),
      );
      posts += own.length;
    }
    expect(posts).toBe(60);
    expect(bench.sent()).toHaveLength(2);
    for (const user of users) expect((await user.groups)[0]!.name).toBe(`group ${Number(user.username.slice(5))}`);
    expect(bench.sent()).toHaveLength(1);
    for (const user of users) expect(await user.profile).toBeNull();
    expect(bench.sent()).toHaveLength(1);

    session.expungeAll();
    bench.quiet();
    for (const post of await session.query(Post).orderBy("body").all())
      expect((await post.author)!.username).toMatch(/^user/);
    expect(bench.sent()).toHaveLength(2);
  });

  test("session 23: objects that were reached through a relation are one batch too", async () => {
    const { db, session } = bench;
    for (let user = 0; user < 5; user++) {
      const posts = [0, 1].map((post) => db.create(Post, { body: `post ${user}.${post}`, comments: [] }));
      session.add(db.create(User, { username: `user ${user}`, posts }));
    }
    await session.commit();
    session.expungeAll();
    bench.quiet();
    for (const user of await session.query(User).all())
      for (const post of await user.posts) expect(await post.comments).toHaveLength(0);
    expect(bench.sent()).toHaveLength(3);
  });

  test("session 43: a list that is not loaded does not look empty while its object is in no session", async () => {
    const { db, session } = bench;
    const { susan, one, two } = await people();
    await session.close();
    const detached = { code: "session/detached", message: expect.stringContaining("<User susan> is in no session") };
    const posts = susan.posts as unknown as LazyCollection<Post>;
    for (const look of [
      () => posts.length,
      () => [...susan.posts],
      () => posts[0],
      () => Array.from(susan.posts),
      () => new Set(susan.posts),
    ])
      expect(look).toThrow(expect.objectContaining(detached));
    await expect(posts).rejects.toMatchObject(detached);
    await expect(posts.count()).rejects.toMatchObject(detached);
    expect(JSON.stringify(susan)).not.toContain("posts");

    // What is put into it and taken out of it is written by the session that it is added to.
    const three = db.create(Post, { body: "three" });
    susan.posts.push(three);
    posts.remove(one);
    expect([three.author, one.author]).toEqual([susan, null]);
    const other = (await bench.fresh()).session;
    other.add(susan, one);
    await other.commit();
    expect(await authors()).toEqual(["one by null", "three by susan", "two by susan"]);
    expect((await susan.posts).map(({ body }) => body).sort()).toEqual(["three", "two"]);
    expect(two.body).toBe("two");
    await other.close();

    // Loaded lists stay, and one that was assigned is loaded; a new object has an empty list.
    expect(susan.posts).toHaveLength(2);
    susan.groups = [];
    expect(susan.groups).toHaveLength(0);
    expect(db.create(User, { username: "new" }).posts).toHaveLength(0);
  });

  test("session 23: lazyLoading can be an error, or one by one", async () => {
    const { db } = bench;
    for (let user = 0; user < 3; user++)
      db.session.add(db.create(User, { username: `user ${user}`, posts: [db.create(Post, { body: "x" })] }));
    await db.session.commit();

    const strict = await bench.fresh({ lazyLoading: "raise" });
    const [user] = await strict.query(User).all();
    expect(() => user!.posts).toThrow(
      expect.objectContaining({ code: "session/raise", message: expect.stringContaining("User.posts") }),
    );
    const [post] = await strict.query(Post).all();
    expect(() => post!.author).not.toThrow();
    expect(post!.author).toBeInstanceOf(User);

    const single = await bench.fresh({ lazyLoading: "one" });
    let selects = 0;
    single.observe((event) => void (event.type === "statement" && selects++));
    for (const one of await single.query(User).all()) expect(await one.posts).toHaveLength(1);
    expect(selects).toBe(4);
  });
});
