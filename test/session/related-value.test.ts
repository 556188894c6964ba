import { instanceOf } from "../../src/session/state/instance";
import type { RelatedValue } from "../../src/session/state/related-value";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { Group, Post, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  function related(entity: object, property: string): RelatedValue {
    const instance = instanceOf(entity)!;
    return instance.relatedValue(instance.model.relation(property)!)!;
  }

  async function susan(): Promise<{ user: User; one: Post; two: Post }> {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 30 });
    const [one, two] = [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })];
    user.posts = [one];
    session.add(user, two);
    await session.commit();
    await session.query(User).one();
    await session.query(Post).all();
    return { user, one, two };
  }

  test("a collection knows its stored members and compares them with those it has", async () => {
    const { user, one, two } = await susan();
    await user.posts;
    const posts = related(user, "posts");
    expect(posts).toMatchObject({ isLoaded: true, isChanged: false });
    expect([...posts.stored!]).toEqual([one]);
    user.posts[0] = two;
    expect(posts.isChanged).toBe(true);
    posts.detectChanges();
    expect(posts.changes()).toEqual({ added: [two], removed: [one] });
    await bench.session.flush();
    expect(posts.isChanged).toBe(false);
    expect([...posts.stored!]).toEqual([two]);
    expect(posts.changes()).toEqual({ added: [], removed: [] });
  });

  test("what was saved of a collection keeps which members their own side has set", async () => {
    const { user, two } = await susan();
    await user.posts;
    const posts = related(user, "posts");
    const ofThisSide = (): object[] => {
      const found: object[] = [];
      posts.forEachAssigned((member) => found.push(member));
      return found;
    };
    two.author = user;
    expect(ofThisSide()).toEqual([]);
    const saved = posts.save()!;
    two.author = null;
    user.posts.push(two);
    expect(ofThisSide()).toEqual([two]);
    saved.restore();
    expect(ofThisSide()).toEqual([]);
    two.author = null;
    user.posts.push(two);
    saved.restore();
    expect(ofThisSide()).toEqual([]);
  });

  test("a relation that is not loaded knows what was added and removed on its side", async () => {
    const { user, one, two } = await susan();
    const { db } = bench;
    const posts = user.posts as unknown as { add(post: Post): void; remove(post: Post): void };
    posts.add(two);
    posts.remove(one);
    const value = related(user, "posts");
    expect(value).toMatchObject({ isLoaded: false, isChanged: true, stored: undefined });
    expect(value.members()).toEqual([two]);
    expect(value.changes()).toEqual({ added: [two], removed: [one] });
    db.create(Post, { body: "three" }).author = user;
    expect(value.members()).toHaveLength(2);
    expect(value.changes().added).toEqual([two]);
  });

  test("a reference knows the stored entity until a flush has written another", async () => {
    const { user, one, two } = await susan();
    const { db, session } = bench;
    const other = db.create(User, { username: "mort", age: 40 });
    one.author = other;
    expect(related(one, "author")).toMatchObject({ isChanged: true, stored: [user] });
    expect(related(one, "author").changes()).toEqual({ added: [other], removed: [user] });
    two.author = null;
    expect(related(two, "author").changes()).toEqual({ added: [], removed: [] });
    await session.flush();
    expect(related(one, "author")).toMatchObject({ isChanged: false, stored: [other] });
  });

  test("a reference that was never read does not know what is stored", async () => {
    const { one } = await susan();
    const { db, session } = bench;
    session.expungeAll();
    const post = (await session.query(Post).filterBy({ body: one.body }).one()) as Post;
    post.author = db.create(User, { username: "mort", age: 40 });
    expect(related(post, "author").stored).toBeUndefined();
    await session.flush();
    expect(related(post, "author").stored).toEqual([post.author]);
  });

  test("a reference of a new object stores nothing yet", () => {
    const { db } = bench;
    const post = db.create(Post, { body: "new" });
    post.author = db.create(User, { username: "susan", age: 30 });
    expect(related(post, "author").stored).toEqual([]);
  });

  test("members that were set on the other side are not assigned on this one", () => {
    const { db } = bench;
    const [user, group] = [db.create(User, { username: "susan", age: 30 }), db.create(Group, { name: "readers" })];
    user.groups = [group];
    const assigned = (value: RelatedValue): object[] => {
      const members: object[] = [];
      value.forEachAssigned((member) => members.push(member));
      return members;
    };
    expect(assigned(related(user, "groups"))).toEqual([group]);
    expect(assigned(related(group, "members"))).toEqual([]);
    expect(related(group, "members").members()).toEqual([user]);
  });
});
