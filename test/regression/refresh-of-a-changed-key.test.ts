import { benchOn } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { Group } from "../helpers/entities/blog";

eachDatabase((database) => {
  const bench = benchOn(database);

  test("refresh reads the row that the object has, and discards a key that was not flushed", async () => {
    const { db, session } = bench;
    const [one, two] = ["one", "two"].map((name) => db.create(Group, { name })) as [Group, Group];
    session.add(one, two);
    await session.commit();
    one.name = "two";
    await session.refresh(one);
    expect(one.name).toBe("one");
    expect(session.dirty).toEqual([]);
    expect(await session.get(Group, "two")).toBe(two);
  });
});
