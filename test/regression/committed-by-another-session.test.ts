import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { User } from "../helpers/entities/blog";

/** A rollback made it new, with the key of its row, once the session that had committed it was closed. */
describe("an object that a session let go of and another one stored", () => {
  const bench = benchOn(database("sqlite"));

  test.each(["open", "closed"])("is not taken back by the first one's rollback, the other one being %s", async (is) => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    session.delete(user);
    await session.flush();
    const other = await bench.fresh();
    other.session.add(user);
    await other.session.commit();
    const { id } = user;
    if (is === "closed") await other.session.close();
    await session.rollback();
    expect([session.state(user), user.id]).toEqual([is === "closed" ? "detached" : "persistent", id]);
    other.session.expunge(user);
    session.add(user);
    user.age = 31;
    await session.commit();
    expect(await bench.stored(`SELECT "username", "age" FROM "user"`)).toEqual([{ username: "susan", age: 31 }]);
  });
});
