import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { installed } from "../../scripts/installed.mjs";
import { expect, note, timed } from "./measure.mjs";
import { LOOPED, bodyOf, userValues } from "./works.mjs";

const VERSION = "6.6.16";

/** MikroORM's unit of work; undefined where it cannot be installed. */
export function mikroOrm({ mikroOrm: driver }) {
  const folder = folderOf(driver.package);
  if (!folder) return undefined;
  const require = createRequire(path.join(folder, "index.js"));
  const { Collection, EntitySchema, MikroORM } = require(driver.package);
  const { version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));

  class User {
    posts = new Collection(this);
  }
  class Post {}
  const entities = [
    new EntitySchema({
      class: User,
      tableName: "user",
      properties: {
        id: { type: "number", primary: true },
        username: { type: "string" },
        email: { type: "string" },
        password_hash: { type: "string", nullable: true, fieldName: "password_hash" },
        posts: { kind: "1:m", entity: () => Post, mappedBy: "author" },
      },
    }),
    new EntitySchema({
      class: Post,
      tableName: "post",
      properties: {
        id: { type: "number", primary: true },
        body: { type: "string" },
        timestamp: { type: "Date", defaultRaw: "CURRENT_TIMESTAMP" },
        author: { kind: "m:1", entity: () => User, fieldName: "user_id", nullable: true },
      },
    }),
  ];

  const opened = (work) => async (place, rows) => {
    const counter = { statements: 0 };
    const log = work.length === 3 ? { debug: ["query"], logger: () => void counter.statements++ } : {};
    const orm = await MikroORM.init({ ...driver.options(place), entities, ...log });
    counter.statements = 0;
    try {
      return await work(orm.em.fork(), rows, counter);
    } finally {
      await orm.close(true);
    }
  };

  return {
    name: "MikroORM",
    version,
    insert: opened(async (em, rows) => {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(async () => {
        em.persist(posts);
        await em.flush();
      });
      expect("id", posts.at(-1).id, rows);
      return result;
    }),
    all: opened(async (em, rows) => {
      let users;
      const result = await timed(async () => {
        users = await em.findAll(User);
      });
      expect("rows", users.length, rows);
      return result;
    }),
    update: opened(async (em, rows) => {
      const users = await em.findAll(User);
      const result = await timed(async () => {
        for (const user of users) user.password_hash = `changed ${user.id}`;
        await em.flush();
      });
      expect("changed", await em.count(User, { password_hash: `changed ${rows}` }), 1);
      return result;
    }),
    get: opened(async (em, rows) => {
      const found = new Array(rows);
      const result = await timed(async () => {
        for (let id = 1; id <= rows; id++) found[id - 1] = await em.findOne(User, id);
      });
      expect("id", found.at(-1).id, rows);
      return result;
    }),
    delete: opened(async (em) => {
      const result = await timed(async () => {
        for (const post of await em.findAll(Post)) em.remove(post);
        await em.flush();
      });
      expect("rows", await em.count(Post), 0);
      return result;
    }),
    nothing: opened(async (em, rows) => {
      const users = await em.findAll(User);
      const result = await timed(() => em.flush());
      expect("rows", users.length, rows);
      return result;
    }),
    loop: opened(async (em, _rows, counter) => {
      let read = 0;
      const result = await timed(async () => {
        for (const user of await em.findAll(User, { limit: LOOPED })) read += (await user.posts.loadItems()).length;
      });
      expect("posts", read, LOOPED);
      return { ...result, statements: counter.statements };
    }),
  };
}

function folderOf(name) {
  try {
    return installed(`${name}@${VERSION}`);
  } catch (error) {
    note(`MikroORM does not take part: ${error.message}`);
    return undefined;
  }
}
