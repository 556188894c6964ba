import { connect, joined, selectin } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Node, Post, Seat, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  /** Users with two posts each, in the database and unknown to the session. */
  async function seed(...names: string[]): Promise<number[]> {
    const db = await bench.fresh();
    const users: User[] = [];
    for (const username of names) {
      const user = db.create(User, { username });
      user.posts = [db.create(Post, { body: `${username} 1` }), db.create(Post, { body: `${username} 2` })];
      db.session.add(user);
      users.push(user);
    }
    await db.session.commit();
    await db.close();
    return users.map(({ id }) => id);
  }

  test("session 1: two reads of a row give one object, by whatever query", async () => {
    const [id] = await seed("susan", "joe");
    const { session } = bench;
    const susan = await session.get(User, id!);
    expect(susan).toBeInstanceOf(User);
    expect(await session.query(User).filterBy({ username: "susan" }).one()).toBe(susan);
    expect((await session.query(User).orderBy("id").all())[0]).toBe(susan);
    expect(await session.query(User).get(id!)).toBe(susan);
    const streamed: User[] = [];
    for await (const user of session.query(User).orderBy("id")) streamed.push(user);
    expect(streamed[0]).toBe(susan);
  });

  test("session 1: get of a loaded row sends nothing", async () => {
    const [id] = await seed("susan");
    const { session } = bench;
    const [susan] = await session.query(User).all();
    bench.quiet();
    expect(await session.get(User, id!)).toBe(susan);
    expect(await session.query(User).get(id!)).toBe(susan);
    expect(await session.query(User).get({ id: id! })).toBe(susan);
    expect(bench.sent()).toEqual([]);
  });

  test("session 1: get of an object that expired reads it again", async () => {
    const [id] = await seed("susan");
    const { session } = bench;
    const susan = (await session.get(User, id!))!;
    await bench.stored(`UPDATE "user" SET "age" = 41`);
    expect(susan.age).toBeNull();
    session.expire(susan);
    bench.quiet();
    expect(await session.get(User, id!)).toBe(susan);
    expect(bench.sent(/^SELECT/)).toHaveLength(1);
    expect(susan.age).toBe(41);
  });

  test("session 1: get of a row that is gone gives null, and so does one that is deleted in this session", async () => {
    const [id, joeId] = await seed("susan", "joe");
    const { session } = bench;
    const [susan, joe] = await session.query(User).orderBy("id").all();
    await bench.stored(`UPDATE "post" SET "authorId" = NULL`);
    session.expire(susan!);
    await bench.stored(`DELETE FROM "user" WHERE "username" = 'susan'`);
    expect(await session.get(User, id!)).toBeNull();
    expect(session.owns(susan!)).toBe(false);
    session.delete(joe!);
    expect(await session.get(User, joeId!)).toBeNull();
    expect(await session.get(User, id! + 99)).toBeNull();
  });

  test("session 2: a query that meets a loaded row leaves local edits alone", async () => {
    const [id] = await seed("susan");
    const { session } = bench;
    const susan = (await session.get(User, id!))!;
    susan.age = 30;
    await session.noAutoflush(async () => {
      await bench.stored(`UPDATE "user" SET "age" = 41, "role" = 'writer'`);
      expect(await session.query(User).one()).toBe(susan);
      expect([susan.age, susan.role]).toEqual([30, "reader"]);
      expect(session.dirty).toEqual([susan]);
    });
  });

  test("session 2: populateExisting takes the row's values, and nothing is dirty after it", async () => {
    const [id] = await seed("susan");
    const { session } = bench;
    const susan = (await session.get(User, id!))!;
    susan.age = 30;
    await session.noAutoflush(async () => {
      await bench.stored(`UPDATE "user" SET "age" = 41, "role" = 'writer'`);
      expect(await session.query(User).populateExisting().one()).toBe(susan);
    });
    expect([susan.age, susan.role]).toEqual([41, "writer"]);
    expect(session.dirty).toEqual([]);
  });

  test("session 2: a joined query leaves the edits of a related object alone too", async () => {
    await seed("susan");
    const { session } = bench;
    const post = (await session.query(Post).orderBy("id").first())!;
    post.body = "edited";
    await session.noAutoflush(async () => {
      const user = await session.query(User).options(joined("posts")).one();
      expect(user.posts).toContain(post);
    });
    expect(post.body).toBe("edited");
  });

  test("session 3: rows reached by joins, by batched loading and on touch share one author", async () => {
    const [id] = await seed("susan", "joe");
    const { session } = bench;
    const joinedPosts = await session.query(Post).options(joined("author")).orderBy("id").all();
    const susan = joinedPosts[0]!.author!;
    expect(susan.username).toBe("susan");
    expect(joinedPosts[1]!.author).toBe(susan);
    expect(joinedPosts[2]!.author).not.toBe(susan);
    expect(await session.get(User, susan.id)).toBe(susan);

    const other = await connect(bench.dataSource);
    const batched = await other.query(Post).options(selectin("author")).orderBy("id").all();
    expect(batched[0]!.author).toBeInstanceOf(User);
    expect(batched[1]!.author).toBe(batched[0]!.author);
    expect(await other.session.get(User, id!)).toBe(batched[0]!.author);
    await other.close();

    const third = await connect(bench.dataSource);
    const posts = await third.query(Post).orderBy("id").all();
    const touched = await Promise.all(posts.map(async (post) => post.author));
    expect(touched[1]).toBe(touched[0]);
    expect(
      (await third.query(User).orderBy("id").options(selectin("posts")).all()).map(({ posts: own }) => own[0]),
    ).toEqual([posts[0], posts[2]]);
    await third.close();
  });

  test('session 4: key 1 and key "1" are one identity where the column is a number', async () => {
    const [id] = await seed("susan");
    const { session } = bench;
    const susan = await session.get(User, id!);
    bench.quiet();
    expect(await session.get(User, String(id))).toBe(susan);
    expect(await session.get(User, BigInt(id!))).toBe(susan);
    expect(await session.get(User, { id: String(id) })).toBe(susan);
    expect(bench.sent()).toEqual([]);
  });

  test("session 4: composite keys never collide", async () => {
    const { db, session } = bench;
    const keys = [
      ["a", 11],
      ["a1", 1],
      ["a,1", 1],
      ['a","1', 1],
      ["1", 1],
    ] as const;
    const seats = keys.map(([hall, place]) => db.create(Seat, { hall, place, guest: `${hall}/${place}` }));
    session.addAll(seats);
    await session.commit();
    for (const [index, [hall, place]] of keys.entries()) {
      expect(await session.get(Seat, { hall, place })).toBe(seats[index]);
      expect(await session.get(Seat, { hall, place: String(place) })).toBe(seats[index]);
    }
    const fresh = await bench.fresh();
    const loaded = await fresh.query(Seat).all();
    expect(new Set(loaded).size).toBe(keys.length);
    expect(new Set(loaded.map(({ guest }) => guest))).toEqual(new Set(seats.map(({ guest }) => guest)));
  });

  test("session 5: what the next flush inserts is new: what objects of the session refer to, too", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan", posts: [] });
    session.add(susan);
    await session.commit();
    const added = () => session.new.map((post) => (post as Post).body);
    susan.posts.push(db.create(Post, { body: "one" }));
    susan.posts[1] = db.create(Post, { body: "two" });
    expect(added()).toEqual(["one", "two"]);
    expect((await session.plan()).steps.map(({ action, rows }) => [action, rows.length])).toEqual([["insert", 2]]);
    susan.posts.pop();
    expect(added()).toEqual(["one"]);
    susan.posts = [db.create(Post, { body: "three" })];
    expect(added()).toEqual(["three"]);
    session.delete(susan);
    expect(added()).toEqual([]);
    await session.rollback();
    expect(added()).toEqual([]);
  });

  test("session 5: adding twice inserts once", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(susan);
    session.add(susan, susan);
    expect(session.new).toEqual([susan]);
    await session.flush();
    session.add(susan);
    await session.commit();
    expect(bench.sent(/^INSERT/)).toHaveLength(1);
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "susan" }]);
  });

  test("session 5: add then delete before the flush sends nothing", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(susan);
    session.delete(susan);
    expect(session.state(susan)).toBe("transient");
    await session.commit();
    expect(bench.sent()).toEqual([]);
    session.add(susan);
    await session.commit();
    expect(susan.id).toEqual(expect.any(Number));
  });

  test("session 5: a pending object that is expunged is forgotten", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(susan);
    session.expunge(susan);
    expect(session.new).toEqual([]);
    expect(session.state(susan)).toBe("transient");
    await session.commit();
    expect(bench.sent()).toEqual([]);
    expect(await session.query(User).count()).toBe(0);
  });

  test("session 5: a new parent that is deleted again leaves none of its new children", async () => {
    const { db, session } = bench;
    const root = db.create(Node, { label: "root" });
    root.children.push(db.create(Node, { label: "leaf" }));
    session.add(root);
    session.delete(root);
    await session.commit();
    expect(bench.sent()).toEqual([]);
  });
});
