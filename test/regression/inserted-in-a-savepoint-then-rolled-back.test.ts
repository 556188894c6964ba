import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { User } from "../helpers/entities/blog";

/** What the savepoint's flush had filled in was forgotten with its release, where the transaction knew the object already. */
describe("a new object that is first written in a savepoint", () => {
  const bench = benchOn(database("sqlite"));

  test.each([1, 2])("loses its generated key with a rollback of all, %i deep", async (depth) => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    session.delete(user);
    await session.flush();
    const inserted = async (): Promise<void> => {
      session.add(user);
      await session.flush();
    };
    await session.nested(() => (depth === 1 ? inserted() : session.nested(inserted)));
    expect(user.id).toEqual(expect.any(Number));
    await session.rollback();
    expect([session.state(user), user.id, user.role]).toEqual(["transient", undefined, undefined]);
    session.add(user);
    await session.commit();
    expect(await bench.stored(`SELECT "role" FROM "user"`)).toEqual([{ role: "reader" }]);
  });
});
