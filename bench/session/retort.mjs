import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, timed } from "./measure.mjs";
import { LOOPED, bodyOf, userValues } from "./works.mjs";

/** Retort as it is built in dist/. */
export function retort({ require, repository, entities: { User, Post }, dataSource }) {
  const { connect } = require(path.join(repository, "dist/index.js"));
  const { version } = JSON.parse(readFileSync(path.join(repository, "package.json"), "utf8"));

  /** Hands a database and a session to a work, and puts them away. */
  const opened = (work) => async (place, rows) => {
    const db = await connect(dataSource(place));
    const session = db.newSession();
    try {
      return await work(session, rows, db);
    } finally {
      await session.close();
      await db.close();
    }
  };

  return {
    name: "Retort",
    version,
    insert: opened(async (session, rows) => {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(async () => {
        session.addAll(posts);
        await session.commit();
      });
      expect("id", posts.at(-1).id, rows);
      expect("author's id", posts.at(-1).user_id, rows);
      expect(
        "posts",
        await session
          .query(Post)
          .filterBy({ author: { username: `user${rows}` } })
          .count(),
        1,
      );
      return result;
    }),
    all: opened(async (session, rows) => {
      let users;
      const result = await timed(async () => {
        users = await session.query(User).all();
      });
      expect("rows", users.length, rows);
      expect("the same object", await session.get(User, users[0].id), users[0]);
      return result;
    }),
    update: opened(async (session, rows) => {
      const users = await session.query(User).all();
      const result = await timed(async () => {
        for (const user of users) user.password_hash = `changed ${user.id}`;
        await session.commit();
      });
      expect(
        "changed",
        await session
          .query(User)
          .filterBy({ password_hash: `changed ${rows}` })
          .count(),
        1,
      );
      return result;
    }),
    get: opened(async (session, rows) => {
      const found = new Array(rows);
      const result = await timed(async () => {
        for (let id = 1; id <= rows; id++) found[id - 1] = await session.get(User, id);
      });
      expect("id", found.at(-1).id, rows);
      return result;
    }),
    delete: opened(async (session) => {
      const result = await timed(async () => {
        const posts = await session.query(Post).all();
        session.delete(...posts);
        await session.commit();
      });
      expect("rows", await session.query(Post).count(), 0);
      return result;
    }),
    nothing: opened(async (session, rows) => {
      const users = await session.query(User).all();
      const result = await timed(() => session.commit());
      expect("rows", users.length, rows);
      return result;
    }),
    loop: opened(async (session, _rows, db) => {
      let read = 0;
      let statements = 0;
      const stop = db.observe(({ type }) => (statements += type === "statement" ? 1 : 0));
      const result = await timed(async () => {
        for (const user of await session.query(User).limit(LOOPED).all()) read += (await user.posts).length;
      });
      stop();
      expect("posts", read, LOOPED);
      return { ...result, statements };
    }),
  };
}
