import { inspect } from "node:util";
import { PendingValue, type Plan } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Comment, Group, Node, Post, Profile, Seat, User } from "../helpers/entities/blog";

const WRITES = /^(insert|update|delete|with|pragma|set foreign)/i;

eachDatabase((database) => {
  const bench = benchOn(database);

  /** Two users; susan has two posts, the first with a comment, a profile and two groups. Nothing is loaded. */
  async function seed(): Promise<void> {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan", age: 30 });
    const [one, two] = [db.create(Post, { body: "one" }), db.create(Post, { body: "two" })];
    one.comments = [db.create(Comment, { text: "first" })];
    susan.posts = [one, two];
    susan.groups = [db.create(Group, { name: "readers" }), db.create(Group, { name: "writers" })];
    session.add(susan, db.create(Profile, { motto: "read", user: susan }), db.create(User, { username: "bob" }));
    session.add(db.create(Seat, { hall: "A", place: 1 }));
    await session.commit();
    session.expungeAll();
  }

  const user = (username: string): Promise<User> => bench.session.query(User).filterBy({ username }).one();

  /** What is done to the objects, and so what a plan is made of. */
  const shapes: Record<string, () => Promise<void>> = {
    "a new graph, leaf first": async () => {
      const { db, session } = bench;
      const author = db.create(User, { username: "ann" });
      const post = db.create(Post, { body: "new", author });
      session.add(db.create(Comment, { text: "c", post }));
    },
    "a new object of an old one, and a change": async () => {
      const { db, session } = bench;
      const susan = await user("susan");
      susan.age = 31;
      session.add(db.create(Post, { body: "three", author: susan }));
    },
    "an old object that points at a new one": async () => {
      const { db, session } = bench;
      const post = await session.query(Post).filterBy({ body: "two" }).one();
      post.author = db.create(User, { username: "eve" });
    },
    "a parent with children that are set NULL, go, or are in other tables": async () => {
      const { session } = bench;
      session.delete(await user("susan"));
    },
    "groups that come and go": async () => {
      const { db, session } = bench;
      const susan = await user("susan");
      const groups = await susan.groups;
      groups.splice(0, 1);
      susan.groups.push(db.create(Group, { name: "editors" }));
      session.add(db.create(User, { username: "tim", groups: [groups[0]!] }));
    },
    "a tree": async () => {
      const { db, session } = bench;
      const root = db.create(Node, { label: "root" });
      const branch = db.create(Node, { label: "branch", parent: root });
      session.add(db.create(Node, { label: "leaf", parent: branch }));
    },
    "a circle": async () => {
      const { db, session } = bench;
      const [one, two] = [db.create(Node, { label: "one" }), db.create(Node, { label: "two" })];
      one.parent = two;
      two.parent = one;
      session.add(one, two);
    },
    "a natural key, and what was changed and deleted": async () => {
      const { db, session } = bench;
      const [seat, comment] = [await session.query(Seat).one(), await session.query(Comment).one()];
      session.add(db.create(Seat, { hall: "B", place: 2, guest: "bob" }));
      seat.guest = "susan";
      session.delete(comment);
    },
    "a key that changes": async () => {
      const { db, session } = bench;
      const susan = await user("susan");
      const [first] = [...(await susan.posts)];
      susan.id = 9_001;
      first!.body = "changed";
      session.add(db.create(Post, { body: "hers", author: susan }));
    },
    "a new object with the key of a deleted one": async () => {
      const { db, session } = bench;
      const [susan, seat] = [await user("susan"), await session.query(Seat).one()];
      const posts = [...(await susan.posts)];
      session.delete(susan, seat);
      const taken = db.create(User, { id: susan.id, username: "new susan" });
      session.add(taken, db.create(Post, { body: "hers", author: taken }));
      session.add(db.create(Seat, { hall: "A", place: 1 }));
      posts[0]!.author = taken;
    },
  };

  /** The statements without what a plan cannot know. */
  function comparable(sql: string, parameters: readonly unknown[], known: readonly unknown[]): string {
    return `${sql} ${JSON.stringify(parameters.map((value, place) => (known[place] instanceof PendingValue ? "…" : value)))}`;
  }

  /** What a connection tells: of many runs of one statement, the first. */
  function toldOf(plan: Plan, sent: readonly { sql: string; rows: number }[]): Plan["statements"] {
    if (bench.kind !== "sqlite") return plan.statements;
    let place = 0;
    const told = sent.map(({ rows }) => {
      const first = plan.statements[place]!;
      // One run may write several rows of children that follow a key.
      for (let left = Math.max(1, rows); left > 0 && plan.statements[place]?.sql === first.sql; left--) place++;
      return first;
    });
    expect(place).toBe(plan.statements.length);
    return told;
  }

  test.each(Object.keys(shapes))("a plan is what the flush then sends, and changes nothing: %s", async (shape) => {
    const { session } = bench;
    await seed();
    await shapes[shape]!();
    const before = [session.new, session.dirty, session.deleted];
    const shown = inspect(before, { depth: 3 });
    bench.quiet();
    const plan = await session.plan();
    expect(bench.sent(/^(?!select)/i)).toEqual([]);
    expect(session.inTransaction).toBe(false);
    const after = [session.new, session.dirty, session.deleted];
    expect(after.map((list) => list.length)).toEqual(before.map((list) => list.length));
    expect(inspect(after, { depth: 3 })).toBe(shown);

    bench.quiet();
    await session.flush();
    const sent = bench.events.flatMap((event) => (event.type === "statement" && WRITES.test(event.sql) ? [event] : []));
    const told = toldOf(plan, sent);
    expect(sent.length).toBeGreaterThan(0);
    expect(told.map(({ sql, parameters }) => comparable(sql, parameters, parameters))).toEqual(
      sent.map(({ sql, parameters }, place) => comparable(sql, parameters!, told[place]!.parameters)),
    );
    await session.commit();
  });

  test("a plan says which row waits for which, and why", async () => {
    const { db, session } = bench;
    const author = db.create(User, { username: "susan" });
    const post = db.create(Post, { body: "one", author });
    session.add(post);
    const plan = await session.plan();
    expect(plan.steps.map(({ action, rows }) => [action, ...rows.map(String)])).toEqual([
      ["insert", "<User susan>"],
      ["insert", "<Post one>"],
    ]);
    const [wait] = plan.steps[1]!.waits;
    expect(plan.steps[0]!.waits).toEqual([]);
    expect(wait!.row).toBe(post);
    expect(wait!.for).toBe(author);
    expect(wait!.text).toBe("<Post one> waits for <User susan> (foreign key Post.author)");
    expect(String(plan.steps[1]!.statements[0]!.parameters[1])).toBe("<User susan>.id");
  });

  test("a plan of nothing is empty, and one that the flush would refuse is refused", async () => {
    const { db, session } = bench;
    expect(await session.plan()).toEqual({ steps: [], statements: [] });
    session.add(db.create(User, { username: "x".repeat(65) }));
    await expect(session.plan()).rejects.toMatchObject({ code: expect.stringMatching(/value/) as string });
    expect(session.failure).toBeUndefined();
  });
});
