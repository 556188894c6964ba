import { expect, timed } from "./measure.mjs";
import { bodyOf, userValues } from "./works.mjs";

/** Rows of one statement. */
const TOGETHER = 1_000;
const COLUMNS = `"id", "username", "email", "password_hash"`;

/**
 * What somebody writes who has no library but pg: statements for a thousand rows, whose values are an array a column,
 * one transaction. That takes less time than a parameter a value.
 */
export function postgres({ require, entities: { User, Post }, version }) {
  const pg = require("pg");
  const works = {
    async insert(client, rows) {
      const users = Array.from({ length: rows }, (_, index) => Object.assign(new User(), userValues(index + 1)));
      const posts = users.map((author, index) => Object.assign(new Post(), { body: bodyOf(index + 1), author }));
      const result = await timed(async () => {
        await client.query("BEGIN");
        for (const some of batches(users)) {
          const { rows: made } = await client.query(
            `INSERT INTO "user" ("username", "email", "password_hash") SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) RETURNING "id"`,
            [
              some.map(({ username }) => username),
              some.map(({ email }) => email),
              some.map(({ password_hash }) => password_hash),
            ],
          );
          some.forEach((user, place) => (user.id = made[place].id));
        }
        for (const some of batches(posts)) {
          const { rows: made } = await client.query(
            `INSERT INTO "post" ("body", "user_id") SELECT * FROM unnest($1::text[], $2::int[]) RETURNING "id"`,
            [some.map(({ body }) => body), some.map(({ author }) => author.id)],
          );
          some.forEach((post, place) => (post.id = made[place].id));
        }
        await client.query("COMMIT");
      });
      expect("id", posts.at(-1).id, rows);
      return result;
    },
    async all(client, rows) {
      let users;
      const result = await timed(async () => {
        ({ rows: users } = await client.query(`SELECT ${COLUMNS} FROM "user"`));
      });
      expect("rows", users.length, rows);
      return result;
    },
    async update(client, rows) {
      const { rows: users } = await client.query(`SELECT ${COLUMNS} FROM "user"`);
      let changed = 0;
      const result = await timed(async () => {
        for (const user of users) user.password_hash = `changed ${user.id}`;
        await client.query("BEGIN");
        for (const some of batches(users)) {
          const { rowCount } = await client.query(
            `UPDATE "user" SET "password_hash" = "rows"."hash" FROM unnest($1::int[], $2::text[]) AS "rows" ("id", "hash") WHERE "user"."id" = "rows"."id"`,
            [some.map(({ id }) => id), some.map(({ password_hash }) => password_hash)],
          );
          changed += rowCount;
        }
        await client.query("COMMIT");
      });
      expect("changed", changed, rows);
      return result;
    },
    async get(client, rows) {
      const found = new Array(rows);
      const result = await timed(async () => {
        for (let id = 1; id <= rows; id++)
          found[id - 1] = (await client.query(`SELECT ${COLUMNS} FROM "user" WHERE "id" = $1`, [id])).rows[0];
      });
      expect("id", found.at(-1).id, rows);
      return result;
    },
    async delete(client, rows) {
      let deleted = 0;
      const result = await timed(async () => {
        const { rows: posts } = await client.query(`SELECT "id", "body", "timestamp", "user_id" FROM "post"`);
        await client.query("BEGIN");
        for (const some of batches(posts)) {
          const { rowCount } = await client.query(`DELETE FROM "post" WHERE "id" = ANY($1)`, [
            some.map(({ id }) => id),
          ]);
          deleted += rowCount;
        }
        await client.query("COMMIT");
      });
      expect("deleted", deleted, rows);
      return result;
    },
  };
  const opened = (work) => async (connectionString, rows) => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return await work(client, rows);
    } finally {
      await client.end();
    }
  };
  return {
    name: "ceiling",
    version: `pg ${version("pg")}`,
    ...Object.fromEntries(Object.entries(works).map(([work, run]) => [work, opened(run)])),
  };
}

function batches(rows) {
  return Array.from({ length: Math.ceil(rows.length / TOGETHER) }, (_, index) =>
    rows.slice(index * TOGETHER, (index + 1) * TOGETHER),
  );
}
