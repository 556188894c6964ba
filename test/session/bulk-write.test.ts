import { eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Group, Post, Profile, Seat, User } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  test("what the database deletes with a row is deleted in memory too, and comes back with a rollback", async () => {
    const { session } = bench;
    const susan = session.create(User, { username: "susan" });
    const bob = session.create(User, { username: "bob" });
    const profiles = [susan, bob].map((user) => session.create(Profile, { motto: "x", user }));
    const group = session.create(Group, { name: "all", members: [susan, bob] });
    session.add(...profiles, group);
    await session.commit();
    expect((await group.members).map(({ username }) => username)).toEqual(["susan", "bob"]);

    expect(await session.query(User).filterBy({ username: "susan" }).delete()).toBe(1);
    expect([susan, bob, ...profiles].map((one) => session.state(one))).toEqual([
      "deleted",
      "persistent",
      "deleted",
      "persistent",
    ]);
    expect((await group.members).map(({ username }) => username)).toEqual(["bob"]);
    await session.rollback();
    expect([susan, bob, ...profiles].map((one) => session.state(one))).toEqual(Array(4).fill("persistent"));
    expect((await group.members).map(({ username }) => username)).toEqual(["susan", "bob"]);
    expect(susan.username).toBe("susan");
    expect(session.dirty).toEqual([]);

    await session.query(User).filterBy({ username: "susan" }).delete();
    await session.commit();
    expect(session.state(profiles[0]!)).toBe("detached");
    expect(await session.query(Profile).count()).toBe(1);
  });

  test("a savepoint takes back what was written past the objects since", async () => {
    const { session } = bench;
    const susan = session.create(User, { username: "susan", age: 30 });
    session.add(susan);
    await session.commit();
    await session.query(User).update({ age: 31 });
    await expect(
      session.nested(async () => {
        await session.query(User).update({ age: 99 });
        expect(susan.age).toBe(99);
        throw new Error("enough");
      }),
    ).rejects.toThrow("enough");
    expect(susan.age).toBe(31);
    expect((await session.query(User).one()).age).toBe(31);
    await session.rollback();
    expect(susan.age).toBe(30);
  });

  test("objects with keys of two parts follow too", async () => {
    const { session } = bench;
    const seats = [1, 2, 3].map((place) => session.create(Seat, { hall: "A", place }));
    session.add(...seats);
    await session.commit();
    const some = session.query(Seat).filterBy({ place: [1, 2] });
    expect(await some.update({ guest: "susan" })).toBe(2);
    expect(seats.map(({ guest }) => guest)).toEqual(["susan", "susan", null]);
    expect(await some.limit(1).orderBy("place").delete()).toBe(1);
    expect(seats.map((seat) => session.state(seat))).toEqual(["deleted", "persistent", "persistent"]);
  });

  test("what is pending is written before, and reached as well", async () => {
    const { session } = bench;
    const post = session.create(Post, { body: "first" });
    session.add(post);
    expect(await session.query(Post).update({ body: "second" })).toBe(1);
    expect(post.body).toBe("second");
    expect(session.dirty).toEqual([]);
  });
});
