import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Node } from "../helpers/entities/blog";

eachDatabase(
  (database) => {
    const bench = benchOn(database);

    test.each([false, true])(
      "who was put into a collection and never flushed is in it when it is added after a rollback (read: %s)",
      async (reads) => {
        const { db, session } = bench;
        const root = db.create(Node, { label: "root" });
        session.add(root);
        await session.commit();
        if (reads) await root.children;
        const leaf = db.create(Node, { label: "leaf" });
        root.children.push(leaf);
        await session.rollback();
        expect(await root.children).toHaveLength(0);
        leaf.parent = root;
        session.add(leaf);
        expect([...(await session.noAutoflush(() => root.children))]).toEqual([leaf]);
      },
    );
  },
  ["sqlite"],
);
