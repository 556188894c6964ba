import { expect, timed } from "./measure.mjs";
import { LOOPED, bodyOf, userValues } from "./works.mjs";

/** TypeORM's own calls, as its documentation shows them. */
export function typeOrm({ entities: { User, Post }, version, dataSource }) {
  const opened = (work) => async (place, rows) => {
    const counter = { statements: 0 };
    const count = () => void counter.statements++;
    const none = () => undefined;
    const logger = {
      ...{
        logQuery: count,
        logQueryError: none,
        logQuerySlow: none,
        logSchemaBuild: none,
        logMigration: none,
        log: none,
      },
    };
    // What a logger costs is not to be measured with the rest.
    const logs = work.length === 3 ? { logging: true, logger } : {};
    const opening = dataSource(place, logs);
    await opening.initialize();
    counter.statements = 0;
    try {
      return await work(opening.manager, rows, counter);
    } finally {
      await opening.destroy();
    }
  };

  return {
    name: "TypeORM",
    version: version("typeorm"),
    insert: opened(async (manager, rows) => {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(() =>
        manager.transaction(async (inside) => {
          await inside.save(users);
          await inside.save(posts);
        }),
      );
      expect("id", posts.at(-1).id, rows);
      return result;
    }),
    all: opened(async (manager, rows) => {
      let users;
      const result = await timed(async () => {
        users = await manager.find(User);
      });
      expect("rows", users.length, rows);
      return result;
    }),
    update: opened(async (manager, rows) => {
      const users = await manager.find(User);
      const result = await timed(async () => {
        for (const user of users) user.password_hash = `changed ${user.id}`;
        await manager.save(users);
      });
      expect("changed", await manager.countBy(User, { password_hash: `changed ${rows}` }), 1);
      return result;
    }),
    get: opened(async (manager, rows) => {
      const found = new Array(rows);
      const result = await timed(async () => {
        for (let id = 1; id <= rows; id++) found[id - 1] = await manager.findOneBy(User, { id });
      });
      expect("id", found.at(-1).id, rows);
      return result;
    }),
    delete: opened(async (manager) => {
      const result = await timed(async () => {
        await manager.remove(await manager.find(Post));
      });
      expect("rows", await manager.count(Post), 0);
      return result;
    }),
    nothing: opened(async (manager, rows) => {
      const users = await manager.find(User);
      const result = await timed(() => manager.save(users));
      expect("rows", users.length, rows);
      return result;
    }),
    loop: opened(async (manager, _rows, counter) => {
      let read = 0;
      const result = await timed(async () => {
        for (const { id } of await manager.find(User, { take: LOOPED }))
          read += (await manager.findBy(Post, { user_id: id })).length;
      });
      expect("posts", read, LOOPED);
      return { ...result, statements: counter.statements };
    }),
  };
}
