import { DataSource } from "typeorm";
import { connect } from "../../src";
import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { blog, User } from "../helpers/entities/blog";

/** It kept the other's entity, and there were two objects for one row. */
describe("an object of another DataSource", () => {
  const bench = benchOn(database("sqlite"));

  test("is refused, and its values may be merged", async () => {
    const entities = [...blog] as never[];
    const dataSource = new DataSource({ type: "better-sqlite3", database: ":memory:", entities, synchronize: true });
    const other = await connect(dataSource);
    const user = other.create(User, { username: "susan" });
    other.session.add(user);
    await other.session.commit();
    await other.close();
    expect(() => bench.session.add(user)).toThrow(
      expect.objectContaining({
        code: "session/another-data-source",
        hint: expect.stringContaining("merge()") as string,
      }),
    );
    const merged = await bench.session.merge(user);
    await bench.session.commit();
    expect(merged).not.toBe(user);
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "susan" }]);
  });
});
