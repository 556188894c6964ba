import { benchOn } from "../helpers/bench";
import { database, eachDatabase } from "../helpers/databases";
import { Group, Post, Profile, User } from "../helpers/entities/blog";
import { Line, Sheet, sheets } from "../helpers/entities/plain-classes";

eachDatabase((kind) => {
  const bench = benchOn(kind);

  /** Susan, with two posts, a group and a profile, as a closed session left her. */
  async function susan(): Promise<User> {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 30 });
    user.posts = [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })];
    user.groups = [db.create(Group, { name: "readers" })];
    user.profile = db.create(Profile, { motto: "b" });
    session.add(user);
    await session.commit();
    session.expungeAll();
    return user;
  }

  test("session 44: merge takes along what is loaded of an object's relations", async () => {
    const { db, session } = bench;
    const user = await susan();
    user.posts[0]!.body = "changed";
    user.posts[1] = db.create(Post, { body: "new" });
    user.groups.push(db.create(Group, { name: "writers" }));
    const merged = await session.merge(user);
    expect(merged).not.toBe(user);
    expect(merged.posts.map(({ body, author }) => [body, author === merged])).toEqual([
      ["changed", true],
      ["new", true],
    ]);
    await session.commit();
    const other = (await bench.fresh()).session;
    const stored = (await other.query(User).one()) as User;
    expect((await stored.posts).map(({ body }) => body)).toEqual(["changed", "new"]);
    expect((await stored.groups).map(({ name }) => name).sort()).toEqual(["readers", "writers"]);
    expect(await other.query(Post).count()).toBe(3);
    expect(await session.merge(merged)).toBe(merged);
  });

  test("session 44: merge takes plain objects in relations, as a request brings them", async () => {
    const { session } = bench;
    const { id, posts, profile } = await susan();
    const body = {
      id,
      posts: [{ id: posts[1]!.id, body: "changed" }, { body: "new" }],
      profile: { id: profile!.id, motto: "c" },
    };
    const merged = await session.merge(Object.assign(new User(), JSON.parse(JSON.stringify(body)) as Partial<User>));
    expect(merged.posts.every((post) => post instanceof Post && post.author === merged)).toBe(true);
    await session.commit();
    const other = (await bench.fresh()).session;
    const stored = (await other.query(User).one()) as User;
    expect((await stored.posts).map((post) => post.body)).toEqual(["changed", "new"]);
    expect((await stored.profile)!.motto).toBe("c");
    expect(stored.username).toBe("susan");
  });

  test("session 44: merge leaves relations alone that are not loaded", async () => {
    const { session } = bench;
    const user = await susan();
    const first = (await bench.fresh()).session;
    const read = (await first.query(User).one()) as User;
    await first.close();
    read.age = 31;
    const merged = await session.merge(read);
    bench.quiet();
    await session.commit();
    expect(bench.sent(/^(INSERT|UPDATE|DELETE)/)).toHaveLength(1);
    expect((await merged.posts).map(({ body }) => body)).toEqual(["one", "two"]);
    expect(merged.id).toBe(user.id);
  });

  test("session 44: of several objects of one row, the one that is nearest to what was given decides", async () => {
    const { db, session } = bench;
    const user = await susan();
    const [kept] = user.posts;
    // A second object of the same row, whose list has an object that still knows the first one.
    const given = Object.assign(new User(), { id: user.id, username: "given", posts: [kept] });
    const merged = await session.merge(given);
    await session.commit();
    expect(merged.username).toBe("given");
    expect((await merged.posts).map(({ body }) => body)).toEqual(["one"]);
    expect(await bench.stored(`SELECT body FROM post WHERE "authorId" IS NOT NULL`)).toEqual([{ body: "one" }]);
    session.add(db.create(Post, { body: "later", author: merged }));
    await session.commit();
  });

  test("session 44: a member that refers to an object of a stored row leaves the row's other members alone", async () => {
    const { db, session } = bench;
    const user = await susan();
    const same = db.create(User, { id: user.id, username: "susan" });
    const merged = await session.merge(db.create(Post, { body: "new", author: same }));
    await session.commit();
    expect(merged.author!.id).toBe(user.id);
    const bodies = async () =>
      (await bench.stored(`SELECT body FROM post WHERE "authorId" IS NOT NULL`)).map((row) => row["body"]);
    expect((await bodies()).sort()).toEqual(["new", "one", "two"]);

    const again = db.create(User, { id: user.id, username: "susan" });
    db.create(Post, { body: "newer", author: again });
    await session.merge(again);
    await session.commit();
    expect((await bodies()).sort()).toEqual(["new", "newer", "one", "two"]);
  });

  test("session 44: merge of a graph that contains itself, of a new object, of an object twice", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "new", age: 1 });
    const post = db.create(Post, { body: "p", author: user });
    const [one, other] = (await session.mergeAll<object>([user, post])) as [User, Post];
    expect([other.author, [...one.posts]]).toEqual([one, [other]]);
    await session.commit();
    session.expungeAll();
    const again = await session.mergeAll([other, other]);
    expect(again[0]).toBe(again[1]);
    await session.commit();
    expect(await session.query(Post).count()).toBe(1);
    expect(await session.query(User).count()).toBe(1);
  });
});

describe("many objects", () => {
  const bench = benchOn(database("sqlite"), { entities: sheets });

  test("session 44: merge of 1,000 objects with their relations takes a few queries", async () => {
    const { session } = bench;
    const all = Array.from({ length: 1_000 }, (_, number) =>
      Object.assign(new Sheet(), {
        name: `sheet ${number}`,
        lines: [0, 1].map((place) => Object.assign(new Line(), { text: `line ${place}` })),
      }),
    );
    session.addAll(all);
    await session.commit();
    session.expungeAll();
    // Plain objects, as a request brings them.
    const given = (JSON.parse(JSON.stringify(all.map(({ id, name }) => ({ id, name })))) as Sheet[]).map(
      (values, place) =>
        Object.assign(new Sheet(), values, {
          name: `changed ${place}`,
          lines: [
            Object.assign(new Line(), { id: all[place]!.lines[0]!.id, text: "changed" }),
            Object.assign(new Line(), { text: "added" }),
          ],
        }),
    );
    bench.quiet();
    const merged = await session.mergeAll(given);
    expect(bench.sent(/^SELECT/).length).toBeLessThanOrEqual(4);
    await session.commit();
    expect(merged).toHaveLength(1_000);
    expect(await bench.stored(`SELECT count(*) AS n FROM line WHERE "sheetId" IS NOT NULL`)).toEqual([{ n: 2_000 }]);
    expect(await bench.stored(`SELECT count(*) AS n FROM line WHERE "text" = 'changed'`)).toEqual([{ n: 1_000 }]);
    expect(await bench.stored(`SELECT count(*) AS n FROM sheet WHERE "name" LIKE 'changed%'`)).toEqual([{ n: 1_000 }]);
  });
});
