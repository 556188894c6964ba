import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Node, Post, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  test("who is related to a row whose key changes is found by the key that the row has", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(db.create(Post, { body: "one", author: susan }));
    const root = db.create(Node, { label: "root" });
    session.add(db.create(Node, { label: "leaf", parent: root }));
    await session.commit();
    const fresh = await bench.fresh();
    const [user, node] = [await fresh.query(User).one(), await fresh.query(Node).filterBy({ label: "root" }).one()];
    user.id = 9_001;
    expect(await fresh.session.noAutoflush(() => user.posts)).toHaveLength(1);
    // The whole relation is set, and nobody has read it.
    node.id = 9_002;
    node.children = [];
    await fresh.session.commit();
    expect(await bench.stored('SELECT label FROM node WHERE "parentId" IS NOT NULL')).toEqual([]);
    user.id = 9_003;
    fresh.session.delete(user);
    await fresh.session.commit();
    expect(await bench.stored('SELECT id FROM "user"')).toEqual([]);
  });
});
