import { expect, timed } from "./measure.mjs";
import { bodyOf, userValues } from "./works.mjs";

/** Rows of one statement. */
const TOGETHER = 1_000;
const COLUMNS = "`id`, `username`, `email`, `password_hash`";

/** What somebody writes who has no library but mysql2: statements for a thousand rows, one transaction. */
export function mariadb({ require, entities: { User, Post }, version }) {
  const mysql = require("mysql2/promise");
  const works = {
    async insert(connection, rows) {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(async () => {
        await connection.query("START TRANSACTION");
        for (const some of batches(users)) {
          const values = some.map(({ username, email, password_hash }) => [username, email, password_hash]);
          const [{ insertId }] = await connection.query(
            "INSERT INTO `user` (`username`, `email`, `password_hash`) VALUES ?",
            [values],
          );
          some.forEach((user, place) => (user.id = insertId + place));
        }
        for (const some of batches(posts)) {
          const values = some.map(({ body, author }) => [body, author.id]);
          const [{ insertId }] = await connection.query("INSERT INTO `post` (`body`, `user_id`) VALUES ?", [values]);
          some.forEach((post, place) => (post.id = insertId + place));
        }
        await connection.query("COMMIT");
      });
      expect("id", posts.at(-1).id, rows);
      return result;
    },
    async all(connection, rows) {
      let users;
      const result = await timed(async () => {
        [users] = await connection.query(`SELECT ${COLUMNS} FROM \`user\``);
      });
      expect("rows", users.length, rows);
      return result;
    },
    /** With a value for every column that must not be NULL, as the statement needs for a row that it would insert. */
    async update(connection, rows) {
      const [users] = await connection.query(`SELECT ${COLUMNS} FROM \`user\``);
      const result = await timed(async () => {
        for (const user of users) user.password_hash = `changed ${user.id}`;
        await connection.query("START TRANSACTION");
        for (const some of batches(users)) {
          const values = some.map(({ id, username, email, password_hash }) => [id, username, email, password_hash]);
          await connection.query(
            `INSERT INTO \`user\` (${COLUMNS}) VALUES ? ON DUPLICATE KEY UPDATE \`password_hash\` = VALUES(\`password_hash\`)`,
            [values],
          );
        }
        await connection.query("COMMIT");
      });
      const [[{ changed }]] = await connection.query(
        "SELECT COUNT(*) AS changed FROM `user` WHERE `password_hash` LIKE 'changed %'",
      );
      expect("changed", changed, rows);
      return result;
    },
    async get(connection, rows) {
      const found = new Array(rows);
      const result = await timed(async () => {
        for (let id = 1; id <= rows; id++)
          [[found[id - 1]]] = await connection.query(`SELECT ${COLUMNS} FROM \`user\` WHERE \`id\` = ?`, [id]);
      });
      expect("id", found.at(-1).id, rows);
      return result;
    },
    async delete(connection, rows) {
      let deleted = 0;
      const result = await timed(async () => {
        const [posts] = await connection.query("SELECT `id`, `body`, `timestamp`, `user_id` FROM `post`");
        await connection.query("START TRANSACTION");
        for (const some of batches(posts)) {
          const [{ affectedRows }] = await connection.query("DELETE FROM `post` WHERE `id` IN (?)", [
            some.map(({ id }) => id),
          ]);
          deleted += affectedRows;
        }
        await connection.query("COMMIT");
      });
      expect("deleted", deleted, rows);
      return result;
    },
  };
  const opened = (work) => async (url, rows) => {
    const connection = await mysql.createConnection(url);
    try {
      return await work(connection, rows);
    } finally {
      await connection.end();
    }
  };
  return {
    name: "ceiling",
    version: `mysql2 ${version("mysql2")}`,
    ...Object.fromEntries(Object.entries(works).map(([work, run]) => [work, opened(run)])),
  };
}

function batches(rows) {
  return Array.from({ length: Math.ceil(rows.length / TOGETHER) }, (_, index) =>
    rows.slice(index * TOGETHER, (index + 1) * TOGETHER),
  );
}
