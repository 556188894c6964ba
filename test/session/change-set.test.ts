import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";
import { eachDatabase, type DatabaseName } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Name, Post, User } from "../helpers/entities/blog";

interface Money {
  amount: number;
  currency: string;
}

interface Sheet {
  id: number;
  content: unknown;
  native: unknown;
  tags: string[] | null;
  day: Date | null;
  bytes: Buffer | null;
  name: Name;
  price: Money | null;
}

/** A column of every kind that can be changed in place; its types are the database's own. */
function sheetOn(kind: DatabaseName): new () => Sheet {
  @Entity("sheet")
  class Paper implements Sheet {
    @PrimaryGeneratedColumn()
    id!: number;

    @Column({ type: "simple-json", nullable: true })
    content!: unknown;

    @Column({ type: kind === "postgres" ? "jsonb" : "json", nullable: true })
    native!: unknown;

    @Column({ type: "simple-array", nullable: true })
    tags!: string[] | null;

    @Column({
      type: kind === "mariadb" ? "datetime" : kind === "postgres" ? "timestamptz" : "datetime",
      precision: kind === "sqlite" ? null : 3,
      nullable: true,
    })
    day!: Date | null;

    @Column({ type: kind === "postgres" ? "bytea" : "blob", nullable: true })
    bytes!: Buffer | null;

    @Column(() => Name)
    name!: Name;

    @Column({
      type: "varchar",
      length: 40,
      nullable: true,
      transformer: {
        to: (money: Money | null | undefined) => money && `${money.amount} ${money.currency}`,
        from: (text: string | null) => text && { amount: Number(text.split(" ")[0]), currency: text.split(" ")[1] },
      },
    })
    price!: Money | null;
  }
  return Paper;
}

eachDatabase((database) => {
  const Paper = sheetOn(database.name);
  const bench = benchOn(database, { entities: [Paper] });

  async function stored(values: Partial<Sheet>): Promise<Sheet> {
    const { db, session } = bench;
    const sheet = db.create(Paper, values);
    session.add(sheet);
    await session.commit();
    const loaded = (await session.query(Paper).all())[0]!;
    expect(loaded).toBe(sheet);
    bench.quiet();
    return sheet;
  }

  /** What a flush sets, and what a program that starts now reads. */
  async function written(): Promise<{ columns: string[]; sheet: Sheet }> {
    await bench.session.commit();
    const updates = bench.sent(/^UPDATE/);
    const fresh = await bench.fresh();
    const sheet = (await fresh.query(Paper).all())[0]!;
    const columns = updates.flatMap((sql) =>
      [...sql.slice(0, sql.indexOf(" WHERE ")).matchAll(/["`](\w+)["`] = /g)].map(([, name]) => name!),
    );
    return { columns, sheet };
  }

  const changes: [
    what: string,
    before: Partial<Sheet>,
    change: (sheet: Sheet) => void,
    column: string,
    after: Partial<Sheet>,
  ][] = [
    [
      "a push to a JSON array",
      { content: [1] },
      ({ content }) => (content as number[]).push(2),
      "content",
      { content: [1, 2] },
    ],
    [
      "a nested JSON property",
      { content: { a: { b: 1 } } },
      (sheet) => ((sheet.content as { a: { b: number } }).a.b = 2),
      "content",
      { content: { a: { b: 2 } } },
    ],
    [
      "a push to the database's own JSON",
      { native: { list: [1] } },
      ({ native }) => (native as { list: number[] }).list.push(2),
      "native",
      { native: { list: [1, 2] } },
    ],
    ["a push to a list", { tags: ["a"] }, ({ tags }) => tags!.push("b"), "tags", { tags: ["a", "b"] }],
    [
      "date.setFullYear()",
      { day: new Date("2020-02-03T04:05:06.789Z") },
      ({ day }) => day!.setFullYear(2021),
      "day",
      { day: new Date("2021-02-03T04:05:06.789Z") },
    ],
    [
      "a byte of a Buffer",
      { bytes: Buffer.from([1, 2, 3]) },
      ({ bytes }) => (bytes![1] = 9),
      "bytes",
      { bytes: Buffer.from([1, 9, 3]) },
    ],
    [
      "a field of an embedded",
      { name: { first: "Susan", last: "Doe" } },
      ({ name }) => (name.last = "Roe"),
      "nameLast",
      { name: { first: "Susan", last: "Roe" } },
    ],
    [
      "a field of what a transformer made",
      { price: { amount: 5, currency: "EUR" } },
      ({ price }) => (price!.amount = 6),
      "price",
      { price: { amount: 6, currency: "EUR" } },
    ],
  ];

  test.each(changes)(
    "session 9: %s is seen, and only that column is written",
    async (_what, before, change, column, after) => {
      const sheet = await stored(before);
      change(sheet);
      expect(bench.session.dirty).toEqual([sheet]);
      expect(bench.session.isModified(sheet)).toBe(true);
      const { columns, sheet: read } = await written();
      expect(columns).toEqual([column]);
      expect(read).toMatchObject(after);
      expect(bench.session.dirty).toEqual([]);
    },
  );

  test.each(changes)(
    "session 9: %s is seen in an object that was loaded",
    async (_what, before, change, column, after) => {
      await stored(before);
      bench.session.expungeAll();
      const sheet = (await bench.session.query(Paper).all())[0]!;
      expect(bench.session.dirty).toEqual([]);
      change(sheet);
      const { columns, sheet: read } = await written();
      expect(columns).toEqual([column]);
      expect(read).toMatchObject(after);
    },
  );

  test("session 9: keys of JSON in another order are no change", async () => {
    const sheet = await stored({ content: { a: 1, b: { c: 2, d: [3] } }, native: { a: 1, b: 2 } });
    sheet.content = { b: { d: [3], c: 2 }, a: 1 };
    sheet.native = { b: 2, a: 1 };
    await bench.session.commit();
    expect(bench.sent()).toEqual([]);
    sheet.content = { b: { d: [3, 4], c: 2 }, a: 1 };
    expect((await written()).columns).toEqual(["content"]);
  });

  test("session 9: a transformer's column is compared as the database stores it", async () => {
    const sheet = await stored({ price: { amount: 5, currency: "EUR" } });
    sheet.price = { currency: "EUR", amount: 5.0 };
    await bench.session.commit();
    expect(bench.sent()).toEqual([]);
  });

  test("session 9: another object of the same value is no change", async () => {
    const day = new Date("2020-02-03T04:05:06.789Z");
    const sheet = await stored({ day, bytes: Buffer.from([1, 2]), tags: ["a"], name: { first: "Susan", last: null } });
    sheet.day = new Date(day);
    sheet.bytes = Buffer.from([1, 2]);
    sheet.tags = ["a"];
    sheet.name = Object.assign(new Name(), { first: "Susan", last: null });
    await bench.session.commit();
    expect(bench.sent()).toEqual([]);
  });
});

eachDatabase((database) => {
  const bench = benchOn(database);

  async function susan(): Promise<User> {
    const user = bench.db.create(User, { username: "susan", age: 30, role: "writer" });
    bench.session.add(user);
    await bench.session.commit();
    await bench.session.query(User).one();
    bench.quiet();
    return user;
  }

  test("session 8: set and set back is no UPDATE", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    user.username = "joe";
    expect(session.changes(user)).toEqual({
      age: { before: 30, after: 31 },
      username: { before: "susan", after: "joe" },
    });
    user.age = 30;
    user.username = "susan";
    expect(session.changes(user)).toEqual({});
    expect(session.isModified(user)).toBe(false);
    await session.commit();
    expect(bench.sent()).toEqual([]);
  });

  test("session 8: a relation that is set and set back is no UPDATE either", async () => {
    const { db, session } = bench;
    const user = await susan();
    const other = db.create(User, { username: "joe" });
    const post = db.create(Post, { body: "one", author: user });
    session.add(other, post);
    await session.commit();
    await session.query(User).all();
    bench.quiet();
    post.author = other;
    post.author = null;
    post.author = user;
    await session.commit();
    expect(bench.sent(/^(UPDATE|BEGIN|START)/)).toEqual([]);
    expect(await user.posts).toEqual([post]);
  });

  test("session 8: an UPDATE names the changed columns only", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    await session.commit();
    const [update, ...more] = bench.sent(/^UPDATE/);
    expect(more).toEqual([]);
    expect(update).toMatch(/SET ["`]age["`] = (\?|\$1) WHERE ["`]id["`] = (\?|\$2)$/);
  });

  test("session 8: what was flushed and is set back is another UPDATE", async () => {
    const { session } = bench;
    const user = await susan();
    user.age = 31;
    await session.flush();
    user.age = 30;
    await session.commit();
    expect(bench.sent(/^UPDATE/)).toHaveLength(2);
    expect(await bench.stored(`SELECT "age" FROM "user"`)).toEqual([{ age: 30 }]);
  });

  test("session 10: a session with nothing to do sends nothing, not even BEGIN", async () => {
    const { session } = bench;
    await session.flush();
    await session.commit();
    await session.rollback();
    expect(bench.events).toEqual([]);
    await susan();
    await session.flush();
    await session.commit();
    await session.rollback();
    expect(bench.events).toEqual([]);
  });

  test("session 10: reading and committing sends the reading alone", async () => {
    const { session } = bench;
    await susan();
    session.expireAll();
    await session.query(User).all();
    await session.commit();
    expect(bench.sent()).toEqual([expect.stringMatching(/^SELECT/)]);
  });
});
