import {
  Column,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type DataSourceOptions,
  type Relation,
} from "typeorm";
import { connect, Session, ValueError, type RetortError } from "../../src";
import { database, eachDatabase } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Comment, Group, Post, Seat, User } from "../helpers/entities/blog";

/** What a call throws, whether at once or by its promise. */
async function failure(call: () => unknown): Promise<RetortError> {
  try {
    await call();
  } catch (error) {
    return error as RetortError;
  }
  throw new Error("nothing was thrown");
}

class Stranger {
  id!: number;
}

@Entity()
class Elsewhere {
  @PrimaryGeneratedColumn()
  id!: number;
}

eachDatabase((database) => {
  const bench = benchOn(database);

  test.each([
    ["null", null, "null is not an entity"],
    ["undefined", undefined, "undefined is not an entity"],
    ["a number", 5, "5 is not an entity"],
    ["a plain object", { username: "susan" }, "a plain object is not an entity"],
    ["a list", [], "an array is not an entity"],
    ["the class", User, "the class User itself is not an entity"],
    ["an object of no entity's class", new Stranger(), "an object of class Stranger is not an entity"],
    ["an entity of another DataSource", new Elsewhere(), "an object of class Elsewhere is not an entity"],
  ])("%s is refused by everything that takes an object", async (_what, value, message) => {
    const { session } = bench;
    for (const call of [
      () => session.add(value as object),
      () => session.addAll([value as object]),
      () => session.delete(value as object),
      () => session.merge(value as object),
    ]) {
      const error = await failure(call);
      expect(error).toMatchObject({ code: "metadata/not-an-entity", message });
      expect(error.hint).toMatch(/db\.create\(/);
    }
    expect(bench.sent()).toEqual([]);
    expect(session.new).toEqual([]);
  });

  test("a class that is not mapped is refused by everything that takes one", async () => {
    const { db, session } = bench;
    for (const call of [
      () => session.query(Stranger),
      () => session.get(Stranger, 1),
      () => db.create(Stranger),
      () => session.query("Usre"),
    ])
      expect(await failure(call)).toMatchObject({ code: "metadata/unknown-entity" });
    const error = await failure(() => session.query("Usre"));
    expect(error.message).toBe('Usre is not an entity of this DataSource; did you mean "User"?');
    expect(error.hint).toMatch(/known entities: .*User/);
  });

  test("a relation takes no object of another kind", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    const user = db.create(User, { username: "susan" });
    session.add(post, user);
    const refused = (relation: string, given: string) => ({
      code: "session/wrong-entity",
      message: `${relation} takes a ${relation === "Post.author" ? "User" : "Post"}, not ${given}`,
    });
    expect(await failure(() => (post.author = new Stranger() as never))).toMatchObject(
      refused("Post.author", "an object of class Stranger"),
    );
    expect(await failure(() => (post.author = db.create(Group, { name: "g" }) as never))).toMatchObject(
      refused("Post.author", "Group"),
    );
    expect(await failure(() => user.posts.push(db.create(Group, { name: "g" }) as never))).toMatchObject(
      refused("User.posts", "Group"),
    );
    expect(await failure(() => user.posts.push(new Stranger() as never))).toMatchObject(
      refused("User.posts", "an object of class Stranger"),
    );
    expect(await failure(() => (user.posts = [new Stranger()] as never))).toMatchObject(
      refused("User.posts", "an object of class Stranger"),
    );
    expect([...user.posts]).toEqual([]);
    expect(bench.sent()).toEqual([]);
  });

  test("a closed session says so, whatever is asked of it", async () => {
    const user = bench.db.create(User, { username: "susan" });
    bench.session.add(user);
    await bench.session.commit();
    const { session } = await bench.fresh();
    const held = await session.query(User).one();
    await session.close();
    for (const call of [
      () => session.add(new User()),
      () => session.delete(held),
      () => session.flush(),
      () => session.commit(),
      () => session.rollback(),
      () => session.get(User, 1),
      () => session.query(User).all(),
      () => session.query(User).count(),
      () => session.query(User).update({ age: 1 }),
      () => session.query(User).stream().next(),
      () => session.merge(new User()),
      () => session.beginNested(),
      () => session.nested(() => undefined),
    ])
      expect(await failure(call)).toMatchObject({
        code: "session/closed",
        hint: expect.stringContaining("new Session"),
      });
    await session.close();
    expect(session.isClosed).toBe(true);
  });

  test("a key of the wrong type or shape is refused", async () => {
    const { session } = bench;
    for (const [entity, key] of [
      [User, "susan"],
      [User, null],
      [User, undefined],
      [User, NaN],
      [User, {}],
      [User, true],
      [User, new Date()],
      [Group, {}],
      [Group, 5],
      [Group, Symbol("x")],
      [Seat, "A"],
      [Seat, { hall: "A" }],
      [Seat, { hall: "A", place: "one" }],
      [Seat, { hall: 1, place: 1 }],
    ] as const)
      expect([entity.name, key, await failure(() => session.get(entity as never, key as never))]).toEqual([
        entity.name,
        key,
        expect.objectContaining({ code: "query/key", message: expect.stringContaining(entity.name) }),
      ]);
    expect(bench.sent()).toEqual([]);
  });

  test("a value that its column cannot hold is refused before anything is sent", async () => {
    const { db, session } = bench;
    const cases: [object, string, string, string][] = [
      [db.create(User, { username: "a", age: NaN }), "User", "age", "value/not-a-number"],
      [db.create(User, { username: "a", age: 2 ** 70 }), "User", "age", "value/out-of-range"],
      [db.create(User, { username: "a", age: "many" as never }), "User", "age", "value/wrong-type"],
      [db.create(User, { username: "a".repeat(65) }), "User", "username", "value/too-long"],
      [db.create(User, {}), "User", "username", "value/missing"],
      [db.create(User, { username: null as never }), "User", "username", "value/missing"],
      [db.create(User, { username: "a", role: null as never }), "User", "role", "value/missing"],
      [
        db.create(User, { username: "a", name: { first: "x".repeat(41), last: null } }),
        "User",
        "name.first",
        "value/too-long",
      ],
      [db.create(Comment, { text: "alone" }), "Comment", "post", "value/missing"],
      [db.create(Comment, { text: "alone", post: null as never }), "Comment", "post", "value/missing"],
    ];
    for (const [entity, name, property, code] of cases) {
      // Others beside it are not written either.
      session.add(db.create(Group, { name: "fine" }), entity);
      const error = await failure(() => session.commit());
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ code, entity: name, property });
      expect(error.message).toContain(`${name}.${property}`);
      expect(error.message).not.toContain("\n");
      await session.rollback();
    }
    expect(bench.sent()).toEqual([]);
  });

  test("the same in an UPDATE, and mended after the rollback", async () => {
    const { db, session } = bench;
    const user = db.create(User, { username: "susan", age: 30 });
    const comment = db.create(Comment, { text: "hi", post: db.create(Post, { body: "one" }) });
    session.add(user, comment);
    await session.commit();
    bench.quiet();
    const changes: [() => unknown, string, string][] = [
      [() => (user.age = Infinity), "age", "value/out-of-range"],
      [() => (user.username = null as never), "username", "value/missing"],
      [() => (user.username = "x".repeat(65)), "username", "value/too-long"],
      [() => (comment.post = null as never), "post", "value/missing"],
    ];
    for (const [change, property, code] of changes) {
      change();
      expect(await failure(() => session.commit())).toMatchObject({ code, property });
      await session.rollback();
    }
    expect(bench.sent(/^(UPDATE|BEGIN|START)/)).toEqual([]);
    expect([user.age, user.username]).toEqual([30, "susan"]);
    user.username = "x".repeat(64);
    await session.commit();
    expect(await bench.stored(`SELECT "username" FROM "user"`)).toEqual([{ username: "x".repeat(64) }]);
  });

  test("a value for all rows is looked at like one for one row", async () => {
    const { session } = bench;
    for (const [values, property, code] of [
      [{ age: NaN }, "age", "value/not-a-number"],
      [{ username: "x".repeat(65) }, "username", "value/too-long"],
      [{ username: null }, "username", "value/missing"],
      [{ name: { first: "x".repeat(41) } }, "name.first", "value/too-long"],
    ] as const)
      expect(await failure(() => session.query(User).update(values as never))).toMatchObject({
        code,
        entity: "User",
        property,
      });
    expect(bench.sent()).toEqual([]);
  });

  test("a new parent's children need nothing of their own", async () => {
    const { db, session } = bench;
    const post = db.create(Post, { body: "one" });
    post.comments.push(db.create(Comment, { text: "first" }));
    session.add(post, db.create(Comment, { text: "second", post }));
    await session.commit();
    expect(await session.query(Comment).count()).toBe(2);
  });

  test("a session that is not strict leaves what is too long to the database", async () => {
    const db = await bench.fresh({ strict: false });
    db.session.add(db.create(User, { username: "x".repeat(65) }));
    if (bench.kind === "sqlite") await db.session.commit();
    else expect(await failure(() => db.session.commit())).not.toBeInstanceOf(ValueError);
    await db.session.rollback();
    db.session.add(db.create(User, { username: "a", age: NaN }));
    expect(await failure(() => db.session.commit())).toMatchObject({ code: "value/not-a-number" });
  });
});

test("a DataSource that is not initialised is refused", async () => {
  const scratch = await database("sqlite").create();
  const { DataSource } = await import("typeorm");
  const dataSource = new DataSource({ ...scratch.options, entities: [User] } as DataSourceOptions);
  expect(await failure(() => new Session(dataSource))).toMatchObject({ code: "session/not-initialised" });
});

@Entity()
class Owner {
  @PrimaryColumn({ type: "varchar", length: 10 })
  name!: string;
}

@Entity()
class Thing {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", length: 10 })
  ownerName!: string;

  @ManyToOne(() => Owner, { nullable: false })
  owner!: Relation<Owner>;
}

test("an error names what was given, shortened", async () => {
  const scratch = await database("sqlite").create();
  const db = await connect({ ...scratch.options, entities: [Owner, Thing], synchronize: true } as DataSourceOptions);
  db.session.add(db.create(Owner, { name: "x".repeat(5_000) }));
  const error = await failure(() => db.session.commit());
  expect(error.message.length).toBeLessThan(200);
  expect(error.message).toMatch(
    /^Owner\.name cannot be 'x+'\.\.\. .*: it is 5000 characters long, the column holds 10$/,
  );
  await db.close();
});
