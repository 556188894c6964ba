import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  test("a row of a table that no entity has keeps the key that it points at", async () => {
    const { db, session } = bench;
    const type = database.name === "sqlite" ? "INTEGER" : "INT";
    await bench.stored(
      `CREATE TABLE stranger ("userId" ${type} NOT NULL, FOREIGN KEY ("userId") REFERENCES "user" ("id"))`,
    );
    try {
      const susan = db.create(User, { username: "susan" });
      session.add(susan);
      await session.commit();
      await bench.stored(`INSERT INTO stranger VALUES (${susan.id})`);
      susan.id = 77_777;
      await expect(session.commit()).rejects.toMatchObject({ code: "database/foreign-key" });
      await session.rollback();
      expect(await bench.stored(`SELECT s."userId" FROM stranger s JOIN "user" u ON u.id = s."userId"`)).toHaveLength(
        1,
      );
    } finally {
      await bench.stored("DROP TABLE stranger");
    }
  });
});
