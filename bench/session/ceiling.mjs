import { expect, timed } from "./measure.mjs";
import { LOOPED, bodyOf, userValues } from "./works.mjs";

/** What somebody writes who has no library but the driver: one prepared statement a table, one transaction. */
export function ceiling({ Database, entities: { User, Post }, version }) {
  const { name, ...works } = {
    name: "ceiling",
    async insert(database, rows) {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(() => {
        const user = database.prepare(`INSERT INTO "user" ("username", "email", "password_hash") VALUES (?, ?, ?)`);
        const post = database.prepare(`INSERT INTO "post" ("body", "user_id") VALUES (?, ?)`);
        database.exec("BEGIN IMMEDIATE");
        for (const one of users) one.id = user.run(one.username, one.email, one.password_hash).lastInsertRowid;
        for (const one of posts) one.id = post.run(one.body, one.author.id).lastInsertRowid;
        database.exec("COMMIT");
      });
      expect("id", posts.at(-1).id, rows);
      return result;
    },
    async all(database, rows) {
      let users;
      const result = await timed(() => {
        users = database.prepare(`SELECT "id", "username", "email", "password_hash" FROM "user"`).all();
      });
      expect("rows", users.length, rows);
      return result;
    },
    async update(database, rows) {
      const users = database.prepare(`SELECT "id", "username", "email", "password_hash" FROM "user"`).all();
      const result = await timed(() => {
        const update = database.prepare(`UPDATE "user" SET "password_hash" = ? WHERE "id" = ?`);
        database.exec("BEGIN IMMEDIATE");
        for (const one of users) {
          one.password_hash = `changed ${one.id}`;
          update.run(one.password_hash, one.id);
        }
        database.exec("COMMIT");
      });
      expect("rows", users.length, rows);
      return result;
    },
    async get(database, rows) {
      const found = new Array(rows);
      const result = await timed(() => {
        const get = database.prepare(`SELECT "id", "username", "email", "password_hash" FROM "user" WHERE "id" = ?`);
        for (let id = 1; id <= rows; id++) found[id - 1] = get.get(id);
      });
      expect("id", found.at(-1).id, rows);
      return result;
    },
    async delete(database) {
      const result = await timed(() => {
        const posts = database.prepare(`SELECT "id", "body", "timestamp", "user_id" FROM "post"`).all();
        const remove = database.prepare(`DELETE FROM "post" WHERE "id" = ?`);
        database.exec("BEGIN IMMEDIATE");
        for (const { id } of posts) remove.run(id);
        database.exec("COMMIT");
      });
      expect("rows", database.prepare(`SELECT COUNT(*) FROM "post"`).pluck().get(), 0);
      return result;
    },
    /** The least that tells whether 10,000 objects are what they were: a comparison a column. */
    async nothing(database, rows) {
      const users = database.prepare(`SELECT "id", "username", "email", "password_hash" FROM "user"`).all();
      const before = users.map((user) => Object.values(user));
      let same = 0;
      const result = await timed(() => {
        for (let place = 0; place < users.length; place++) {
          const [id, username, email, password_hash] = before[place];
          const user = users[place];
          if (
            user.id === id &&
            user.username === username &&
            user.email === email &&
            user.password_hash === password_hash
          )
            same++;
        }
      });
      expect("same", same, rows);
      return result;
    },
    async loop(database) {
      let read = 0;
      const result = await timed(() => {
        const users = database
          .prepare(`SELECT "id", "username", "email", "password_hash" FROM "user" LIMIT ?`)
          .all(LOOPED);
        const posts = database
          .prepare(
            `SELECT "id", "body", "timestamp", "user_id" FROM "post" WHERE "user_id" IN (SELECT value FROM json_each(?))`,
          )
          .all(JSON.stringify(users.map(({ id }) => id)));
        const byUser = Map.groupBy?.(posts, ({ user_id }) => user_id) ?? grouped(posts);
        for (const { id } of users) read += byUser.get(id).length;
      });
      expect("posts", read, LOOPED);
      return { ...result, statements: 2 };
    },
  };
  const opened = (work) => async (file, rows) => {
    const database = new Database(file);
    database.pragma("foreign_keys = ON");
    try {
      return await work(database, rows);
    } finally {
      database.close();
    }
  };
  return {
    name,
    version: `better-sqlite3 ${version("better-sqlite3")}`,
    ...Object.fromEntries(Object.entries(works).map(([work, run]) => [work, opened(run)])),
  };
}

function grouped(posts) {
  const groups = new Map();
  for (const post of posts) {
    const group = groups.get(post.user_id);
    if (group) group.push(post);
    else groups.set(post.user_id, [post]);
  }
  return groups;
}
