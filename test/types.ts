/*
 * What the public types promise. Nothing here runs: `npm run check:types` is the test.
 */
import { expectTypeOf } from "expect-type";
import {
  ArrayContains,
  Between,
  Equal,
  ILike,
  In,
  IsNull,
  JsonContains,
  LessThan,
  Like,
  MoreThan,
  Not,
  Or,
  Raw,
  type EntitySchema,
} from "typeorm";
import {
  collection,
  connect,
  exists,
  func,
  not,
  or,
  when,
  type Aliased,
  type Collection,
  type Column,
  type Columns,
  type Condition,
  type Database,
  type Pagination,
  type Query,
  type RetortError,
  type Scalar,
  type Session,
} from "../src/index";
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

/** Every kind of property. */
declare class Account {
  id: number;
  big: string;
  name: string;
  nick: string | null;
  bio?: string;
  role: "admin" | "user";
  born: Date | null;
  avatar: Buffer;
  tags: string[];
  settings: Record<string, unknown>;
  anything: unknown;
  code: string & { readonly brand: "code" };
  address: { city: string; zip: string | null };
  boss: Account | null;
  lazy: Promise<Account>;
  team: Account[];
  lazyTeam: Promise<Account[]>;
  greet(): string;
}

export function operators(accounts: Query<Account>, susan: Account): void {
  accounts.filterBy({
    id: 1,
    big: "9007199254740993",
    name: ["a", "b"],
    role: "admin",
    born: new Date(),
    avatar: Buffer.of(1),
  });
  accounts.filterBy({ nick: null, born: [new Date(), null], boss: null });
  accounts.filterBy({ role: ["admin", "user"], bio: "x", settings: { theme: "dark" }, anything: 3 });
  accounts.filterBy({
    name: Like("s%"),
    nick: Not(IsNull()),
    role: In(["admin"]),
    id: Between(1, 9),
    born: MoreThan(new Date()),
  });
  accounts.filterBy({ name: Raw((column) => `${column} <> ''`), id: Or(Equal(1), LessThan(9)), role: Not("admin") });
  accounts.filterBy({
    tags: ArrayContains(["a"]),
    settings: JsonContains({ theme: "dark" }),
    name: ILike("S%"),
    id: Not(In([1])),
  });
  accounts.filterBy({ tags: ["a"], address: { city: "Rome", zip: null } });
  accounts.filterBy({ boss: susan, team: { name: "x", team: { nick: null } }, lazy: susan, lazyTeam: { id: 1 } });
  accounts.filterBy({ boss: 1, team: true, lazyTeam: [susan, 2] });
  accounts.filterBy({ boss: Not(IsNull()) });
  accounts.filterBy({ boss: In([1, 2]), id: accounts.select("id"), team: accounts.filterBy({ id: 1 }) });
  // @ts-expect-error -- never null
  accounts.filterBy({ name: null });
  // @ts-expect-error -- nor in a list
  accounts.filterBy({ name: ["a", null] });
  // @ts-expect-error -- a list of many is never null
  accounts.filterBy({ team: null });
  // @ts-expect-error -- an operator over another type
  accounts.filterBy({ name: MoreThan(5) });
  // @ts-expect-error -- the same of two
  accounts.filterBy({ id: Between("a", "b") });
  // @ts-expect-error -- no such role
  accounts.filterBy({ role: "owner" });
  // @ts-expect-error -- no such role in a list
  accounts.filterBy({ role: ["admin", "owner"] });
  // @ts-expect-error -- no such property
  accounts.filterBy({ nmae: "x" });
  // @ts-expect-error -- no such field
  accounts.filterBy({ address: { ciyt: "x" } });
  // @ts-expect-error -- no such property of members
  accounts.filterBy({ team: { nmae: "x" } });
  // @ts-expect-error -- a method is no property
  accounts.filterBy({ greet: "x" });
  // @ts-expect-error -- no such property to order by
  accounts.orderBy("nmae");
  // @ts-expect-error -- no such direction
  accounts.orderBy({ name: "UP" });
  // @ts-expect-error -- no such property to select
  accounts.select("nmae");
}

export async function expressions(
  accounts: Query<Account>,
  c: Columns<Account>,
  other: Aliased<Account>,
): Promise<void> {
  expectTypeOf(c.id).toExtend<Column<number>>();
  expectTypeOf(c.nick.isNull()).toEqualTypeOf<Condition>();
  accounts.filter(c.id.gt(1), c.name.like("s%"), c.name.in(["a"]), c.born.between(new Date(), new Date()));
  accounts.filter(or(c.id.eq(c.boss.id), not(c.code.isNull()), c.team.any({ name: "x" }), c.lazyTeam.none(c.id.gt(1))));
  accounts.filter(exists(other.query.filter(other.c.name.eq(c.name))), c.id.in(other.query.select("id")));
  accounts.join("boss", other).filter(other.c.name.eq("x")).orderBy(other.c.born.desc().nullsLast());
  // @ts-expect-error -- another type
  c.id.eq("1");
  // @ts-expect-error -- no such column
  void c.nmae;
  // @ts-expect-error -- a column of the other side
  void c.boss.nmae;

  expectTypeOf(await accounts.select("id", c.nick, c.id.count().as("n")).all()).toEqualTypeOf<
    { id: number; nick: string | null; n: number }[]
  >();
  expectTypeOf(await accounts.select(c.id.plus(1).as("next"), c.name.eq("x").as("isX")).first()).toEqualTypeOf<{
    next: number;
    isX: boolean;
  } | null>();
  expectTypeOf(await accounts.join("boss").select(c.name, other.c.born.as("born")).all()).toEqualTypeOf<
    { name: string; born: Date }[]
  >();
  expectTypeOf(
    await accounts
      .groupBy("role")
      .select("role", c.id.sum().as("sum"), func.count().as("n"), c.born.max().as("last"))
      .having(c.id.count().gt(1))
      .all(),
  ).toEqualTypeOf<{ role: "admin" | "user"; sum: number | null; n: number; last: Date | null }[]>();
  const size = when(c.id.lt(10), "small").when(c.id.lt(100), "large");
  expectTypeOf(await accounts.select(size.as("a"), size.otherwise("huge").as("b")).all()).toEqualTypeOf<
    { a: string | null; b: string }[]
  >();
  expectTypeOf(other.query.select(c.id.max().as("id")).asScalar()).toEqualTypeOf<Scalar<number | null>>();
  expectTypeOf(await accounts.select(c.id.max().as("top")).scalar<number>()).toEqualTypeOf<number | null>();
  for await (const row of accounts.select("name")) expectTypeOf(row).toEqualTypeOf<{ name: string }>();
}

export async function writes(accounts: Query<Account>, c: Columns<Account>, susan: Account): Promise<void> {
  expectTypeOf(await accounts.update({ nick: null, id: c.id.plus(1), boss: susan, name: "x" })).toEqualTypeOf<number>();
  expectTypeOf(await accounts.delete()).toEqualTypeOf<number>();
  // @ts-expect-error -- never null
  await accounts.update({ name: null });
  // @ts-expect-error -- no such property
  await accounts.update({ nmae: "x" });
}

/** Relations of entities as they stand, and of those that say what they are. */
export async function relations(user: User): Promise<void> {
  expectTypeOf(await user.posts).toEqualTypeOf<Post[]>();
  const posts = collection(user.posts);
  expectTypeOf(await posts.all()).toEqualTypeOf<Post[]>();
  expectTypeOf(await posts.count()).toEqualTypeOf<number>();
  expectTypeOf(posts.filterBy({ body: "x" }).orderBy("id")).toEqualTypeOf<Query<Post>>();
  expectTypeOf(posts.query).toEqualTypeOf<Query<Post>>();
  posts.add(new Post());
  // @ts-expect-error -- no such property
  posts.filterBy({ bdoy: "x" });
  // @ts-expect-error -- of relations to many only
  collection(user.username);
  expectTypeOf(collection(({} as Account).lazyTeam).filterBy({ id: 1 })).toEqualTypeOf<Query<Account>>();

  class Blog {
    posts!: Collection<Post>;
  }
  expectTypeOf(await new Blog().posts.filterBy({ body: "x" }).all()).toEqualTypeOf<Post[]>();
  expectTypeOf(({} as Columns<Blog>).posts.any({ body: "x" })).toEqualTypeOf<Condition>();
}

/** A class that says itself what `connect` gives it. */
class Member {
  declare static readonly query: Query<Member>;
  declare static readonly c: Columns<Member>;
  name!: string;
}
expectTypeOf(Member.query.filter(Member.c.name.eq("x")).all()).resolves.toEqualTypeOf<Member[]>();

export async function schemas(db: Database, schema: EntitySchema<{ id: number; word: string }>): Promise<void> {
  expectTypeOf(await db.query(schema).filterBy({ word: "x" }).all()).toEqualTypeOf<{ id: number; word: string }[]>();
  // @ts-expect-error -- no such property
  db.query(schema).filterBy({ wrod: "x" });
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
