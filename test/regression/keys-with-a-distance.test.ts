import type { DataSource } from "typeorm";
import { Session } from "../../src";
import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { Post, User } from "../helpers/entities/blog";

/** Generated keys were computed from the first one, as if `auto_increment_increment` were always 1; a cluster sets it to the number of its nodes. */
eachDatabase(
  (kind) => {
    // One connection, whose variables the session sees.
    const bench = benchOn(kind, { poolSize: 1 });

    /** Has the server taken for a version of MySQL, which has no INSERT … RETURNING. */
    function pretendVersion(dataSource: DataSource, version: string): () => void {
      const { driver } = dataSource;
      const before = driver.version;
      driver.version = version;
      return () => (driver.version = before);
    }

    test.each([
      ["MariaDB", "10.11.6"],
      ["MySQL", "8.4.3"],
    ])("objects have the keys of their own rows, and children those of their parents (%s)", async (_, version) => {
      const restore = pretendVersion(bench.dataSource, version);
      try {
        await bench.stored("SET SESSION auto_increment_increment = 3");
        const session = new Session(bench.dataSource);
        const users = ["ann", "bo", "cy", "di"].map((username) => session.create(User, { username }));
        const posts = users.map((author) => session.create(Post, { body: `by ${author.username}`, author }));
        session.addAll(posts);
        await session.commit();
        expect(await bench.stored(`SELECT "id", "username" FROM "user" ORDER BY "username"`)).toEqual(
          users.map(({ id, username }) => ({ id, username })),
        );
        expect(
          await bench.stored(
            `SELECT "username", "body" FROM "post" JOIN "user" ON "user"."id" = "authorId" ORDER BY "username"`,
          ),
        ).toEqual(users.map(({ username }) => ({ username, body: `by ${username}` })));
        users[2]!.age = 7;
        await session.commit();
        expect(await bench.stored(`SELECT "username" FROM "user" WHERE "age" = 7`)).toEqual([{ username: "cy" }]);
        await session.close();
      } finally {
        restore();
        await bench.stored("SET SESSION auto_increment_increment = DEFAULT");
      }
    });
  },
  ["mariadb"],
);
