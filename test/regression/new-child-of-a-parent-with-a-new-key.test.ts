import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Node } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);
  const stored = async (): Promise<string[]> =>
    (
      await bench.stored(
        'SELECT node.label, above.label AS parent FROM node JOIN node above ON above.id = node."parentId" ORDER BY node.label',
      )
    ).map((row) => Object.values(row).join(" "));

  test("a row whose key changes points at a new row that points at it", async () => {
    const { db, session } = bench;
    const root = db.create(Node, { label: "root" });
    session.add(root);
    await session.commit();
    const leaf = db.create(Node, { label: "leaf", parent: root });
    root.parent = leaf;
    root.id = 9_001;
    session.add(leaf);
    await session.commit();
    expect(await stored()).toEqual(["leaf root", "root leaf"]);
    expect(session.dirty).toEqual([]);
  });

  test("rows whose keys change come to point at each other", async () => {
    const { db, session } = bench;
    const [one, two] = ["one", "two"].map((label) => db.create(Node, { label })) as [Node, Node];
    session.add(one, two);
    await session.commit();
    [one.id, two.id] = [9_011, 9_012];
    [one.parent, two.parent] = [two, one];
    await session.commit();
    expect(await stored()).toEqual(["one two", "two one"]);
    expect(session.dirty).toEqual([]);
  });
});
