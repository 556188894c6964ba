import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { User } from "../helpers/entities/blog";

/** What the journal knew of an object was forgotten with it, and a rollback left it as if the row were there. */
describe("an object that is expunged in the middle of a transaction", () => {
  const bench = benchOn(database("sqlite"));

  async function insertedThenExpunged(): Promise<User> {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    await session.flush();
    session.expunge(user);
    return user;
  }

  async function isNew(user: User): Promise<void> {
    const { session } = bench;
    expect([session.state(user), user.id, user.role]).toEqual(["transient", undefined, undefined]);
    session.add(user);
    await session.commit();
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "susan" }]);
  }

  test("is new again after the rollback of its insertion", async () => {
    const user = await insertedThenExpunged();
    await bench.session.rollback();
    await isNew(user);
  });

  test("and added again, is new after the rollback too", async () => {
    const user = await insertedThenExpunged();
    bench.session.add(user);
    await bench.session.rollback();
    await isNew(user);
  });

  test("is new again after the rollback of a savepoint", async () => {
    const savepoint = await bench.session.beginNested();
    const user = await insertedThenExpunged();
    await savepoint.rollback();
    await isNew(user);
  });

  test("after a flush that failed, is new again", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan" });
    session.add(user);
    await session.flush();
    session.add(db.create(User, { username: "susan" }));
    await expect(session.flush()).rejects.toThrow();
    session.expungeAll();
    await session.rollback();
    await isNew(user);
  });

  test.each(["added again", "left alone"])("and %s, remembers what the row holds after the rollback", async (then) => {
    const user = await insertedThenExpunged();
    const { session } = bench;
    session.add(user);
    user.age = 30;
    await session.commit();
    user.age = 31;
    await session.flush();
    session.expunge(user);
    if (then === "added again") session.add(user);
    await session.rollback();
    expect([session.state(user), user.age]).toEqual(["detached", 30]);
    session.add(user);
    user.age = 31;
    await session.commit();
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 31 }]);
  });

  test("keeps what was set and never written", async () => {
    const user = await insertedThenExpunged();
    const { session } = bench;
    session.add(user);
    await session.commit();
    user.age = 31;
    await session.flush();
    session.expunge(user);
    user.role = "king";
    await session.rollback();
    expect([user.age, user.role]).toEqual([null, "king"]);
    session.add(user);
    await session.commit();
    expect(await bench.stored(`SELECT "age", "role" FROM "user"`)).toEqual([{ age: null, role: "king" }]);
  });

  test("is not deleted by a deletion that was asked for while a savepoint was opened", async () => {
    const { session } = bench;
    const user = await insertedThenExpunged();
    session.add(user);
    await session.commit();
    const opening = session.beginNested();
    session.delete(user);
    const savepoint = await opening;
    session.delete(user);
    session.expunge(user);
    await savepoint.rollback();
    session.add(user);
    expect(await session.get(User, user.id)).toBe(user);
    await session.commit();
    expect(await session.query(User).count()).toBe(1);
  });
});
