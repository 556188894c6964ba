import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Post, User } from "../helpers/entities/blog";

/** A list was handed on as arguments, of which V8 takes some 120,000. */
describe("a long list of objects", () => {
  const bench = benchOn(database("sqlite"));
  const posts = (): Post[] => Array.from({ length: 150_000 }, () => Object.assign(new Post(), { body: "one" }));

  test("is added", () => {
    const { session } = bench;
    session.addAll(posts());
    expect(session.new).toHaveLength(150_000);
    session.expungeAll();
  });

  test("is a relation", () => {
    const user = bench.db.create(User, { username: "susan" });
    bench.session.add(user);
    user.posts = posts();
    expect(user.posts).toHaveLength(150_000);
    bench.session.expungeAll();
  });
});
