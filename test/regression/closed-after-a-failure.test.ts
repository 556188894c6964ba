import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { User } from "../helpers/entities/blog";

/** Closing gave back nothing where the failed flush had rolled back already, and left deletions asked for. */
describe("a session that is closed", () => {
  const bench = benchOn(database("sqlite"));

  test("after a failed flush leaves its new objects new", async () => {
    const { db, session } = bench;
    session.add(db.create(User, { username: "susan" }));
    await session.commit();
    const david = db.create(User, { username: "david" });
    session.add(david);
    await session.flush();
    session.add(db.create(User, { username: "susan" }));
    await expect(session.commit()).rejects.toThrow();
    await session.close();
    expect(david.id).toBeUndefined();
    const next = db.newSession();
    next.add(david);
    expect(next.state(david)).toBe("pending");
    await next.commit();
    await next.close();
    expect(await bench.stored(`SELECT "username" FROM "user" ORDER BY "id"`)).toHaveLength(2);
  });

  test("forgets whose deletion was asked for", async () => {
    const { db, session } = bench;
    const susan = db.create(User, { username: "susan" });
    session.add(susan);
    await session.commit();
    session.delete(susan);
    await session.close();
    const next = db.newSession();
    next.add(susan);
    susan.username = "Susan";
    await next.commit();
    await next.close();
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "Susan" }]);
  });
});
