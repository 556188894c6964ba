import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

describe("a stream along a join to many", () => {
  const bench = benchOn(database("sqlite"));

  test("gives an entity once, though its rows come in two portions", async () => {
    const { session } = bench;
    for (const username of ["susan", "bob"]) {
      const author = session.create(User, { username });
      for (let number = 0; number < 700; number++) session.add(session.create(Post, { body: `${number}`, author }));
    }
    await session.commit();
    const seen: string[] = [];
    for await (const { username } of session.query(User).join("posts").orderBy("posts.id")) seen.push(username);
    expect(seen).toEqual(["susan", "bob"]);
  });
});
