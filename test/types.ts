/*
 * What the public types promise. Nothing here runs: `npm run check:types` is the test.
 */
import { expectTypeOf } from "expect-type";
import { Like } from "typeorm";
import { connect, type Database, type Pagination, type Query, type RetortError, type Session } from "../src/index";
import { Post, User } from "../examples/microblog";

export async function queries(db: Database): Promise<void> {
  const query = db.query(User);
  expectTypeOf(query).toEqualTypeOf<Query<User>>();
  expectTypeOf(await query.all()).toEqualTypeOf<User[]>();
  expectTypeOf(await query.get(1)).toEqualTypeOf<User | null>();
  expectTypeOf(await query.getOrFail(1)).toEqualTypeOf<User>();
  expectTypeOf(await query.first()).toEqualTypeOf<User | null>();
  expectTypeOf(await query.one()).toEqualTypeOf<User>();
  expectTypeOf(await query.oneOrNull()).toEqualTypeOf<User | null>();
  expectTypeOf(await query.count()).toEqualTypeOf<number>();
  expectTypeOf(await query.exists()).toEqualTypeOf<boolean>();
  expectTypeOf(await query.paginate({ page: 2 })).toEqualTypeOf<Pagination<User>>();
  expectTypeOf(query.filterBy({ username: "susan" }).orderBy("id").limit(3)).toEqualTypeOf<Query<User>>();
  for await (const user of query.stream()) expectTypeOf(user).toEqualTypeOf<User>();

  // A query is no promise: awaiting one that was only named would run it.
  expectTypeOf(query).not.toHaveProperty("then");
}

export function filters(db: Database, susan: User): void {
  const users = db.query(User);
  const posts = db.query(Post);
  users.filterBy({ username: Like("s%"), password_hash: null, id: [1, 2] });
  posts.filterBy({ author: susan });
  posts.filterBy({ author: { username: "susan" } });
  posts.filterBy({ author: null });
  // @ts-expect-error -- no such property
  users.filterBy({ usrname: "susan" });
  // @ts-expect-error -- a method is no column
  users.filterBy({ setPassword: "secret" });
  // @ts-expect-error -- the column is a string
  users.filterBy({ username: 1 });
  // @ts-expect-error -- the column is never null
  users.filterBy({ username: null });
  // @ts-expect-error -- no such property, one relation further
  posts.filterBy({ author: { usrname: "susan" } });
}

export async function sessions(db: Database, session: Session): Promise<void> {
  expectTypeOf(db.session).toEqualTypeOf<Session>();
  expectTypeOf(await session.get(User, 1)).toEqualTypeOf<User | null>();
  expectTypeOf(session.query(Post)).toEqualTypeOf<Query<Post>>();
  expectTypeOf(db.create(User, { username: "susan" })).toEqualTypeOf<User>();
  expectTypeOf(session.new).toEqualTypeOf<object[]>();
  expectTypeOf(session.state(db)).toEqualTypeOf<"transient" | "pending" | "persistent" | "deleted" | "detached">();
  // @ts-expect-error -- no such property
  db.create(User, { usrname: "susan" });
}

expectTypeOf(connect).returns.resolves.toEqualTypeOf<Database>();
expectTypeOf<RetortError>().toExtend<Error>();
expectTypeOf<RetortError["code"]>().toEqualTypeOf<string>();
